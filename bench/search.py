"""Searching a directory of 150,000, against the same searches without the indexes of words and slots.

Both in turn on the same server and rows, in one run; the answers must be the same. The plans of the
probes are read too: each must use its index, or a name costs a walk through the whole directory.
"""

import random
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from statistics import median
from typing import Any

from setting import arguments, own_servers, report

# What is typed, and where.
QUERIES = [
    ("médecin généraliste", "Paris 12"), ("dentiste", "Lyon"), ("kiné", "Bruz"), ("Martin", ""),
    ("Dr Bonnet", "Marseille"), ("docteur Roux dermatologue", ""), ("vaccin", "Tours"),
    ("mal de dos", "Nantes"), ("ophtalmo", "Hauts-de-Seine"), ("Marie Laurent", ""),
    ("pédiatre Paris 15", ""), ("Cabinet Pasteur", ""), ("détartrage", "Bretagne"),
    ("Lefevbre", ""), ("xyzzy", ""), ("dermatologue", ""), ("Consultation de suivi", "Lille"),
    # The widest: everybody, two in five, and a reason of more than half.
    ("", ""), ("médecin", ""), ("vaccin", ""),
]  # fmt: skip
WORD_INDEXES = (
    "practitioner_words", "practice_words", "visit_reason_words", "commune_name_begins",
    "practitioner_surname", "next_slot_of_agenda",
)  # fmt: skip
SYLLABLES = ["ba", "bel", "bon", "cha", "cor", "da", "du", "fa", "gar", "gui", "la", "le", "mar",
             "mo", "nel", "per", "ri", "ro", "sau", "tes", "val", "vi"]  # fmt: skip
ENDINGS = ["ard", "eau", "et", "ier", "in", "on", "ot", "oux", "y", "elle"]
SPECIALTIES = ["SM54"] * 40 + ["P40"] * 15 + ["P70"] * 15 + ["P60"] * 10 + ["SM38"] * 4 + [
    "SM15", "SM20", "SM40", "SM04", "SM42", "P50", "SM39", "P91", "P93", "SM48", "SM24", "SM44",
    "P80", "SM16", "SM57", "SM32",
]  # fmt: skip
REASONS = {"P40": "Détartrage", "SM54": "Vaccination", "SM38": "Fond d’œil"}
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
BATCH = 1_500


