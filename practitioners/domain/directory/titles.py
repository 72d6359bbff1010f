"""What stands around a name and is no part of it: titles, and the words that ask for somebody."""

from collections.abc import Sequence

from practitioners.domain.directory.alike_names import PARTICLES
from practitioners.domain.directory.text import word_set
from practitioners.domain.directory.vocabulary import LITTLE

TITLES = word_set(
    "dr drs dre docteur docteurs docteure docteures doctoresse doctor doctors dctr pr pre prof"
    " professeur professeure professor mme mmes madame mesdames mlle mlles melle mademoiselle mr"
    " mrs ms miss monsieur messieurs med"
)
# What stands before a title: "le docteur", "cabinet du Dr".
BEFORE_A_TITLE = LITTLE | word_set("le la les l du de des chez avec cabinet voir the with m")
# Professions that are titles when they stand before a name.
BEFORE_A_NAME = word_set("medecin medecins physician")
# Beside a title these ask for nobody in particular: "docteur femme".
WOMAN_OR_MAN = word_set("femme homme female male woman man lady")
# "Prendre rdv avec Anne Roux", "cabinet Roux"; a particle is part of a name: "le Roux".
_ASKING = (LITTLE | {"cabinet"}) - PARTICLES


def without_titles(tokens: Sequence[str]) -> list[str]:
    """Drop titles and what stands before them: "Mme le docteur", "rendez-vous chez le Dr", "M."."""
    begin = 0
    for index, token in enumerate(tokens):
        if token in TITLES:
            begin = index + 1
        elif token not in BEFORE_A_TITLE:
            break
    kept = [token for token in tokens[begin:] if token not in TITLES]
    return [t for i, t in enumerate(kept) if t != "m" or i == len(kept) - 1]


def without_asking(words: Sequence[str]) -> list[str]:
    """Drop the words around a name that ask for it: "je cherche Anne Roux svp"."""
    first, last = 0, len(words)
    while first < last and words[first] in _ASKING:
        first += 1
    while last > first and words[last - 1] in _ASKING:
        last -= 1
    return list(words[first:last]) or list(words)
