"""Files that others send: the national directory, tables of patients, calendars, documents, mail."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from booking.exchange import documents
from booking.outbox import bounces
from booking.takeover import patient_file, visit_calendar
from partners.domain import busy
from practitioners.domain import calendar_events
from practitioners.domain.directory_import import lines
from tests.fuzz.registry import LONG_FILE, refuses, target

PARIS = ZoneInfo("Europe/Paris")
SINCE, UNTIL = datetime(2026, 11, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
HEADER = (
    "Type d'identifiant PP|Identifiant PP|Identification nationale PP|Libellé civilité exercice|"
    "Nom d'exercice|Prénom d'exercice|Code profession|Libellé profession|Code type savoir-faire|"
    "Code savoir-faire|Libellé savoir-faire|Numéro SIRET site|Identifiant technique de la structure|"
    "Raison sociale site|Numéro Voie (coord. structure)|Libellé type de voie (coord. structure)|"
    "Libellé Voie (coord. structure)|Bureau cedex (coord. structure)|"
    "Code postal (coord. structure)|Code commune (coord. structure)|"
    "Libellé commune (coord. structure)|Code pays (coord. structure)|Téléphone (coord. structure)|"
)
LINE = (
    "8|10100000000|810100000000|Docteur|DE L'ÉTANG|JEAN-PIERRE|10|Médecin|S|SM26|Médecine générale|"
    "12345678900011|R10100000012345|CAB.MED DU LAC|12|RUE|DE L'ÉGLISE|75015 PARIS CEDEX 15|75015|"
    "75115|PARIS|99000|0145000000|"
)
READER = lines.LineReader(HEADER)


@target(
    "practitioners.domain.directory_import.lines.LineReader.activity",
    "practitioners.domain.directory_import.lines._workplace",
    samples=(LINE, LINE.replace("75015|", "|"), LINE.replace("99000", "99100")),
    words=("|", "||", "CEDEX", "75015 ", "www.exemple.fr", " ", "S|", "docteur", "\u202e"),
)  # fmt: skip
def directory_line(text):
    with refuses(lines.BadLine):
        found = READER.activity(text)
        assert 6 <= len(found.national_id) <= 20 and found.specialty_code
        assert len(found.last_name) > 0 and len(found.first_name) > 0 and len(found.title) <= 20
        assert len(found.specialty_code) <= 8
        place = found.workplace
        if place is not None:
            assert 0 < len(place.key) <= 80 and 0 < len(place.name) <= 160
            assert len(place.address) <= 200 and len(place.town) <= 80 and len(place.phone) <= 24
            assert place.postcode == "" or (len(place.postcode) == 5 and place.postcode.isdecimal())
        assert READER.activity(text) == found


@target(
    "practitioners.domain.directory_import.lines.numbered", takes="bytes",
    samples=(f"{HEADER}\n{LINE}\n", f"\ufeff{HEADER}\r\n{LINE}"),
    words=("|", "\n", "\r\n", "Nom d'exercice|", b"\xe9"),
)  # fmt: skip
def directory_file(data):
    """A header of any kind, and lines under it."""
    found = list(lines.numbered(data.splitlines(keepends=True)))
    header, *rest = found or [(1, "")]
    with refuses(lines.UnreadableHeader):
        reader = lines.LineReader(header[1])
        for _number, line in rest:
            with refuses(lines.BadLine):
                reader.activity(line)


TABLE = (
    "Nom;Prénom;Date de naissance;Sexe;Téléphone;E-mail\r\n"
    "Durand;Zoé;19/10/1993;F;06 12 34 56 78;zoe@exemple.fr\r\n"
    '"Le Goff";Yann;1980-12-31;M;+33612345678;\r\n'
)
VISITS = (
    "nom,prenom,ddn,date,heure,duree,motif,praticien\n"
    "Durand,Zoé,19/10/93,31/12/2026,14h30,20,Consultation,Dr Martin\n"
    "Rey,Ana,,2027-01-04,09:00,,Suivi,\n"
)
CELLS = (
    ";", ",", "\t", "|", '"', "\r\n", "\n", "31/12/26", "1980-12-31 00:00", "2026-12-31T14:30", "14h",
    "25:61", "'=1", "06", "fin", "début", "durée", "nom", "prénom",
)  # fmt: skip


@target(
    "booking.takeover.patient_file.text_of", "booking.takeover.patient_file._rows",
    "booking.takeover.patient_file._visit", "booking.takeover.patient_file._moment",
    takes="bytes", samples=(TABLE, VISITS, TABLE.encode("cp1252"), "\ufeff" + TABLE),
    words=CELLS, longest=LONG_FILE,
)  # fmt: skip
def patient_table(data):
    with refuses(patient_file.UnreadableFile):
        table = patient_file.read_table(patient_file.text_of(data))
        for line in table.lines():
            assert line.problem or line.identity is not None
            if line.identity is not None:
                assert line.identity.first_name and line.identity.last_name
                assert len(line.identity.last_name) <= patient_file.LONGEST_NAME
            if line.visit is not None and line.visit.minutes is not None:
                assert 0 < line.visit.minutes <= patient_file.LONGEST_MINUTES
        # What is refused comes back as a file that is read again.
        refused = [line for line in table.lines() if line.problem]
        patient_file.rejects_of(table.header, refused).encode()


CALENDAR = "\r\n".join((
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//exemple//FR", "X-WR-TIMEZONE:Europe/Paris",
    "BEGIN:VTIMEZONE", "TZID:Paris", "BEGIN:STANDARD", "DTSTART:19701025T030000",
    "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "END:STANDARD", "END:VTIMEZONE",
    "BEGIN:VEVENT", "UID:1@exemple", "DTSTART;TZID=Paris:20261124T090000",
    "DTEND;TZID=Paris:20261124T092000", "SUMMARY:DURAND Zoé - Consultation 06 12 34 56 78",
    "DESCRIPTION:née le 19/10/1993\\, zoe@exemple.fr",
    "RRULE:FREQ=WEEKLY;COUNT=3;BYDAY=TU", "EXDATE;TZID=Paris:20261201T090000",
    "BEGIN:VALARM", "TRIGGER:-PT15M", "END:VALARM", "END:VEVENT",
    "BEGIN:VEVENT", "UID:2@exemple", "DTSTART;VALUE=DATE:20261224", "DTEND;VALUE=DATE:20261227",
    "SUMMARY:Congé", "TRANSP:OPAQUE", "END:VEVENT",
    "BEGIN:VEVENT", "UID:3@exemple", "DTSTART:20261125T100000Z", "DURATION:PT30M",
    "SUMMARY:Mme Rey\\, Ana", "STATUS:CONFIRMED", "END:VEVENT", "END:VCALENDAR", "",
))  # fmt: skip
BROKEN_ZONE = CALENDAR.replace("TZOFFSETFROM:+0200", "TZOFFSETFROM++0200")
ICAL = (
    "BEGIN:", "END:", "VEVENT", "VCALENDAR", "VTIMEZONE", "\r\n", "\r\n ", "DTSTART:", "DTEND:",
    "DURATION:", "RRULE:FREQ=", "DAILY", "YEARLY", ";COUNT=2", ";INTERVAL=0", ";UNTIL=", ";BYDAY=",
    "EXDATE:", "RECURRENCE-ID:", "TZID=", "VALUE=DATE", "20261124T090000", "00010101", "99991231",
    "-P1D", "PT0S", "P99999999D", "Z", "UID:", "STATUS:CANCELLED", "TRANSP:TRANSPARENT",
)  # fmt: skip


@target(
    "practitioners.domain.calendar_events.Apart.raw", "practitioners.domain.calendar_events._calendar",
    samples=(CALENDAR, "\ufeff" + CALENDAR), words=ICAL, longest=LONG_FILE,
)  # fmt: skip
def calendar_parts(text):
    with refuses(calendar_events.NoCalendar):
        parts = calendar_events.take_apart(text)
        assert all(isinstance(event.raw("DTSTART"), str) for event in parts.events)
        assert len(list(calendar_events.read_events(parts))) == len(parts.events)


@target(
    "partners.domain.busy._calendars", takes="bytes", samples=(CALENDAR, BROKEN_ZONE), words=ICAL,
    longest=LONG_FILE,
)  # fmt: skip
def busy_calendar(data):
    """An external calendar, in the process that reads it (busy.read_apart)."""
    with refuses(busy.Unreadable):
        found = busy.busy_periods(data, since=SINCE, until=UNTIL, zone=PARIS)
        assert len(found.periods) <= busy.MOST_PERIODS and found.events >= 0
        for before, (first, last) in zip(
            [(SINCE, SINCE), *found.periods], found.periods, strict=False
        ):
            assert before[1] <= first < last <= UNTIL


@target(
    "booking.takeover.visit_calendar._first", "booking.takeover.visit_calendar._parted",
    takes="bytes", samples=(CALENDAR, BROKEN_ZONE), words=ICAL, longest=LONG_FILE,
)  # fmt: skip
def visits_of_calendar(data):
    """A calendar of visits: what it becomes is a table that is read."""
    visit_calendar.is_calendar(data)
    with refuses(patient_file.UnreadableFile):
        text, left_out = visit_calendar.as_table(data, zone=PARIS)
        assert left_out >= 0
        assert list(patient_file.read_table(text).lines())


@target(
    "booking.takeover.visit_calendar._first",
    samples=("DURAND Zoé 06 12 34 56 78 née le 19/10/1993 zoe@exemple.fr",),
    words=("@", ".", "06", "-", "/", "19", "a"),
)  # fmt: skip
def words_of_an_event(text):
    """What an event's description is searched for; a file of 8 MB may be one description."""
    for pattern in (visit_calendar._BORN, visit_calendar._PHONE, visit_calendar._MAIL):
        assert visit_calendar._first(pattern, text) in text


