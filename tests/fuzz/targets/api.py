"""What software sends: query strings, JSON bodies, FHIR resources and searches, cursors, headers."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

import orjson
from django.db.models import Q
from django.test import RequestFactory
from rest_framework import serializers as drf
from rest_framework.exceptions import (
    APIException,
    AuthenticationFailed,
    ParseError,
    ValidationError,
)
from rest_framework.parsers import JSONParser
from rest_framework.request import Request

from booking.models import Appointment
from partners.api import fields, paging, serializers, window
from partners.api.authentication import TokenAuthentication
from partners.api.parsing import FastJSONParser
from partners.api.problems import BadCursor
from partners.domain import declared, identifiers
from partners.fhir import appointments, base, mapping, patients, schedules, search
from practitioners.domain.scheduling import wall_clock
from tests.fuzz.registry import LONG_FILE, refuses, target

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
ID = str(uuid.UUID(int=7))
INSTANTS = (
    "2026-11-24T09:00:00Z",
    "2026-11-24T09:00:00+01:00",
    "2026-11-24",
    "20261124T0900Z",
    "2026-W48-2T09:00Z",
)
INSTANT_WORDS = (
    "T",
    "Z",
    "+",
    "-",
    ":",
    ".",
    ",",
    "00:00",
    "24:00",
    "W48",
    "0001",
    "9999",
    "2026",
    "+23:59:59.999999",
)
asked = partial(RequestFactory().get, "/api/v1/")


def request_for(**query):
    return Request(asked(query))


@target(
    "practitioners.domain.scheduling.wall_clock.read_instant", "practitioners.domain.scheduling.wall_clock.read_day",
    samples=INSTANTS, words=INSTANT_WORDS,
)  # fmt: skip
def instant(text):
    at = wall_clock.read_instant(text)
    if at is not None:
        assert at.tzinfo is not None and wall_clock.read_instant(at.isoformat()) == at
        assert (
            wall_clock.FIRST_DAY - timedelta(2)
            < at.astimezone(UTC).date()
            < wall_clock.LAST_DAY + timedelta(2)
        )
    day = wall_clock.read_day(text)
    if day is not None:
        assert wall_clock.read_day(day.isoformat()) == day
        assert wall_clock.FIRST_DAY <= day < wall_clock.LAST_DAY


@target(
    "partners.api.fields.Clock.read", "partners.api.fields.BirthDate.read", "partners.api.fields.Id.read",
    "partners.api.fields.Instant.read", "partners.api.fields.Day.read", "partners.api.fields.Number.to_internal_value",
    takes="json", samples=('"09:30"', '"1980-12-31"', f'"{ID}"', "7", "true", '"Zoé"', '"06 12 34 56 78"'),
    words=('"', "null", "[]", "{}", "true", "1e999", "9007199254740993", "-1", "\\u0000", "\\u202e", "T", ":"),
)  # fmt: skip
def field_of_a_body(value):
    """A value of JSON in a field: one of the field's own type, or a validation error."""
    for field, kind in (
        (fields.Text(), str), (fields.Name(), str), (fields.Flag(), bool), (fields.Number(), int),
        (fields.Id(), uuid.UUID), (fields.Instant(), datetime), (fields.Day(), date),
        (fields.Clock(), time), (fields.BirthDate(), date),
    ):  # fmt: skip
        with refuses(drf.ValidationError):
            found = field.to_internal_value(value)
            assert isinstance(found, kind)
            orjson.dumps(found)


BODY = {
    "visit_reason": ID, "starts_at": INSTANTS[0], "outside_openings": False, "note": "x",
    "new_patient": {"first_name": "Zoé", "last_name": "Rey", "birth_date": "1980-12-31", "sex": "F",
                    "phone": "0612345678", "email": "a@b.fr"},
}  # fmt: skip
BODY_WORDS = (
    '"visit_reason"',
    '"starts_at"',
    '"new_patient"',
    '"patient"',
    '"phone"',
    "null",
    "[]",
    "{}",
    '""',
    ":",
    ",",
)


@target(
    takes="json",
    samples=(orjson.dumps(BODY), b"[]", b'{"status":"arrived"}'),
    words=BODY_WORDS,
    longest=LONG_FILE,
)
def body_of_a_booking(value):
    for kind in (
        serializers.AppointmentIn,
        serializers.MoveIn,
        serializers.StatusIn,
        serializers.HoldIn,
    ):
        form = kind(data=value)
        if form.is_valid():
            assert isinstance(form.validated_data, dict)
        else:
            orjson.dumps(form.errors, default=str)


@target(
    "partners.api.parsing.FastJSONParser.parse", takes="bytes", samples=(b"{}", b'{"a":[1,2]}'),
    words=(b"{", b"[", b'"', b"\\ud800", b"1e400", b"NaN", b"null"),
)  # fmt: skip
def json_body(data):
    class Stream:
        read = staticmethod(lambda: data)

    with refuses(ParseError):
        found = FastJSONParser().parse(Stream())
        with refuses(ValueError, RecursionError):
            # What we read is JSON to Python as well, though not the other way round.
            JSONParser().parse(_File(data))
        assert found is None or isinstance(found, dict | list | str | int | float)


