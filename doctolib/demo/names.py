"""Generated names, addresses and telephone numbers; nobody real."""

import random
from dataclasses import dataclass

from faker import Faker

STREETS = [
    "rue des Tilleuls", "avenue de la République", "rue Pasteur", "place du Marché",
    "boulevard Voltaire", "rue des Écoles", "allée des Cerisiers", "rue Victor-Hugo",
    "quai de la Loire", "rue de la Gare", "avenue Jean-Jaurès", "rue du Moulin",
    "chemin des Vignes", "rue Marie-Curie", "place de l’Église", "rue de Verdun",
]  # fmt: skip
PRACTICE_NAMES = [
    "Cabinet médical {}", "Maison de santé {}", "Centre de santé {}", "Pôle santé {}",
    "Cabinet {}", "Espace santé {}",
]  # fmt: skip
PRACTICE_WORDS = [
    "des Tilleuls", "de la République", "Pasteur", "du Marché", "Voltaire", "des Écoles",
    "des Cerisiers", "du Parc", "de la Loire", "de la Gare", "Jean-Jaurès", "du Moulin",
    "des Vignes", "Marie-Curie", "du Centre", "Saint-Martin", "des Lilas", "du Port",
]  # fmt: skip
# Landline and mobile ranges that ARCEP keeps for works of fiction.
LANDLINES = {"1": "0199", "2": "0261", "3": "0353", "4": "0465", "5": "0536"}
_FICTION_TAIL = {"0199": "00", "0261": "91", "0353": "01", "0465": "71", "0536": "49"}


@dataclass
class Names:
    """Pools of names, drawn from by one random source."""

    rng: random.Random
    female: list[str]
    male: list[str]
    last: list[str]

    @classmethod
    def from_seed(cls, seed: int) -> "Names":
        faker = Faker("fr_FR")
        faker.seed_instance(seed)
        return cls(
            rng=random.Random(seed),
            female=sorted({faker.first_name_female() for _ in range(300)}),
            male=sorted({faker.first_name_male() for _ in range(300)}),
            last=sorted({faker.last_name() for _ in range(2000)}),
        )

    def person(self) -> tuple[str, str, str]:
        """Return first name, last name and sex."""
        sex = self.rng.choice("FM")
        first = self.rng.choice(self.female if sex == "F" else self.male)
        return first, self.rng.choice(self.last), sex

    def mobile(self) -> str:
        """A mobile number in E.164, in the range kept for fiction."""
        return f"+3363998{self.rng.randrange(10_000):04d}"

    def landline(self, department: str) -> str:
        """A landline number as people write it, in the range kept for fiction."""
        zone = LANDLINES["12345"[int(department[:1] or "0") % 5]]
        digits = f"{zone}{_FICTION_TAIL[zone]}{self.rng.randrange(10_000):04d}"
        return " ".join(digits[i : i + 2] for i in range(0, 10, 2))
