"""What a browser sends beside its forms: ranges, languages, agents, signals of a call, words of a search."""

import json
import uuid
from unittest.mock import patch

from django.conf import settings
from django.http import QueryDict
from django.test import RequestFactory
from django.utils.translation import get_language_from_request

from booking.accounts.sessions import sign_ins
from booking.dashboard.patients.patient_import import _number as number_of_lines
from booking.pages import access
from booking.pages.files import _range
from booking.video import video_room
from booking.video.video import Part
from booking.web.booking.chosen import answers_in
from practitioners.domain.directory import search, understood
from practitioners.domain.directory.places import places
from practitioners.views import public, results
from tests.fuzz.registry import refuses, target

SIZE = 1000


class _Document:
    pk, size = uuid.UUID(int=7), SIZE


@target(
    "booking.pages.files._range", takes="header",
    samples=("bytes=0-9", "bytes=990-", "bytes=-5", "bytes=5-2", "bytes=0-1,5-6", "items=0-1", "bytes=-0"),
    words=("bytes=", "-", ",", "0", "999", "1000", " ", "\xb2"),
)  # fmt: skip
def byte_range(header):
    """A range lies within the document, or begins at its end or after it (416)."""
    request = RequestFactory().get("/", HTTP_RANGE=header)
    found = _range(request, _Document())
    if found is not None:
        first, last = found
        assert first >= 0 and last < SIZE and (first <= last or first >= SIZE)
    other = RequestFactory().get("/", HTTP_RANGE=header, HTTP_IF_RANGE='"another"')
    assert _range(other, _Document()) is None


@target(
    "booking.pages.files._range", takes="header", samples=(f'"{_Document.pk}"', 'W/"x"', "Wed, 21 Oct 2015 07:28:00 GMT"),
    words=('"', "W/", ",", "*"),
)  # fmt: skip
def condition_of_a_range(header):
    request = RequestFactory().get("/", HTTP_RANGE="bytes=0-9", HTTP_IF_RANGE=header)
    assert _range(request, _Document()) == ((0, 9) if header == f'"{_Document.pk}"' else None)


@target(
    takes="header",
    samples=("fr-FR,fr;q=0.9,en;q=0.8", "*", "en-x-"),
    words=(",", ";q=", "-", "*", "0.", "fr", "zh-Hant"),
)
def accepted_language(header):
    request = RequestFactory().get("/", HTTP_ACCEPT_LANGUAGE=header)
    request.COOKIES[settings.LANGUAGE_COOKIE_NAME] = header
    # Django takes a cookie's "fR" for "fr", and leaves its letters.
    assert get_language_from_request(request).lower() in dict(settings.LANGUAGES)


@target(
    takes="header", samples=("Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0", "curl/8"),
    words=("Chrome", "Edg", "Safari", "(", ")", "Mac OS X", "/"),
)  # fmt: skip
def browser(header):
    name = sign_ins.browser_of(header)
    assert len(name) <= 40
    assert len(access._digest(access._NUMBERS.sub("", header))) in (0, 16)


@target(
    "booking.dashboard.patients.patient_import._number", "practitioners.views.public.people_wanted",
    "practitioners.views.results._number", "booking.web.booking.chosen.answers_in",
    samples=("1", "2", "9", "0012"), words=("0", "-", "\u00b2", "\u0661", " ", "+", "_"),
)  # fmt: skip
def number_in_an_address(text):
    assert 0 <= number_of_lines(text) < 10_000_000
    assert 0 <= results._number(text) < 100_000
    given = QueryDict(mutable=True)
    given["personnes"] = given["suivi"] = given["pour"] = text
    assert 1 <= public.people_wanted(given) <= public.PEOPLE_AT_MOST
    assert answers_in(given).suivi in ("", "oui", "non")


@target(
    "practitioners.views.results._position", samples=("48.85 2.35", "nan nan", "-90 180", "1e400 0"),
    words=(" ", "-", "inf", "nan", "e", ".", "_", "90", "180"),
)  # fmt: skip
def position(text):
    latitude, _space, longitude = text.partition(" ")
    found = results._position(RequestFactory().get("/", {"lat": latitude, "lon": longitude}))
    if found is not None:
        assert -90 <= found.latitude <= 90 and -180 <= found.longitude <= 180


SIGNALS = (
    {"place": "here", "items": [{"to": "there", "description": {"type": "offer", "sdp": "v=0"}}]},
    {"place": "here", "items": [{"to": "there", "candidate": {"candidate": ""}, "round": 3}]},
    {"place": "here", "items": []},
)  # fmt: skip


ROOM, ME, OTHER = uuid.UUID(int=9), uuid.UUID(int=7), uuid.UUID(int=8)


def _room():
    """A room of two, whose places have names that an input can guess."""
    people = {"here": (ME, Part.PATIENT), "there": (OTHER, Part.PRACTITIONER)}
    for place, (account_id, part) in people.items():
        with patch("secrets.token_hex", lambda size, place=place: place):
            video_room.take_place(appointment_id=ROOM, account_id=account_id, part=part, name="")


@target(
    "booking.video.video_room._read", "booking.video.video_room._places", "booking.pages.room.pass_on", takes="bytes",
    samples=tuple(json.dumps(each).encode() for each in SIGNALS),
    words=('"items"', '"to"', '"there"', '"round"', '"candidate"', '"place"', "NaN", "1e999", "1.5", "null", "[]", "{}", ":", ","),
)  # fmt: skip
def signal_of_a_call(data):
    """What a browser says of its connection is told as it is, or refused as a whole shape."""
    _room()
    with refuses(
        ValueError,
        RecursionError,
        video_room.BadSignal,
        video_room.NoSuchPlace,
        video_room.TooManySignals,
    ):
        given = json.loads(data)
        if isinstance(given, dict):
            video_room.tell(
                appointment_id=ROOM, account_id=ME, place=str(given.get("place", ""))[:32],
                items=given.get("items"), has_started=True,
            )  # fmt: skip


WISHES = (
    "cardiologue Paris",
    "dr Martin",
    "vaccin grippe 75015",
    "dermato en vidéo",
    "gynéco parlant arabe secteur 1",
)
WISH_WORDS = (
    "dr ",
    "à ",
    "Paris",
    "75",
    "médecin",
    "vaccin",
    "près de moi",
    "-",
    "'",
    "secteur ",
    "œ",
    "%",
    "_",
    "\\",
)


@target(
    "practitioners.domain.directory.places.place_likeness._glued", "practitioners.domain.directory.vocabulary._begins",
    needs_database=True, samples=WISHES, words=WISH_WORDS, longest=2000,
)  # fmt: skip
def search_of_the_directory(text):
    """The two fields of the search, cut as its page cuts them."""
    what = text.replace("\x00", "")[: results.LENGTH]
    meant = understood.understand(what, has_place=False)
    assert meant is not None and len(meant.words) <= understood.LONGEST
    found = places.look_up(what)
    assert found.place is None or found.place.label
    assert len(places.suggest_places(what)) <= places.LIMIT
    assert search.suggest(what) is not None
    assert search.is_reason_name(what) in (True, False)