class _File:
    def __init__(self, data):
        import io

        self._file = io.BytesIO(data)
        self.read = self._file.read
        self.readable = lambda: True
        self.closed = False
        self.seekable = self.writable = lambda: False
        self.flush = self.close = lambda: None


@target(
    "partners.api.paging.read_limit", "partners.fhir.search.read_count", samples=("1", "500", "100"),
    words=("0", "-", "+", "\u0661", "1", "_", " "),
)  # fmt: skip
def size_of_a_page(text):
    with refuses(ValidationError):
        assert 1 <= paging.read_limit(request_for(limit=text)) <= paging.MOST_ROWS
    with refuses(ValidationError):
        assert 1 <= search.read_count(request_for(_count=text)) <= search.MOST


@target(
    "partners.api.window._instant",
    samples=tuple(f"{one} {INSTANTS[1]}" for one in INSTANTS),
    words=(*INSTANT_WORDS, " "),
)
def stretch_of_time(text):
    since, _space, until = text.partition(" ")
    with refuses(ValidationError):
        first, last = window.read_window(request_for(since=since, until=until), NOW)
        assert first < last <= first + timedelta(days=window.MOST_DAYS)


@target(
    "partners.fhir.search.read_period", samples=("ge2026-11-24T09:00:00Z le2026-12-01T00:00:00+01:00", "eq2026", "sa"),
    words=("ge", "lt", "eb", "sa", "ne", "ap", *INSTANT_WORDS),
)  # fmt: skip
def period_of_a_search(text):
    one, _space, other = text.partition(" ")
    request = Request(asked({"date": [one, other], "earliest": other}))
    with refuses(ValidationError):
        since, until = search.read_period(
            request, date="date", earliest="earliest", latest="latest"
        )
        first, last = search.window_of(since, until, now=NOW)
        assert last <= first + timedelta(days=search.MOST_DAYS)


@target(
    "partners.fhir.search.read_reference", "partners.fhir.search.ids", "partners.fhir.appointments._ids_named",
    samples=(f"Patient/{ID}", f"https://exemple.fr/fhir/Patient/{ID},{ID}", f"urn:ietf:rfc:3986|urn:uuid:{ID}", "booked,arrived"),
    words=("Patient/", "PractitionerRole/", ",", "|", "/", "urn:uuid:", ID, "\\|", "$"), longest=LONG_FILE,
)  # fmt: skip
def references_and_tokens(text):
    request = request_for(x=text)
    with refuses(ValidationError):
        assert all(kind == "Patient" for kind, _pk in search.references(request, "x", "Patient"))
    with refuses(ValidationError):
        assert isinstance(
            search.names_any(request, "x", {"Patient": "patient", "Schedule": "agenda"}), Q
        )
    assert all(isinstance(pk, uuid.UUID) for pk in search.ids(request, "x"))
    str(identifiers.named(None, text).query)


@target(
    "partners.fhir.mapping.read_slot_id", samples=(f"{ID}.20261124T0900Z", f"{ID}.20261301T0900Z", f"{ID}.00201124T0900Z"),
    words=(".", "Z", "T", "\u0661", "00", "0000"),
)  # fmt: skip
def slot(text):
    found = mapping.read_slot_id(text)
    if found is not None:
        assert mapping.read_slot_id(mapping.slot_id(*found)) == found


@target(
    "partners.api.paging.Page._check", needs_database=True,
    samples=("cD0yMDI2LTExLTI0KzA5JTNBMDAlM0EwMCUyQjAwJTNBMDA=", "bz0xJnI9MQ==", "cD1ub25l"), words=("=", "c", "D0", "MQ", "+", "-"),
)  # fmt: skip
def cursor_of_a_list(text):
    rows = Appointment.unscoped.all()
    with refuses(BadCursor):
        assert paging.Page().paginate_queryset(rows, request_for(cursor=text)) == []


@target(
    "partners.api.authentication.TokenAuthentication.authenticate", needs_database=True, takes="header",
    samples=("Bearer abc", "DPoP abc", "Basic YTpi", "bearer"), words=("Bearer ", "DPoP ", " ", ",", "=", "\xe9"),
)  # fmt: skip
def authorization(header):
    request = Request(asked(HTTP_AUTHORIZATION=header))
    with refuses(AuthenticationFailed):
        assert TokenAuthentication().authenticate(request) is None