def load(count: int) -> None:
    """Load the reference data and `count` practitioners in towns of all sizes."""
    from django.db import connection

    from practitioners.domain import reference_data
    from practitioners.models import Commune

    reference_data.load_communes()
    reference_data.load_specialties()
    rng = random.Random(17)
    communes = list(Commune.objects.filter(latitude__isnull=False, population__gte=500))
    towns = rng.choices(communes, weights=[c.population for c in communes], k=count // 3)
    _bulk(_practices(rng, towns))
    _bulk_people(rng, count)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _practices(rng: random.Random, towns: list[Any]) -> Iterator[Any]:
    from practitioners.domain.directory.text import search_text
    from practitioners.models import Practice

    words = ["Pasteur", "Voltaire", "du Marché", "de la Gare", "des Lilas", "Jean-Jaurès"]
    for town in towns:
        name = f"Cabinet {rng.choice(words)} {_surname(rng)}"
        yield Practice(
            name=name, search_name=search_text(name), town=town.name, commune=town,
            postcode=rng.choice(town.postcodes), latitude=town.latitude + rng.gauss(0, 0.02),
            longitude=town.longitude + rng.gauss(0, 0.02),
        )  # fmt: skip


def _surname(rng: random.Random) -> str:
    if rng.random() < 0.2:
        return rng.choice(["Martin", "Bonnet", "Roux", "Laurent", "Lefebvre", "Le Goff", "Petit"])
    parts = "".join(rng.choices(SYLLABLES, k=rng.choice([1, 2, 2, 3])))
    return (parts + rng.choice(ENDINGS)).capitalize()


def _bulk(rows: Iterator[Any]) -> None:
    while batch := list(islice(rows, BATCH)):
        type(batch[0]).objects.bulk_create(batch)


def _bulk_people(rng: random.Random, count: int) -> None:
    """Practitioners with their specialty, agenda, two reasons and the next slot of each."""
    from practitioners.domain.directory.text import search_text
    from practitioners.models import Agenda, NextSlot, Practice, Practitioner, VisitReason

    firsts = ["Marie", "Jean", "Paul", "Anne", "Luc", "Zoé", "Léa", "Hugo", "Martin", "Denis"]
    practices = list(Practice.objects.values_list("pk", flat=True))
    through = Practitioner.specialties.through
    for start in range(0, count, BATCH):
        people = []
        for _ in range(min(BATCH, count - start)):
            first, last = rng.choice(firsts), _surname(rng)
            people.append(
                Practitioner(
                    title="Dr", first_name=first, last_name=last,
                    search_name=search_text(f"{first} {last}"),
                )
            )  # fmt: skip
        Practitioner.objects.bulk_create(people)
        codes = rng.choices(SPECIALTIES, k=len(people))
        through.objects.bulk_create(
            through(practitioner=p, specialty_id=code)
            for p, code in zip(people, codes, strict=True)
        )
        agendas = [Agenda(practitioner=p, practice_id=rng.choice(practices)) for p in people]
        Agenda.objects.bulk_create(agendas)
        reasons = [
            VisitReason(agenda=agenda, name=name, duration_minutes=20)
            for agenda, code in zip(agendas, codes, strict=True)
            for name in ("Consultation de suivi", REASONS.get(code, "Première consultation"))
        ]
        VisitReason.objects.bulk_create(reasons)
        NextSlot.objects.bulk_create(
            NextSlot(
                visit_reason=reason, agenda_id=reason.agenda_id, computed_at=NOW, bookable_until=at,
                starts_at=at,
            )
            for reason in reasons
            if (at := NOW + timedelta(minutes=rng.randrange(60, 60 * 24 * 30, 5)))
        )  # fmt: skip


def ask(what: str, where: str) -> tuple[int, list[str], list[str]]:
    """Read and search one query, and suggest by it: the number found, the first ten, suggestions."""
    from practitioners.domain.directory.places.places import look_up
    from practitioners.domain.directory.search import Filters, search, suggest

    place = look_up(where).place if where else None
    page = search(what=what, place=place, filters=Filters(), order="soonest", page=1, now=NOW)
    names = suggest(what)
    people = [str(person.pk) for person in names.practitioners]
    return page.total, [str(hit.agenda.pk) for hit in page.hits], people


def plans() -> dict[str, bool]:
    """Whether each probe's plan uses its index of words."""
    from practitioners.domain.directory import alike_names, name_matches
    from practitioners.domain.directory.places import place_likeness
    from practitioners.models import Agenda

    probes = {
        "practitioner_words": Agenda.objects.filter(
            practitioner__in=name_matches.people(["savarin"]).order_by().values("pk")
        ),
        "practice_words": name_matches.practices(["cabinet", "savarin"]),
        "visit_reason_words": name_matches.reasons_named(["accouchement"]),
        "commune_name_begins": place_likeness.beginning("saint den").order_by(),
        "practitioner_surname": alike_names.with_surname("savarin", "savarine"),
    }
    return {name: name in rows.explain() for name, rows in probes.items()}


def measure(rounds: int) -> tuple[dict[str, float], dict[str, Any]]:
    """Return the median seconds of each query, and its answers."""
    seconds: dict[str, float] = {}
    answers: dict[str, Any] = {}
    for what, where in QUERIES:
        name = f"{what} @ {where}" if where else what
        each = []
        for _ in range(rounds):
            began = time.perf_counter()
            answers[name] = ask(what, where)
            each.append(time.perf_counter() - began)
        seconds[name] = median(each)
    return seconds, answers


def without_indexes(work: Callable[[], Any]) -> Any:
    """Do work in a transaction that has no index of words, and give them back."""
    from django.db import connection, transaction

    with transaction.atomic():
        with connection.cursor() as cursor:
            for name in WORD_INDEXES:
                cursor.execute(f"DROP INDEX {name}")
        result = work()
        transaction.set_rollback(True)
    return result


def main() -> None:
    options = arguments(__doc__ or "", practitioners=150_000, rounds=3)
    with own_servers():
        load(options.practitioners)
        used = plans()
        measure(1)
        seconds, answers = measure(options.rounds)
        former, same = without_indexes(lambda: measure(1))
        figures: dict[str, object] = {
            "ratio": sum(former.values()) / sum(seconds.values()),
            "same_answers": answers == same,
            "practitioners": options.practitioners,
            "median_s": median(seconds.values()),
            "slowest_s": max(seconds.values()),
            "slowest": max(seconds, key=lambda name: seconds[name]),
            **{f"plan uses {name}": yes for name, yes in used.items()},
            **seconds,
        }
        report(figures, as_json=options.json)
        if answers != same or not all(used.values()):
            sys.exit("the answers differ, or an index is not used")


if __name__ == "__main__":
    main()
