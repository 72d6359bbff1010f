"""A booking's last page that is left half filled in, by each of its ways out: nothing is lost."""

import re
from datetime import UTC, datetime, time, timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Appointment, Patient
from booking.models.patient import Relation
from practitioners.models import Taken
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_reason,
)
from tests.support.forms_on_page import form_with, send

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
NINE = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)
NOTE = "Je viens avec des béquilles,\net mon compte rendu."
CHILD = {
    "relation": "child", "first_name": "Aurèle", "last_name": "Lefèvre", "birth_date": "2016-05-04",
    "sex": "M", "consent": "on",
}  # fmt: skip


@pytest.fixture
def reason():
    row = make_reason(make_agenda())
    make_opening(row.agenda, row, until_time=time(12))
    return row


@pytest.fixture
def account():
    account = make_account("zoe@exemple.fr")
    make_patient(account)
    make_patient(account, first_name="Léo", relation=Relation.CHILD)
    return account


@pytest.fixture
def client(account):
    client = Client()
    client.force_login(account, backend="booking.backends.EmailBackend")
    return client


def last_page(client, reason, at=NINE, **given):
    """Hold a slot; the address of the last page and the page."""
    held = client.post(
        reverse("booking:hold"), {"motif": reason.pk, "debut": at.isoformat(), **given}
    )
    address = held["Location"]
    return address, client.get(address)


def note_on(page):
    found = re.search(
        r'<textarea name="note"[^>]*>\n?(.*?)</textarea>', page.content.decode(), re.S
    )
    return unescape(found[1]).strip().replace("\r", "") if found else None


def checked(page):
    form = form_with(page, "patient") if "patient" in page.content.decode() else None
    return form.values.get("patient") if form else None


def test_adding_a_person(client, reason):
    address, page = last_page(client, reason)
    ways = {value for name, value in form_with(page, "note").buttons if name == "vers"}
    assert ways == {"personne", "heure"}
    away = send(client, form_with(page, "note"), address, note=NOTE, vers="personne")
    assert away["Location"].startswith(reverse("booking:new-person"))
    form = form_with(client.get(away["Location"]), "first_name")
    back = send(client, form, away["Location"], **CHILD)
    page = client.get(back["Location"])
    assert note_on(page) == NOTE
    added = Patient.unscoped.latest("created_at")
    assert checked(page) == str(added.pk)
    # And so it is booked, once, with the note; the next booking begins empty.
    done = send(client, form_with(page, "note"), back["Location"], note=note_on(page))
    assert "confirme" in done["Location"]
    assert Appointment.unscoped.get().patient == added
    assert "béquilles" in client.get(done["Location"]).content.decode()
    _address, page = last_page(client, reason, NINE + timedelta(hours=1))
    assert note_on(page) == ""


def test_nobody_is_booked_by_leaving(client, reason):
    address, page = last_page(client, reason)
    for way in ("personne", "heure", "garder"):
        send(client, form_with(page, "note"), address, note=NOTE, vers=way)
    assert not Appointment.unscoped.exists()


def test_coming_back_without_adding_anybody(client, reason):
    address, page = last_page(client, reason)
    send(client, form_with(page, "note"), address, note=NOTE, vers="personne")
    assert note_on(client.get(address)) == NOTE


def test_another_time_and_another_visit_reason_of_the_practitioner(client, reason, account):
    other = make_reason(reason.agenda, name="Suivi")
    make_opening(reason.agenda, other, from_time=time(14), until_time=time(16))
    child = Patient.unscoped.get(relation=Relation.CHILD, account=account)
    address, page = last_page(client, reason)
    away = send(client, form_with(page, "note"), address, note=NOTE, patient=child.pk, vers="heure")
    assert f"pour={child.pk}" in away["Location"]
    shown = client.get(away["Location"].partition("#")[0])
    assert shown.status_code == 200
    for each, at in ((reason, NINE + timedelta(hours=1)), (other, NINE + timedelta(hours=5))):
        _address, page = last_page(client, each, at, pour=child.pk)
        assert note_on(page) == NOTE
        assert checked(page) == str(child.pk)


def test_the_note_goes_to_no_other_practitioner(client, reason):
    address, page = last_page(client, reason)
    send(client, form_with(page, "note"), address, note=NOTE, vers="heure")
    stranger = make_reason(make_agenda())
    make_opening(stranger.agenda, stranger, until_time=time(12))
    _address, page = last_page(client, stranger)
    assert note_on(page) == ""


