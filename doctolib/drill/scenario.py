"""A scenario: a small TOML file that says who acts, when, where and how. See docs/drill.md."""

import tomllib
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from pathlib import Path
from typing import Any, TypeVar, get_origin, get_type_hints
from zoneinfo import ZoneInfo

HERE = Path(__file__).parent / "scenarios"
ZONE = ZoneInfo("Europe/Paris")

MONTHS = ("ordinary", "month-end", "holidays", "migration", "moving")
SOFTWARE = ("follower", "morning", "evening", "desk", "weekly")
FIELDS = ("first_name", "last_name", "sex", "birth_date", "phone", "email", "note")


class BadScenario(Exception):
    """The file cannot be used; the text says where and why."""


@dataclass(frozen=True, kw_only=True)
class World:
    """The practices, their agendas, and the software that serves them."""

    practices: int = 12
    agendas: int = 2
    visits_a_day: int = 14
    # How many credentials there are; practices are dealt out to them in turn.
    credentials: int = 1
    # How each credential's software works, in turn.
    software: tuple[str, ...] = ("follower",)
    # The share of what software opens that nothing in the agenda asks for: somebody looks it up.
    looked_up: float = 0.02
    # How many secretaries each practice has at work; 0: nobody uses the dashboard.
    secretaries: int = 0


@dataclass(frozen=True, kw_only=True)
class Thief:
    """Somebody who has what is not theirs, and how they use it."""

    starts: datetime
    appointments: int = 6128
    # Whose access it is: software's credential, its tokens without their key, or a secretary's
    # account.
    who: str = "software"
    # How many of the world's credentials, or secretaries' accounts, are in their hands.
    credentials: int = 1
    network: str = "new"
    key: str = "new"
    an_hour: float = 3600.0
    # The wall-clock hours in which they work, from and until.
    hours: tuple[int, int] = (0, 24)
    weekdays: tuple[int, ...] = (0, 1, 2, 3, 4, 5, 6)
    # all, future, past
    visits: str = "all"
    # agenda: one agenda after the other in order of time; shuffled; practices: one of each in turn
    order: str = "agenda"
    # How many practices they take from; 0: all.
    practices: int = 0
    purpose: str = "care"
    fields: tuple[str, ...] = ("first_name", "last_name", "sex", "phone", "email")
    # Of a secretary: whether they sit in the session at work or have one of their own, and whether
    # they can give the second factor when they are asked for it.
    session: str = "own"
    second_factor: bool = True
    # Of a secretary: visit by visit, or the names of a week at once.
    opens: str = "visit"
    # Given up after so many refusals in a row.
    patience: int = 50


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """The whole: a benign month, and who steals in it, if anybody."""

    name: str
    title: str
    starts: date
    days: int = 30
    month: str = "ordinary"
    world: World = field(default_factory=World)
    thieves: tuple[Thief, ...] = ()


def names() -> list[str]:
    """The scenarios that come with the product."""
    return sorted(file.stem for file in HERE.glob("*.toml"))


def load(name: str) -> Scenario:
    """Load one of them. Raises BadScenario."""
    if name not in names():
        raise BadScenario(f"There is no scenario {name!r}; there are {', '.join(names())}.")
    return read(HERE / f"{name}.toml")


def read(file: Path) -> Scenario:
    """Read a scenario from anywhere. Raises BadScenario."""
    try:
        given = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise BadScenario(f"{file}: {error}") from None
    world = _made(World, given.pop("world", {}), where="world")
    thieves = tuple(
        _made(Thief, each, where=f"thief {number}")
        for number, each in enumerate(given.pop("thief", []), start=1)
    )
    scenario = _made(
        Scenario, {"name": file.stem, **given}, where=file.name, world=world, thieves=thieves
    )
    _check(scenario)
    return scenario


T = TypeVar("T")


def _value(value: Any) -> Any:
    """As the dataclasses have it: tuples, and instants on the practices' wall clock."""
    if isinstance(value, list):
        return tuple(value)
    return value.replace(tzinfo=ZONE) if isinstance(value, datetime) else value


def _made(kind: type[T], given: dict[str, Any], *, where: str, **more: Any) -> T:
    known = {each.name for each in fields(kind)} - set(more)  # type: ignore[arg-type]
    unknown = sorted(set(given) - known)
    if unknown:
        raise BadScenario(f"{where}: {', '.join(unknown)} is unknown; known: {sorted(known)}.")
    values = {name: _value(value) for name, value in given.items()}
    hints = get_type_hints(kind)
    for name, value in values.items():
        # A bool is an int to Python, and an instant a date: neither is meant here.
        wanted = get_origin(hints[name]) or hints[name]
        fits = type(value) in ((int, float) if wanted is float else (wanted,))
        if not fits:
            raise BadScenario(f"{where}: {name} = {value!r} is not of the kind {wanted.__name__}.")
    try:
        return kind(**values, **more)
    except TypeError as error:
        raise BadScenario(f"{where}: {error}.") from None


def _check(scenario: Scenario) -> None:
    def among(where: str, value: object, allowed: tuple[str, ...]) -> None:
        if value not in allowed:
            raise BadScenario(f"{where} is {value!r}: it must be one of {', '.join(allowed)}.")

    world = scenario.world
    among("month", scenario.month, MONTHS)
    for name in world.software:
        among("world.software", name, SOFTWARE)
    sizes = (world.practices, world.agendas, world.visits_a_day, world.credentials, scenario.days)
    if world.secretaries < 0 or min(sizes) < 1 or world.credentials > world.practices:
        raise BadScenario("world: sizes begin at 1, and a credential serves one practice or more.")
    for thief in scenario.thieves:
        among("thief.network", thief.network, ("new", "own", "new-each"))
        among("thief.key", thief.key, ("new", "own"))
        among("thief.visits", thief.visits, ("all", "future", "past"))
        among("thief.order", thief.order, ("agenda", "shuffled", "practices"))
        among("thief.who", thief.who, ("software", "token", "secretary"))
        among("thief.session", thief.session, ("own", "new"))
        among("thief.opens", thief.opens, ("visit", "week"))
        among("thief.purpose", thief.purpose, ("care", "booking"))
        for name in thief.fields:
            among("thief.fields", name, FIELDS)
        if not thief.an_hour > 0 or not 0 <= thief.hours[0] < thief.hours[1] <= 24:
            raise BadScenario("thief: an_hour is above 0, hours are two of 0 to 24 in order.")
        there_are = world.credentials
        if thief.who == "secretary":
            there_are = world.practices * world.secretaries
        if not 1 <= thief.credentials <= there_are:
            raise BadScenario(
                f"thief.credentials: the world has {there_are} of them; whoever takes a"
                " secretary's place needs world.secretaries."
            )
        ends = datetime.combine(scenario.starts, datetime.min.time(), ZONE)
        days = (thief.starts - ends).total_seconds() / 86400
        if not 0 <= days < scenario.days:
            raise BadScenario("thief.starts lies outside the month.")
