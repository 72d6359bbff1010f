"""Which modules are mutated: what keeps the platform's promises, in six groups."""

from pathlib import Path

ROOT = Path(__file__).parents[2]

_PATTERNS = {
    "vault": ["audit/vault/*.py", "audit/vault/providers/*.py"],
    "record": ["audit/record/*.py"],
    "budget": ["audit/watch/budget.py", "partners/domain/reveal_budget.py"],
    "watch": [
        "audit/watch/[!b]*.py",
        "booking/oversight/staff_reveals.py",
        "booking/oversight/watching.py",
        "partners/domain/watching.py",
    ],
    # Booking, moving and cancelling: what each person may do, and until when.
    "rules": [
        "booking/rules.py",
        "booking/appointments/several/conflicts.py",
        "booking/appointments/deadline.py",
        "booking/appointments/desk/unusual.py",
        "booking/appointments/may_book.py",
        "practitioners/domain/scheduling/rules/audience.py",
        "practitioners/domain/scheduling/rules/eligibility.py",
        "practitioners/domain/scheduling/rules/following.py",
        "practitioners/domain/scheduling/rules/notice.py",
        "practitioners/domain/scheduling/rules/restrictions.py",
    ],
    "take": [
        "booking/appointments/book.py",
        "practitioners/domain/scheduling/reservations/holds.py",
        "practitioners/domain/scheduling/reservations/pieces.py",
        "practitioners/domain/scheduling/reservations/seating.py",
        "practitioners/domain/scheduling/reservations/session_seats.py",
        "practitioners/domain/scheduling/reservations/take.py",
    ],
}


def files_of(group: str) -> list[Path]:
    """Return a group's files, in order."""
    found = {path for pattern in _PATTERNS[group] for path in ROOT.glob(pattern)}
    return sorted(path for path in found if path.stat().st_size)


GROUPS = tuple(_PATTERNS)
