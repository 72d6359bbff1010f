"""Whether somebody whose file a practice is about to create has one there already.

Names are sealed, and a blind index finds whole values alone. So the indexes narrow the practice's
patients down to the few who share the birth date, the telephone number or the whole name; these are
opened, on the record, and compared. What is not alike is not shown to anybody.
"""

import re
from dataclasses import dataclass

from django.db.models import Q
from django.utils.crypto import salted_hmac

from audit.record.entries import Actor
from audit.vault.blind_index import normalise_name
from audit.vault.reveal import Purpose, reveal
from booking.models import Patient
from booking.patients.patients import NAME_FIELDS, Identity, indexes_of

_INDEXES = ("birth_date_index", "phone_index", "last_name_index", "first_name_index")
_BORN = ("birth_date",)
# How many rows are looked at by their indexes, which opens nothing.
LOOKED_AT = 200
# How many files are opened for one question, those with more in common first.
OPENED_AT_MOST = 12


@dataclass(frozen=True, kw_only=True)
class Duplicate:
    """A file that is probably the same person's, with what tells people apart.

    `phone` is empty unless it is the number that was given.
    """

    patient: Patient
    first_name: str
    last_name: str
    birth_date: str
    phone: str

    @property
    def name(self) -> str:
        """The whole name, as pages write it; somebody may have one name alone."""
        return f"{self.first_name} {self.last_name}".strip()


def probable_duplicates(*, identity: Identity, actor: Actor) -> list[Duplicate]:
    """Return the files in the active practice's scope that are probably this person's.

    Names alone are opened of those who share something with them, and more only of those whose
    names say that they may be the same. Each of the two writes an entry.
    """
    rows = _candidates(identity)
    details = {"search": True, "duplicates": True}
    sought = indexes_of(identity)
    with reveal(
        [(row, NAME_FIELDS) for row in rows],
        actor=actor, purpose=Purpose.BOOKING, details=details,
    ) as plain:  # fmt: skip
        named = [(row, tuple(plain.text(row, name) for name in NAME_FIELDS)) for row in rows]
    likely = [
        (row, names)
        for row, names in named
        if is_probable(
            identity=identity,
            names=names,
            same_birth_date=_same(row.birth_date_index, sought["birth_date_index"]),
            same_phone=bool(_same(row.phone_index, sought["phone_index"])),
        )
    ]
    wanted: list[tuple[Patient, tuple[str, ...]]] = [
        (row, ("birth_date", "phone") if _same(row.phone_index, sought["phone_index"]) else _BORN)
        for row, _names in likely
    ]
    with reveal(wanted, actor=actor, purpose=Purpose.BOOKING, details=details) as plain:
        found = [
            Duplicate(
                patient=row,
                first_name=names[0],
                last_name=names[1],
                birth_date=plain.text(row, "birth_date"),
                phone=plain.text(row, "phone") if "phone" in fields else "",
            )
            for (row, names), (_row, fields) in zip(likely, wanted, strict=True)
        ]
    # Blind indexes are cut short: once in a while they find somebody else.
    return [each for each in found if _is_still(identity, each)]


def is_probable(
    *,
    identity: Identity,
    names: tuple[str, ...],
    same_birth_date: bool | None,
    same_phone: bool,
) -> bool:
    """Say whether a file is probably this person's.

    The same birth date, and the same telephone number or a similar name. Where one of the two
    birth dates is not known (None): the same number and a similar name, or the same name.
    """
    given = (identity.first_name, identity.last_name)
    if same_birth_date is None and not same_phone:
        return sorted(map(normalise_name, given)) == sorted(map(normalise_name, names))
    if same_birth_date is False:
        return False
    return bool(same_birth_date and same_phone) or are_similar(given, (names[0], names[1]))


def _is_still(identity: Identity, file: Duplicate) -> bool:
    born = identity.birth_date.isoformat() if identity.birth_date else ""
    return is_probable(
        identity=identity,
        names=(file.first_name, file.last_name),
        same_birth_date=file.birth_date == born if born and file.birth_date else None,
        same_phone=bool(identity.phone) and file.phone == identity.phone,
    )


def mark_of(identity: Identity) -> str:
    """A digest of what was asked about, by which a form says that the question was answered."""
    born = identity.birth_date.isoformat() if identity.birth_date else ""
    names = [normalise_name(identity.first_name), normalise_name(identity.last_name)]
    return salted_hmac("duplicates", "|".join([*names, born, identity.phone])).hexdigest()


