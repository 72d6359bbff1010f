"""The national booking service's own scenarios, each under its source's name.

Collected only where the shared data stands beside the project (tests/conftest.py says which).
"""

import json
from datetime import date

import pytest

from practitioners.domain.scheduling.availability_cases import run_case
from tests.shared_data import SHARED

CASES = json.loads((SHARED / "slot-cases.json").read_text(encoding="utf-8"))["cases"]


@pytest.mark.django_db
@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_scenario(case):
    outcomes = run_case(case, today=date(2026, 11, 24))
    assert [(o.check, o.offered) for o in outcomes] == [(o.check, o.expected) for o in outcomes]
    assert len(outcomes) == len(case["checks"])
