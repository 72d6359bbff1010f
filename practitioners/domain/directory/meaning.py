"""What a query means: the outcome of reading it (understood.py), and the input of a search."""

from dataclasses import dataclass, field

from practitioners.domain.directory.alike_names import Alike
from practitioners.domain.directory.places.place import Place
from practitioners.models import Specialty

EXACT, PREFIX, SIMILAR, NOTHING = "exact", "prefix", "similar", "nothing"


@dataclass(frozen=True, kw_only=True)
class Understanding:
    """What a query means.

    `level` says how well it is understood: "exact", "prefix", "similar" or "nothing". `words` are
    those of a name, which `people` or `practices` bear. With specialties as well, `both` asks for
    people of the specialty who are called so; otherwise either will do. `reasons` are looked for
    elsewhere too if `reasons_widen`, and otherwise come first among the specialties.
    `second` are the specialties that come after the others. `place` was typed beside it; `unread`
    are words that nothing here is called by. `place_too` is a place that the words name as well,
    and `name_too` a name that they are as well. `alike` are the nearest names where none is exact.
    `here` says that the reader's own surroundings are meant, which only the browser knows.
    `language`, `sector` and `new_patients` were asked for beside it; they fill the form's filters.
    """

    level: str = EXACT
    anything: bool = False
    specialties: list[Specialty] = field(default_factory=list)
    reasons: tuple[tuple[str, ...], ...] = ()
    reasons_widen: bool = True
    video: bool = False
    words: tuple[str, ...] = ()
    people: bool = False
    practices: bool = False
    both: bool = False
    place: Place | None = None
    unread: str = ""
    text: str = ""
    second: list[Specialty] = field(default_factory=list)
    place_too: Place | None = None
    name_too: str = ""
    alike: Alike = field(default_factory=Alike)
    here: bool = False
    language: str = ""
    sector: str = ""
    new_patients: bool = False


def changed(meant: Understanding, **values: object) -> Understanding:
    """The same meaning, but for these values."""
    return Understanding(**(meant.__dict__ | values))  # type: ignore[arg-type]
