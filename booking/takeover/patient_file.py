"""Reading a file of patients as other software writes it: CSV in whatever dress.

Where its lines say when, they are appointments to come as well.
"""

import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.translation import gettext_lazy as _

from audit.plain_text import has_link, is_hidden
from audit.refusal import Refusal
from audit.spreadsheet import as_typed, line_of
from booking.models.patient import Sex
from booking.patients.patients import (
    Identity,
    ImpossibleBirthDate,
    InvalidPhone,
    check_birth_date,
    has_short_year,
    normalise_phone,
    parse_birth_date,
    parse_day_to_come,
)
from practitioners.domain.directory.text import search_text

LARGEST_BYTES = 8 * 1024 * 1024
MOST_LINES = 50_000
LONGEST_NAME = 80

# What a column is called, folded: without accents, in small letters.
COLUMNS = {
    "last_name": (
        "nom", "nom de famille", "nom de naissance", "nom usuel", "nom d usage", "nom patient",
        "name", "last name", "lastname", "surname", "family name",
    ),
    "first_name": ("prenom", "prenoms", "prenom s", "first name", "firstname", "given name"),
    "birth_date": (
        "date de naissance", "date naissance", "naissance", "ne le", "ne e le", "ddn",
        "birth date", "birthdate", "date of birth", "dob",
    ),
    "sex": ("sexe", "civilite", "genre", "sex", "gender", "title"),
    "phone": (
        "portable", "telephone portable", "tel portable", "n tel portable", "tel mobile", "mobile",
        "telephone mobile",
        "telephone", "tel", "phone", "phone number", "mobile phone",
    ),
    "email": ("e mail", "email", "mail", "courriel", "adresse e mail", "adresse mail"),
}  # fmt: skip
# What a line is an appointment by: a start, or a day and an hour.
VISIT_COLUMNS = {
    "start": (
        "debut", "date et heure", "date heure", "date et heure du rendez vous", "date rdv heure",
        "start", "starts at", "start time",
    ),
    "day": (
        "date", "jour", "date du rendez vous", "date rendez vous", "date du rdv", "date rdv",
        "date de rendez vous", "date de rdv", "appointment date", "day",
    ),
    "time": (
        "heure", "heure de debut", "heure debut", "heure du rendez vous", "heure du rdv",
        "heure rdv", "horaire", "time",
    ),
    "end": ("fin", "heure de fin", "heure fin", "date et heure de fin", "end", "end time"),
    "minutes": ("duree", "duree min", "duree minutes", "duree en minutes", "duration", "minutes"),
    "reason": (
        "motif", "motif de consultation", "motif du rendez vous", "type", "type de rendez vous",
        "type de rdv", "acte", "visit reason", "appointment type",
    ),
    # What an event was called in a calendar: kept so that it can be found again.
    "title": ("intitule", "summary"),
    "practitioner": (
        "praticien", "medecin", "docteur", "agenda", "professionnel", "practitioner", "doctor",
    ),
}  # fmt: skip
LONGEST_MINUTES = 480
_MOMENT = re.compile(
    r"(?P<day>[\d/.-]{6,10})[ T]+(?:à )?(?P<hour>\d{1,2}) ?[:hH.] ?(?P<minute>\d{2})?(?::\d{2})?"
)
_SEXES = {
    Sex.FEMALE: {"f", "feminin", "femme", "female", "mme", "madame", "mlle", "mademoiselle", "2"},
    Sex.MALE: {"m", "h", "masculin", "homme", "male", "mr", "monsieur", "1"},
}


class UnreadableFile(Refusal):
    """The file is no table of patients; `text` says why."""

    too_large = _("Ce fichier est trop grand : 8 Mo et 50 000 lignes au plus.")
    too_many_events = _("Ce calendrier est trop grand : 8 Mo et 50 000 événements au plus.")
    no_events = _("Ce calendrier ne contient aucun rendez-vous à heure dite.")
    no_table = _("Ce fichier n’est pas un tableau CSV que l’on puisse lire.")
    no_names = _("La première ligne doit nommer les colonnes, dont le nom et le prénom.")
    empty = _("Ce fichier ne contient aucun patient.")
    no_calendar = _("Ce fichier n’est pas un calendrier que l’on puisse lire.")
    quotes = _(
        'Ligne %(line)d : un guillemet (") y est ouvert et pas refermé, ou suivi d’autre chose.'
        " Corrigez cette ligne, puis envoyez le fichier de nouveau."
    )


