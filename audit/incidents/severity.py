"""How severe a breach is, by ENISA's method: SE = DPC x EI + CB.

Source: ENISA, "Recommendations for a methodology of the assessment of severity of personal data
breaches", working document v1.0, December 2013. DPC: data processing context, 1 to 4. EI: ease of
identification, 0.25 to 1. CB: circumstances of the breach, a sum. Low is under 2, medium under 3,
high under 4, very high from 4. Two flags stand beside the score and are argued separately: more
than 100 people, and data that were unintelligible to whoever got them.
"""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Self

MANY = 100


class Level(StrEnum):
    """The four levels."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    VERY_HIGH = "very-high"


@dataclass(frozen=True, kw_only=True)
class Severity:
    """The inputs of the method; each may be argued, with words for why."""

    # The context: simple data 1, behavioural 2, financial 3, sensitive 4, adjusted by context.
    dpc: float
    # Ease of identification: 0.25 negligible, 0.5 limited, 0.75 significant, 1 maximal.
    ei: float
    # Loss of confidentiality, integrity, availability: 0, 0.25 or 0.5 each; intent: 0 or 0.5.
    confidentiality: float = 0.0
    integrity: float = 0.0
    availability: float = 0.0
    intent: float = 0.0
    people: int = 0
    is_unintelligible: bool = False
    reasons: str = ""

    @property
    def cb(self) -> float:
        """The circumstances."""
        return self.confidentiality + self.integrity + self.availability + self.intent

    @property
    def score(self) -> float:
        """SE = DPC x EI + CB."""
        return self.dpc * self.ei + self.cb

    @property
    def level(self) -> Level:
        """Which of the four levels the score falls into."""
        if self.score < 2:
            return Level.LOW
        if self.score < 3:
            return Level.MEDIUM
        return Level.HIGH if self.score < 4 else Level.VERY_HIGH

    @property
    def is_of_many(self) -> bool:
        """The flag for more than 100 people."""
        return self.people > MANY

    def written(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def read(cls, written: dict[str, Any]) -> Self | None:
        """Read what `written` gave; None of nothing."""
        return cls(**written) if written else None


_IDENTIFIES = {"first_name", "last_name", "birth_date", "phone", "email"}


def proposed(*, fields: Iterable[str], people: int, is_malicious: bool = True) -> Severity:
    """What the method gives for an exposure, before anybody has argued.

    An appointment with a practitioner is data concerning health, whose nature gives no
    substantial insight by itself: the sensitive class's 4, less two for that (annex A). A
    patient's own words to the practice do give insight: 4. A name with a way to reach the person
    identifies at once: 1. Whoever read is unknown: 0.5 for confidentiality.
    """
    short = {name.rpartition(".")[2] for name in fields}
    named = bool({"first_name", "last_name"} & short)
    reachable = bool({"phone", "email"} & short)
    ei = 1.0 if named and reachable else 0.75 if reachable else 0.5 if named else 0.25
    return Severity(
        dpc=4.0 if short & {"note", "practice_note", "answers", "topic", "text"} else 2.0,
        ei=ei if _IDENTIFIES & short else 0.25,
        confidentiality=0.5 if people else 0.0,
        intent=0.5 if is_malicious and people else 0.0,
        people=people,
    )
