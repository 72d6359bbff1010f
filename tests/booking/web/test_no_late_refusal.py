"""Whatever is offered books: nothing that is known at the first click is refused at the last.

Every kind of visit reason and of agenda, with every answer that their pages can be given.
"""

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape
from itertools import product

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse

from booking.models import Appointment, Patient
from booking.models.appointment import Channel
from practitioners.domain.scheduling import next_slots
from practitioners.models import Taken
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    verified_client,
)
from tests.support.any_order import IDENTITY
from tests.support.booked import booked
from tests.support.forms_on_page import form_with, forms_of, send, slots_of

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
WEEK = timedelta(weeks=1)
# Whom an account has: n(ew), k(nown to the practitioner), c(olleague's), b(arred for absences).
FAMILIES = ["", "nk", "kb"]
KINDS = ("any", "new", "known")


def furnish(accepts_new, family, now):
    """An agenda with a reason of each kind, a colleague, and an account with such a family."""
    practice = make_practice(no_shows_at_most=1 if "b" in family else 0, phone="+33247000000")
    agenda = make_agenda(practice=practice, accepts_new_patients=accepts_new)
    colleague = make_reason(make_agenda(practice=practice))
    reasons = [make_reason(agenda, name=f"Motif {kind}", patient_kind=kind) for kind in KINDS]
    make_opening(agenda, *reasons, until_time=time(12))
    account = make_account()
    for n, standing in enumerate(family):
        patient = make_patient(account, first_name=f"P{n}", relation="child" if n else "self")
        if standing != "n":
            row = booked(
                colleague if standing == "c" else reasons[0], now - 9 * WEEK, patient=patient,
                channel=Channel.PRACTICE, starts_at=now - 8 * WEEK + n * timedelta(hours=1),
                anywhere=True,
            )  # fmt: skip
            if standing == "b":
                Appointment.unscoped.filter(pk=row.pk).update(status="no_show")
    next_slots.refresh(agenda_ids=[agenda.pk], now=now)
    return agenda, reasons, account


def link_to(text, words):
    found = re.search(rf'href="([^"]+)"[^>]*>[^<]*{words}', text)
    return unescape(found[1]) if found else ""


def finish(client, held):
    """Fill in whatever the last page asks for, and confirm; the answer."""
    for _n in range(6):
        page = client.get(held)
        assert page.status_code == 200, page.content.decode()[:3000]
        text = page.content.decode()
        forms = [form for form in forms_of(page) if "note" in form.values]
        if forms and ("patient" in forms[0].values or "personne-0" in forms[0].values):
            return send(client, forms[0].in_order(), held)
        if forms and "first_name" in forms[0].values:
            return send(client, forms[0], held, **IDENTITY)
        # Somebody is missing: they can be added, and then it books.
        add = link_to(text, "Ajouter un")
        if not add:
            add = send(client, form_with(page, "vers"), held, vers="personne")["Location"]
        assert add, text[text.find("<main") :][:4000]
        new = client.get(add)
        given = IDENTITY | {"first_name": f"Ada{_n}"}
        if 'value="self"' not in new.content.decode() or Patient.unscoped.exists():
            given |= {"relation": "child", "consent": "on"}
        back = client.post(add.partition("?")[0], form_with(new, "first_name").values | given)
        assert back.status_code == 302, back.content.decode()[:3000]
        held = back["Location"]
    raise AssertionError(held)


def books(client, form, at, address, people=1):
    """Press a slot that is offered, and go on to the appointment; then undo everything."""
    with transaction.atomic():
        held = send(client, form, address, debut=at)
        assert held.status_code == 302, held.content.decode()[:3000]
        assert held["Location"].startswith("/reserver/"), (address, held["Location"])
        done = finish(client, held["Location"])
        text = done.content.decode()
        assert done.status_code == 302, (address, text[text.find("<main") :][:4000])
        assert Appointment.unscoped.filter(starts_at__gte=NINE).count() == people
        transaction.set_rollback(True)
    assert not Taken.objects.filter(hold_until__isnull=False).exists()


def answers(account):
    people = [str(row.pk) for row in Patient.unscoped.filter(account=account)]
    for suivi, pour in product(["", "oui", "non"], ["", "autre", *people]):
        given = {"suivi": suivi, "pour": pour}
        yield {name: value for name, value in given.items() if value}


@pytest.mark.parametrize("accepts_new", [True, False])
@pytest.mark.parametrize("family", FAMILIES)
def test_whatever_a_page_offers_books(family, accepts_new, now):
    agenda, reasons, account = furnish(accepts_new, family, now)
    client = verified_client(account)
    address = reverse("practitioners:practitioner", args=[agenda.practitioner_id])
    for given in answers(account):
        for reason, people in [(None, "2"), *product([None, *reasons], ["1"])]:
            asked = given | {"semaine": "2026-11-30", "personnes": people}
            if reason is not None:
                asked["motif"] = str(reason.pk)
            page = client.get(address, asked)
            text = page.content.decode()
            if slots := slots_of(page):
                books(client, form_with(page, "debut"), slots[0], address, people=int(people))
            else:
                # It asks, or says why and whom to call.
                assert "Dites d’abord" in text or 'class="notice warning"' in text, asked


@pytest.mark.parametrize("accepts_new", [True, False])
@pytest.mark.parametrize("family", [None, "", "nk"])
def test_whatever_results_offer_is_held_or_asked_about(family, accepts_new, now):
    agenda, _reasons, account = furnish(accepts_new, family or "", now)
    client = Client() if family is None else verified_client(account)
    name = agenda.practitioner.last_name
    for suivi in ("", "oui", "non"):
        page = client.get(reverse("practitioners:search"), {"quoi": name, "suivi": suivi})
        text = page.content.decode()
        assert name in text
        for form in forms_of(page):
            for at in [value for field, value in form.buttons if field == "debut"][:1]:
                goes_on(client, send(client, form, "", debut=at), family)
        for link in re.findall(r'class="button slot" href="([^"]+)"', text)[:1]:
            goes_on(client, None, family, address=unescape(link))


def goes_on(client, answer, family, address=""):
    """From a slot of the results to the last page, by way of the questions that depend on it."""
    with transaction.atomic():
        _follow(client, answer, family, address)
        transaction.set_rollback(True)


def _follow(client, answer, family, address):
    if answer is not None:
        address = answer["Location"]
    if address.startswith("/reserver/"):
        if family is not None:
            done = finish(client, address)
            text = done.content.decode()
            assert done.status_code == 302, text[text.find("<main") :][:4000]
        else:
            assert "dites-nous qui vous êtes" in client.get(address).content.decode()
        return
    page = client.get(address)
    asked = [form for form in forms_of(page) if "debut" in form.values and form.method == "post"]
    whom = re.findall(r'href="(\?[^"]*pour=[^"]+)"', page.content.decode())
    text = page.content.decode()
    assert asked or whom or slots_of(page) or 'class="notice' in text, text
    for form in asked:
        for field, value in form.buttons:
            given = {field: value} if field else {}
            with transaction.atomic():
                # What is undone takes the session along that was begun in it.
                client = Client() if family is None else client
                led = send(client, form, address, **given)
                assert led.status_code == 302
                if led["Location"].startswith("/reserver/"):
                    _follow(client, led, family, "")
                else:
                    assert 'class="notice' in client.get(led["Location"]).content.decode()
                transaction.set_rollback(True)