@dataclass(frozen=True, kw_only=True)
class VisitLine:
    """When a line's patient comes, in the practice's wall clock; what for and to whom, in words.

    `minutes` is None where the file says no length.
    """

    day: date
    at: time
    minutes: int | None
    reason: str
    practitioner: str


@dataclass(frozen=True, kw_only=True)
class Line:
    """One line of the file: the patient that it names, or why it names none."""

    number: int
    cells: list[str]
    identity: Identity | None = None
    visit: VisitLine | None = None
    problem: object = ""
    # Whether the birth date has a year of two digits (`parse_birth_date`).
    has_short_year: bool = False
    # Of an event of a calendar: what it was called, and its start, as the table writes it where it
    # is none.
    title: str = ""
    start: datetime | str = ""


@dataclass(frozen=True, kw_only=True)
class Table:
    """The file as a table, with what its columns were understood to be."""

    header: list[str]
    columns: dict[str, int]
    rows: list[list[str]]
    # The line of the file on which each row begins.
    numbers: list[int]

    @property
    def has_visits(self) -> bool:
        """Whether its lines are appointments, and not patients alone."""
        return "start" in self.columns or {"day", "time"} <= set(self.columns)

    @property
    def understood(self) -> list[tuple[str, str]]:
        """Each field with the column from which it is taken."""
        return [(name, self.header[index]) for name, index in self.columns.items()]

    def lines(self, *, after: int = 0) -> Iterator[Line]:
        """The lines after the first `after` ones, read one by one."""
        for number, cells in zip(self.numbers[after:], self.rows[after:], strict=True):
            yield _line(number, cells, self.columns, has_visits=self.has_visits)