def _candidates(identity: Identity) -> list[Patient]:
    """Those who share enough to be looked at, those with more in common first."""
    sought = indexes_of(identity)
    # First and last name are often written in each other's place.
    turned = indexes_of(
        Identity(first_name=identity.last_name, last_name=identity.first_name, birth_date=None)
    )
    wanted = Q(pk__in=[])
    for names in (sought, turned):
        wanted |= Q(**{name: names[name] for name in ("last_name_index", "first_name_index")})
    for name in ("birth_date_index", "phone_index"):
        if sought[name] is not None:
            wanted |= Q(**{name: sought[name]})
    rows = Patient.objects.filter(wanted).distinct().order_by("-created_at", "pk")

    def in_common(row: Patient) -> int:
        return sum(bool(_same(getattr(row, name), sought[name])) for name in _INDEXES)

    return sorted(rows[:LOOKED_AT], key=in_common, reverse=True)[:OPENED_AT_MOST]


def _same(index: object, sought: object) -> bool | None:
    """Whether two digests are the same; None where one of the two texts is not known."""
    if index is None or sought is None:
        return None
    return bytes(index) == sought  # type: ignore[call-overload,no-any-return]


# Names


def are_similar(one: tuple[str, str], other: tuple[str, str]) -> bool:
    """Whether two names (first, last) are probably one person's, written in two ways.

    Both parts alike, in either order; or the same first name beside two last names, as after a
    marriage. Only to be asked of people who share something else already.
    """
    first, last = (_words(part) for part in one)
    other_first, other_last = (_words(part) for part in other)
    if (not first and not other_first) and _alike(last, other_last):
        # Both have one name alone.
        return True
    if _alike(first, other_first) and _alike(last, other_last):
        return True
    if _alike(first, other_last) and _alike(last, other_first):
        return True
    return bool(first) and first == other_first


def _words(name: str) -> list[str]:
    return normalise_name(name).split()


def _alike(one: list[str], other: list[str]) -> bool:
    """The same name but for a slip or two, or one of its parts: Jean and Jean-Pierre."""
    if not one or not other:
        return False
    if _same_sound("".join(one), "".join(other)):
        return True
    few, many = sorted((one, other), key=len)
    if len(few) < len(many):
        return all(any(_same_sound(word, each) for each in many) for word in few)
    return all(_same_sound(a, b) for a, b in zip(one, other, strict=True))


def _same_sound(one: str, other: str) -> bool:
    short, long = sorted((one, other), key=len)
    # An initial, or the name as friends say it: J., Alex.
    if long.startswith(short) and (len(short) == 1 or len(short) >= 4):
        return True
    if sound_of(one) == sound_of(other):
        return True
    allowed = 0 if len(short) < 3 else 1 if len(short) < 8 else 2
    return _distance(one, other, at_most=allowed) <= allowed


# How French spelling varies where the sound does not: Renaud and Renault, Philippe and Filip.
_SOUNDS = (
    ("eau", "o"), ("au", "o"), ("ph", "f"), ("th", "t"), ("ch", "s"), ("qu", "k"), ("c", "k"),
    ("y", "i"), ("z", "s"), ("h", ""), ("ai", "e"), ("ei", "e"), ("w", "v"),
)  # fmt: skip


def sound_of(word: str) -> str:
    """A word as it is roughly heard in French: spellings folded, silent endings gone."""
    for written, heard in _SOUNDS:
        word = word.replace(written, heard)
    word = re.sub(r"(.)\1+", r"\1", word)
    return re.sub(r"(?<=..)[estdxlp]+$", "", word) or word


def _distance(one: str, other: str, *, at_most: int) -> int:
    """Slips between two words: a letter more, less, other, or two in each other's place.

    Optimal string alignment; anything above `at_most` may come back as `at_most` + 1.
    """
    if abs(len(one) - len(other)) > at_most:
        return at_most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, 1):
        before, last, row = row, before, [i] + [0] * len(other)
        for j, b in enumerate(other, 1):
            row[j] = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                row[j] = min(row[j], last[j - 2] + 1)
        if min(row) > at_most:
            return at_most + 1
    return row[-1]
