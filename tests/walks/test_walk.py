"""The bounded walk of every run, and the proof that it finds what it is there to find."""

import sys
import time

import pytest

from audit.record.entries import Channel
from booking.models import Patient
from booking.pages import people
from booking.pages.session import unfinished
from booking.patients import patients
from doctolib import once
from tests.walks.machine import walk

pytestmark = pytest.mark.django_db(transaction=True)
SEED, EXAMPLES, STEPS = 1, 8, 20
CPU_S_AT_MOST = 120


def test_people_do_what_their_pages_offer_in_any_order():
    began = time.process_time()
    report = walk(first=SEED, examples=EXAMPLES, steps=STEPS)
    assert report.faults == {}, str(report)
    # What most people come for was reached, or the walk has become a walk around the house.
    assert set(report.visited) >= WANTED
    assert time.process_time() - began < CPU_S_AT_MOST


WANTED = {
    "partners:vendor",
    "practitioners:search", "practitioners:practitioner", "booking:sign-in", "booking:code",
    "booking:sign-up", "booking:hold", "booking:confirm", "booking:my-appointments",
    "booking:appointment", "booking:move", "booking:cancel", "booking:join-waiting-list",
    "booking:new-person", "booking:agenda", "booking:new-visit", "booking:week-plan",
}  # fmt: skip


def sign_in_order(monkeypatch):
    """Signing in stores an absent hold key, and holding a slot keeps it: HTTP 500 every time."""

    def sign_in(request, account, *, backend):
        from django.contrib.auth import login

        key = request.session.get(unfinished.HOLD_KEY)
        login(request, account, backend=backend)
        request.session[unfinished.HOLD_KEY] = key

    def make_hold_key(request):
        return request.session.setdefault(unfinished.HOLD_KEY, "secret")

    monkeypatch.setattr(unfinished, "sign_in", sign_in)
    monkeypatch.setattr(unfinished, "make_hold_key", make_hold_key)
    return "IntegrityError"


def a_column_that_must_not_be_null(monkeypatch):
    """A patient is taken in without saying whose relative they are."""
    create = patients.create_patient

    def create_patient(*, actor, **given):
        # The world's own people were there before the fault.
        changed = {"relation": None} if actor.channel == Channel.WEB else {}
        return create(actor=actor, **given | changed)

    monkeypatch.setattr(patients, "create_patient", create_patient)
    return "IntegrityError"


def a_link_that_a_role_may_not_open(monkeypatch):
    """Templates believe that every member may do everything."""
    from booking.pages import access
    from booking.rules import TABLE

    everything = {name.partition(".")[2]: True for name in TABLE}
    monkeypatch.setattr(access, "permissions_of", lambda membership: everything)
    return "what the page offered led to 403"


def everybody_sees_all_patients(monkeypatch):
    """The list of an account's people forgets whose account it is."""
    named = people.named_people

    def of_everybody(request):
        with pytest.MonkeyPatch.context() as unscoped:
            unscoped.setattr(Patient, "objects", Patient.unscoped)
            return named(request)

    for module in [each for name, each in sys.modules.items() if name.startswith("booking.")]:
        if vars(module).get("named_people") is named:
            monkeypatch.setattr(module, "named_people", of_everybody)
    return "shows what is"


def a_form_sent_twice_is_done_twice(monkeypatch):
    """The server forgets that it has the form already."""
    monkeypatch.setattr(once, "_form_of", lambda request: None)
    return "a form sent again"


@pytest.mark.parametrize(
    "plant",
    [
        sign_in_order, a_column_that_must_not_be_null, a_link_that_a_role_may_not_open,
        everybody_sees_all_patients, a_form_sent_twice_is_done_twice,
    ],
)  # fmt: skip
def test_the_bounded_walk_finds(plant, monkeypatch):
    words = plant(monkeypatch)
    report = walk(first=SEED, examples=EXAMPLES, steps=STEPS, stops_at_faults=True)
    assert words in "\n".join([*report.faults, *report.faults.values()])