def test_the_other_language(client, reason, account):
    child = Patient.unscoped.get(relation=Relation.CHILD, account=account)
    _address, page = last_page(client, reason)
    form = form_with(page, "note")
    assert 'form="confirmer" formaction="/langue/setlang/"' in page.content.decode()
    data = form.values | {"note": NOTE, "patient": str(child.pk), "language": "en"}
    back = client.post(reverse("set_language"), data)
    page = client.get(back["Location"])
    assert page.headers["Content-Language"] == "en"
    assert (note_on(page), checked(page)) == (NOTE, str(child.pk))


def test_a_link_of_the_page_by_its_script(client, reason, account):
    child = Patient.unscoped.get(relation=Relation.CHILD, account=account)
    address, page = last_page(client, reason)
    kept = send(
        client, form_with(page, "note"), address, note=NOTE, patient=child.pk, vers="garder"
    )
    assert kept.status_code == 204
    client.get(reverse("booking:my-appointments"))
    page = client.get(address)
    assert (note_on(page), checked(page)) == (NOTE, str(child.pk))
    # Whom another slot is for is not said by that.
    _address, page = last_page(client, reason, NINE + timedelta(hours=1))
    assert checked(page) != str(child.pk)


def test_somebody_who_is_not_added_yet(reason):
    """The first person of an account is named on the last page itself."""
    client = Client()
    client.force_login(make_account("neuf@exemple.fr"), backend="booking.backends.EmailBackend")
    address, page = last_page(client, reason)
    send(client, form_with(page, "first_name"), address, note=NOTE, vers="garder", **CHILD)
    page = client.get(address)
    form = form_with(page, "first_name")
    assert note_on(page) == NOTE
    assert {name: form.values[name] for name in CHILD} == CHILD


def test_a_session_that_ends_meanwhile(client, reason, account):
    address, page = last_page(client, reason)
    form = form_with(page, "note")
    client.cookies.pop("sessionid")
    # So has what it held.
    Taken.objects.all().delete()
    asked = client.get(send(client, form, address, note=NOTE)["Location"])
    link = unescape(re.search(r'href="(/connexion/[^"]+)"', asked.content.decode())[1])
    back = send(
        client, form_with(client.get(link), "password"), link, email="zoe@exemple.fr",
        password=PASSWORD,
    )  # fmt: skip
    assert note_on(client.get(back["Location"])) == NOTE


def test_nobody_else_reads_it(client, reason, account):
    """What an account left is not there for the next one of the browser."""
    address, page = last_page(client, reason)
    send(client, form_with(page, "note"), address, note=NOTE, vers="garder")
    client.post(reverse("booking:sign-out"))
    make_patient(make_account("autre@exemple.fr"))
    client.post(reverse("booking:sign-in"), {"email": "autre@exemple.fr", "password": PASSWORD})
    _address, page = last_page(client, reason)
    assert note_on(page) == ""


def test_a_visit_reason_that_is_closed_meanwhile(client, reason):
    other = make_reason(reason.agenda, name="Suivi")
    make_opening(reason.agenda, other, from_time=time(14), until_time=time(16))
    address, page = last_page(client, reason)
    reason.active = False
    reason.save()
    closed = send(client, form_with(page, "note"), address, note=NOTE)
    assert closed.status_code == 302
    _address, page = last_page(client, other, NINE + timedelta(hours=5))
    assert note_on(page) == NOTE


def test_several_people_in_a_row(client, reason, account):
    address, page = last_page(client, reason, personnes="2")
    form = form_with(page, "note")
    swapped = {"personne-0": form.values["personne-1"], "personne-1": form.values["personne-0"]}
    away = send(client, form, address, note=NOTE, vers="personne", **swapped)
    back = send(
        client, form_with(client.get(away["Location"]), "first_name"), away["Location"], **CHILD
    )
    page = client.get(back["Location"])
    assert note_on(page) == NOTE
    assert {name: form_with(page, "note").values[name] for name in swapped} == swapped
    data = form_with(page, "note").values | {"note": NOTE + " !", "language": "en"}
    back = client.post(reverse("set_language"), data)
    page = client.get(back["Location"])
    assert note_on(page) == NOTE + " !"
    assert {name: form_with(page, "note").values[name] for name in swapped} == swapped
    away = send(client, form_with(page, "note"), address, vers="heure", note=NOTE)
    _address, page = last_page(client, reason, NINE + timedelta(hours=1), personnes="2")
    assert note_on(page) == NOTE
