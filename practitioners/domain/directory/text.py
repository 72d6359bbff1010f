"""Text as search compares it."""

import re
from functools import lru_cache

from audit.vault.blind_index import normalise_name


def search_text(text: str) -> str:
    """Fold case, accents, ligatures and punctuation, so that "Saint-Étienne" is "saint etienne"."""
    return normalise_name(text)


def word_set(text: str) -> frozenset[str]:
    """Return the words of a list that is easier to read as one line of text."""
    return frozenset(text.split())


def within_typo(typed: str, known: str) -> bool:
    """Whether a typo or two explain the difference: one up to 7 letters, two from 8 on, none to 3.

    The first letter must be right; people seldom get that one wrong, and other names begin so.
    """
    if typed == known:
        return True
    if min(len(typed), len(known)) < 4 or typed[0] != known[0]:
        return False
    allowed = 1 if len(typed) < 8 else 2
    return abs(len(typed) - len(known)) <= allowed and distance(typed, known) <= allowed


def sound(text: str) -> str:
    """Fold spellings that sound alike in French: ph and f, y and i, th and t, double letters."""
    for written, heard in _HEARD:
        text = text.replace(written, heard)
    return re.sub(r"(.)\1", r"\1", text)


_HEARD = (("ph", "f"), ("th", "t"), ("rh", "r"), ("ch", "k"), ("qu", "k"), ("y", "i"))


@lru_cache(maxsize=20_000)
def likeness(typed: str, known: str) -> int | None:
    """Return how far two words are: 2 for each letter that differs; None if they are not alike.

    Words that sound alike are nearer than a letter: "vacin" is vaccin rather than vagin.
    """
    if typed == known:
        return 0
    heard = (sound(typed), sound(known))
    near = [2 * distance(typed, known)] if within_typo(typed, known) else []
    near += [2 * distance(*heard) + 1] if within_typo(*heard) else []
    return min(near, default=None)


def distance(one: str, other: str) -> int:
    """Return how many letters were left out, added, changed or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        row = [i]
        for j, known in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != known))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == known:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]