def text_of(content: bytes) -> str:
    """Decode a file: UTF-8 with or without a mark, UTF-16 or what Windows wrote besides.

    Excel's "Unicode text" is UTF-16 with a mark. Raises UnreadableFile.
    """
    if len(content) > LARGEST_BYTES:
        raise UnreadableFile(UnreadableFile.too_large)
    if (wide := utf_16_of(content)) is not None:
        return wide
    if b"\x00" in content:
        raise UnreadableFile(UnreadableFile.no_table)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def utf_16_of(content: bytes) -> str | None:
    """A file's text, if it is in UTF-16: by its mark, or by the zeros beside its first letters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    elif len(content) >= 4 and content[1:4:2] == b"\x00\x00" and 0 not in content[:4:2]:
        encoding = "utf-16-le"
    elif len(content) >= 4 and content[:4:2] == b"\x00\x00" and 0 not in content[1:4:2]:
        encoding = "utf-16-be"
    else:
        return None
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError:
        return None
    return None if "\x00" in text else text


def read_table(text: str) -> Table:
    """Understand a file by its first line. Raises UnreadableFile."""
    first = text.partition("\n")[0]
    delimiter = max(";\t,|", key=first.count)
    rows = list(_rows(text, delimiter))
    if not rows:
        raise UnreadableFile(UnreadableFile.empty)
    (_number, header), *rest = rows
    folded = [search_text(label) for label in header]
    columns: dict[str, int] = {}
    for field, labels in (COLUMNS | VISIT_COLUMNS).items():
        # The first label of the list that there is: a mobile number before any other.
        found = next((folded.index(label) for label in labels if label in folded), None)
        if found is not None:
            columns[field] = found
    if "last_name" not in columns or "first_name" not in columns:
        raise UnreadableFile(UnreadableFile.no_names)
    if not rest:
        raise UnreadableFile(UnreadableFile.empty)
    if len(rest) > MOST_LINES:
        raise UnreadableFile(UnreadableFile.too_large)
    return Table(
        header=header,
        columns=columns,
        rows=[cells for _number, cells in rest],
        numbers=[number for number, _cells in rest],
    )


def _rows(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that holds something, with the line on which it begins. Raises UnreadableFile."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        number = reader.line_num + 1
        try:
            row = [as_typed(cell.strip()) for cell in next(reader)]
        except StopIteration:
            return
        except csv.Error as error:
            # An open quote takes all that follows for one cell: the row begins at the mistake.
            raise UnreadableFile(UnreadableFile.quotes % {"line": number}) from error
        if any(row):
            yield number, row


def _line(number: int, cells: list[str], columns: dict[str, int], *, has_visits: bool) -> Line:
    def cell(name: str) -> str:
        index = columns.get(name)
        return cells[index] if index is not None and index < len(cells) else ""

    problems: list[object] = []
    last_name, first_name = cell("last_name"), cell("first_name")
    if not last_name or not first_name:
        problems.append(_("nom ou prénom absent"))
    if any("\n" in cell(name) or "\r" in cell(name) for name in COLUMNS):
        problems.append(_("retour à la ligne dans une case : guillemet mal fermé ?"))
    if any(has_link(name) for name in (last_name, first_name)):
        problems.append(_("adresse de site ou d’e-mail dans le nom"))
    if any(is_hidden(letter) for letter in last_name + first_name if letter not in "\r\n"):
        problems.append(_("caractère invisible dans le nom"))
    if max(len(last_name), len(first_name)) > LONGEST_NAME:
        problems.append(_("nom trop long"))
    born, phone = _born(cell, problems), _phone(cell, problems)
    email = cell("email")
    if email:
        try:
            validate_email(email)
        except ValidationError:
            problems.append(_("e-mail illisible"))
    if not cell("birth_date") and not cell("phone"):
        problems.append(_("ni date de naissance ni téléphone : on ne saurait pas qui c’est"))
    # Software writes patients without a visit to come into the same file.
    says_when = has_visits and any(
        cell(name) for name in ("start", "day", "time", "end", "minutes")
    )
    visit = _visit(cell) if says_when else None
    if says_when and visit is None:
        problems.append(_("date, heure ou durée illisible"))
    if problems:
        # All of it at once: whoever mends the line mends it once.
        return Line(
            number=number,
            cells=cells,
            problem=", ".join(str(each) for each in problems),
            title=cell("title"),
            start=_moment(cell("start")) or cell("start"),
        )
    sex = search_text(cell("sex"))
    return Line(
        number=number,
        cells=cells,
        visit=visit,
        title=cell("title"),
        start=_moment(cell("start")) or cell("start"),
        has_short_year=has_short_year(cell("birth_date").partition(" 00:00")[0]),
        identity=Identity(
            first_name=first_name,
            last_name=last_name,
            birth_date=born,
            sex=next((kind for kind, words in _SEXES.items() if sex in words), Sex.UNKNOWN),
            phone=phone,
            email=email,
        ),
    )


def _born(cell: Callable[[str], str], problems: list[object]) -> date | None:
    """The birth date of a line; one that cannot be read is added to the problems."""
    given = cell("birth_date").partition(" 00:00")[0]
    born = parse_birth_date(given) if given else None
    try:
        if born is not None:
            return check_birth_date(born, today=date.today())
    except ImpossibleBirthDate:
        born = None
    if given:
        problems.append(_("date de naissance illisible"))
    return born


def _phone(cell: Callable[[str], str], problems: list[object]) -> str:
    """The telephone of a line; one that cannot be read is added to the problems."""
    try:
        return normalise_phone(cell("phone"))
    except InvalidPhone:
        problems.append(_("téléphone illisible"))
        return ""


def _visit(cell: Callable[[str], str]) -> VisitLine | None:
    start = _moment(cell("start")) or _moment(f"{cell('day')} {cell('time')}")
    if start is None:
        return None
    minutes = None
    if said := cell("minutes"):
        number = re.match(r"\d{1,3}(?!\d)", said)
        minutes = int(number[0]) if number else 0
    elif said := cell("end"):
        end = _moment(said) or _moment(f"{start.date().isoformat()} {said}")
        minutes = int((end - start).total_seconds() // 60) if end else 0
    if minutes is not None and not 0 < minutes <= LONGEST_MINUTES:
        return None
    return VisitLine(
        day=start.date(),
        at=start.time(),
        minutes=minutes,
        reason=cell("reason"),
        practitioner=cell("practitioner"),
    )


def _moment(text: str) -> datetime | None:
    """Read "31/12/2026 14:30", "31/12/2026 14h", "2026-12-31T14:30:00" and their like."""
    found = _MOMENT.fullmatch(text.strip())
    day = parse_day_to_come(found["day"]) if found else None
    if found is None or day is None:
        return None
    try:
        return datetime.combine(day, time(int(found["hour"]), int(found["minute"] or 0)))
    except ValueError:
        return None


def rejects_of(header: list[str], refused: list[Line], *, is_calendar: bool = False) -> str:
    """The lines that could not be taken as a file to mend: their number, why, and themselves.

    The events of a calendar are counted from the first one. What a spreadsheet would take for a
    formula is made a text.
    """
    head = [_("événement") if is_calendar else _("ligne"), _("raison"), *header]
    lines = ([line.number - is_calendar, line.problem, *line.cells] for line in refused)
    return "".join(line_of(each) for each in (head, *lines))
