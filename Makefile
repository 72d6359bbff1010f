# Two commands: `make run` and `make test`. Both set up what they need; nothing else is required
# but Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
# Hundreds of processes of the suite import the same modules: each is compiled once and kept.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test lint walk fuzz clocks mutants bench tour reset browser help

help:
	@echo "make run    start the demo (http://localhost:8000)"
	@echo "make test   run every check and test"
	@echo "make walk   let people do anything, in any order, for longer (SEED=1 WALKS=100 STEPS=30)"
	@echo "make fuzz   give every parser hostile input, for longer (FUZZ_SECONDS=60 for each, TARGETS=...)"
	@echo "make clocks run what computes from today under other clocks and time zones"
	@echo "make mutants change the code in small ways and see whether the tests notice (MUTANTS_SAMPLE=40 SEED=1)"
	@echo "make bench  measure booking, availability, vault, record, scope, search and watch against their baselines"
	@echo "make tour   take the pictures of docs/tour from the running demo"
	@echo "make reset  erase the demo's data"

$(READY): uv.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed: try 'make PYTHON=python3.12 ...'."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo "Python cannot make an environment here: install its venv module (Debian: python3-venv)."; exit 1; }
	@test -x $(BIN)/uv || { echo "Installing uv ..."; $(BIN)/python -m pip install --quiet uv; }
	@echo "Installing the packages of uv.lock ..."
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --locked --inexact --python $(BIN)/python || \
		{ echo "A package could not be installed; if it needs a compiler, install one (Debian: build-essential)."; exit 1; }
	@touch $(READY)

# Compiled catalogues are made from their sources, and kept in no repository.
CATALOGUES := locale/en/LC_MESSAGES/django.mo locale/fr/LC_MESSAGES/django.mo
%.mo: %.po $(READY)
	@$(BIN)/python -m doctolib.catalogues
	@touch $@

run: $(READY) $(CATALOGUES)
	@exec $(BIN)/python manage.py serve

reset: $(READY)
	@$(BIN)/python -m doctolib.reset

# Debian's Chromium when root may install it; otherwise Playwright's own.
browser: $(READY)
	@$(BIN)/python -m tests.browser.install

lint: $(READY) $(CATALOGUES)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@PYTHONWARNINGS=ignore DOCTOLIB_MODE=test $(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/djlint --quiet --lint templates
	@DOCTOLIB_MODE=test $(BIN)/python -m doctolib.checks

test: $(READY) browser lint
	@$(BIN)/python -m pytest -n 3 --dist load
	@$(BIN)/python -m tests.clocks --sample

# A seed repeats a walk; without one, it is another walk each time.
walk: $(READY)
	@WALK_SEED=$${SEED:-$$(date +%s)} WALK_EXAMPLES=$${WALKS:-100} WALK_STEPS=$${STEPS:-30} \
		$(BIN)/python -m pytest -s -q tests/walks/long_walk.py

# Under atheris, which has wheels for Linux on x86-64; then the same over HTTP, at random.
fuzz: $(READY)
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --locked --inexact --quiet --group fuzz --python $(BIN)/python
	@$(BIN)/python -m tests.fuzz.long $(TARGETS)
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-5000} $(BIN)/python -m pytest -q tests/fuzz/test_requests.py

clocks: $(READY) browser
	@$(BIN)/python -m tests.clocks

# All of them take hours; MUTANTS_SAMPLE=n takes n of each group, and SEED draws others.
mutants: $(READY)
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --locked --inexact --quiet --group mutation --python $(BIN)/python
	@nice $(BIN)/python -m tests.mutation

tour: browser
	@$(BIN)/python -m tests.tour --url http://localhost:$${DOCTOLIB_PORT:-8000}

bench: $(READY)
	@$(BIN)/python bench/availability.py
	@$(BIN)/python bench/booking.py
	@$(BIN)/python bench/vault.py
	@$(BIN)/python bench/chain.py
	@$(BIN)/python bench/partners.py
	@$(BIN)/python bench/scope.py --entries 2000000
	@$(BIN)/python bench/search.py
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv sync --locked --inexact --quiet --group bench --python $(BIN)/python
	@$(BIN)/python bench/watch.py