HEADS = (
    b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\x89PNG\r\n\x1a\n",
    b"RIFF\x24\x00\x00\x00WEBPVP8 ", b"\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1heic",
    b"<html><script>", b"PK\x03\x04", b"GIF89a", b"<?xml version='1.0'?><svg>",
)  # fmt: skip


@target(
    "booking.exchange.documents.media_type_of", takes="bytes", samples=HEADS,
    words=(b"%PDF-", b"ftyp", b"heic", b"WEBP", b"\xff\xd8\xff"),
)  # fmt: skip
def document_type(data):
    with refuses(documents.CannotTake):
        assert documents.media_type_of(data[:4096]) in documents.TYPES


@target(
    samples=("radio.pdf", "../../etc/passwd", "a\u202efdp.exe", "www.exemple.fr"),
    words=("/", "..", ".", "\\"),
)
def document_name(text):
    for media_type, ending in documents.TYPES.items():
        title = documents.title_of(text, media_type)
        assert title.endswith(ending) and "/" not in title and "\\" not in title
        assert len(title) <= 2 * documents.TITLE_LENGTH + len(ending)
        assert not any(letter in title for letter in "\r\n\x00\u202e")


BOUNCE = (
    b"From: mailer@exemple\r\nContent-Type: multipart/report; report-type=delivery-status; "
    b'boundary="b"\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nno\r\n--b\r\n'
    b"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
    b"Final-Recipient: rfc822; a@exemple\r\nAction: failed\r\nStatus: 5.1.1\r\n\r\n--b\r\n"
    b"Content-Type: text/rfc822-headers\r\n\r\n"
    b"Message-ID: <0192f0c1-0000-7000-8000-000000000001@incident.doctolib.example>\r\n\r\n--b--\r\n"
)


@target(
    "booking.outbox.bounces.note_bounce", "booking.outbox.bounces._returned_ids", takes="bytes",
    needs_database=True, samples=(BOUNCE, BOUNCE.replace(b"text/rfc822-headers", b"message/rfc822")),
    words=(b"\r\n\r\n", b"--b", b"Status: 5", b"Action: ", b"Content-Type: ", b"charset=x", b"=?utf-8?q?",
           b"message/", b"Content-Transfer-Encoding: base64\r\n"), longest=LONG_FILE,
)  # fmt: skip
def returned_mail(data):
    """Mail that came back, from any server of the world."""
    assert bounces.note_bounce(data, now=SINCE) in (True, False)