APPOINTMENT = {
    "resourceType": "Appointment", "id": ID, "status": "booked", "meta": {"versionId": "a"},
    "identifier": [{"system": "urn:agendaplus:rdv", "value": "7"}], "start": INSTANTS[0], "end": INSTANTS[0],
    "slot": [{"reference": f"Slot/{ID}.20261124T0900Z"}],
    "participant": [{"actor": {"reference": f"Patient/{ID}"}, "status": "accepted"}],
}  # fmt: skip
PATIENT = {
    "resourceType": "Patient", "name": [{"family": "Rey", "given": ["Zoé", "Ana"]}], "birthDate": "1980-12-31",
    "gender": "female", "telecom": [{"system": "phone", "value": "0612345678"}, {"system": "email", "value": "a@b.fr"}],
    "generalPractitioner": [{"reference": f"PractitionerRole/{ID}"}],
}  # fmt: skip
SCHEDULE = {
    "resourceType": "Schedule", "actor": [{"reference": f"PractitionerRole/{ID}"}], "identifier": [{"value": "7"}],
    "extension": [{"url": mapping.AVAILABILITY, "extension": [
        {"url": "type", "valueCoding": {"code": "free"}},
        {"url": "start", "valueDateTime": INSTANTS[0]}, {"url": "end", "valueDateTime": INSTANTS[1]},
        {"url": "identifier", "valueIdentifier": {"value": "x"}},
        {"url": "rrule", "extension": [
            {"url": "freq", "valueCoding": {"code": "WEEKLY"}}, {"url": "byDay", "valueString": "MO"},
            {"url": "interval", "valueInteger": 1}, {"url": "count", "valueInteger": 3},
            {"url": "until", "valueDateTime": INSTANTS[0]},
        ]},
    ]}],
}  # fmt: skip
FHIR_WORDS = (
    '"status"', '"start"', '"slot"', '"participant"', '"actor"', '"reference"', '"extension"', '"url"', '"given"',
    '"valueInteger"', '"meta"', "null", "[]", "{}", '"2026"', '"2026-11-24T09:00:00"', "1795428000", '"1795428000"',
    ":", ",", '"_given"', "1e400",
)  # fmt: skip


@target(
    "partners.fhir.appointments._instant", "partners.fhir.appointments._hold_of", takes="json",
    samples=(orjson.dumps(APPOINTMENT), orjson.dumps({"resourceType": "Parameters", "parameter": [
        {"name": "appt-resource", "resource": APPOINTMENT}]})), words=FHIR_WORDS, longest=LONG_FILE,
)  # fmt: skip
def fhir_appointment(value):
    """A body of FHIR, and each thing that is read of it afterwards."""
    with refuses(ValidationError):
        parameters = base.valid(value, "Parameters")
        value = appointments._appointment_in(parameters)
    with refuses(APIException):
        given = base.valid(value, "Appointment")
        assert isinstance(given["status"], str)
        found = appointments._identifiers_of(given)
        assert all(isinstance(part, str) for pair in found for part in pair)
        patient_id = appointments._patient_of(given)
        assert patient_id is None or isinstance(patient_id, uuid.UUID)
        base.check_version(request_for(), {}, given, needed=False)
        appointments._hold_of(None, {"id": str(given.get("id", ""))[:0]}, now=NOW)
        start = appointments._instant(given.get("start"))
        assert start is None or start.tzinfo is not None
        with refuses(APIException):
            appointments._slot_of(_Nothing(), given | {"slot": []}, default=_Nothing())


class _Nothing:
    """What is asked for no further here."""


@target(takes="json", samples=(orjson.dumps(PATIENT),), words=FHIR_WORDS, longest=LONG_FILE)
def fhir_patient(value):
    with refuses(ValidationError):
        given = base.valid(value, "Patient")
        identity = serializers.IdentityIn(data=patients._identity_of(given))
        if identity.is_valid():
            serializers.identity_of(identity.validated_data)


@target(
    "partners.fhir.schedules._instant", takes="json", samples=(orjson.dumps(SCHEDULE),), words=FHIR_WORDS,
    longest=LONG_FILE,
)  # fmt: skip
def fhir_schedule(value):
    with refuses(APIException):
        given = base.valid(value, "Schedule")
        orjson.dumps(mapping.identifiers_as_shown(given))
        for entry in given.get("extension") or ():
            if entry.get("url") == mapping.AVAILABILITY:
                orjson.dumps(mapping.availability_as_shown(entry))
                found = schedules._time_of(entry)
                assert (
                    isinstance(found, declared.DeclaredTime) and found.starts_at.tzinfo is not None
                )


@target(takes="json", samples=('[{"op":"replace","path":"/active","value":true}]', '[{"op":"copy","from":"/a","path":"/b"}]'),
        words=('"op"', '"path"', '"from"', '"value"', '"/extension/0"', '"-"', "~", "null", "[]", "{}"), longest=LONG_FILE)  # fmt: skip
def json_patch(value):
    with refuses(ValidationError):
        patched = schedules.patched(SCHEDULE, value)
        assert len(orjson.dumps(patched)) < 100 * len(orjson.dumps([SCHEDULE, value]))
