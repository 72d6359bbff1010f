"""Whom a visit is for that a practice books on the phone."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from audit.models import Entry
from booking.models import Appointment, Patient
from tests.factories import make_member, make_patient, make_practice, verified_client
from tests.support.booked import booked
from tests.support.dashboard import agenda, reason  # noqa: F401
from tests.support.new_visit import client, page, when, zoe  # noqa: F401

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]


TYPED = {
    "first_name": "Élise", "last_name": "Moreau", "birth_date": "1990-05-04",
    "phone": "06 39 98 00 01", "sex": "F", "email": "elise@exemple.fr",
}  # fmt: skip


def assert_kept(text):
    for value in ("Élise", "Moreau", "1990-05-04", "06 39 98 00 01", "elise@exemple.fr"):
        assert f'value="{value}"' in text
    assert '<option value="F" selected>' in text


def test_whoever_is_found_is_never_chosen_for_you(reason, client, page, zoe):
    for found in (
        client.post(page, when(reason, q="Lefèvre"), headers={"HX-Request": "true"}),
        client.post(page, when(reason, q="Lefèvre", search="1")),
    ):
        text = found.content.decode()
        assert f'value="{zoe.pk}"' in text
        assert "checked" not in text


@pytest.mark.parametrize(
    "both",
    [
        {},
        {"patient": ["{zoe}", "new"]},
        {"first_name": "", "birth_date": "", "phone": "", "email": ""},
        {"first_name": "", "last_name": "", "birth_date": "", "email": ""},
        {"first_name": "", "last_name": "", "birth_date": "", "phone": ""},
    ],
)
def test_a_new_patient_and_a_match_together_are_refused(reason, client, page, zoe, both):
    data = when(reason, patient=zoe.pk, q="Lefèvre", **TYPED) | both
    data["patient"] = [str(zoe.pk) if v == "{zoe}" else v for v in data["patient"]] if isinstance(
        data["patient"], list
    ) else data["patient"]  # fmt: skip
    answer = client.post(page, data)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "Pour qui est ce rendez-vous" in text
    assert "Zoé Lefèvre" in text
    for name in ("first_name", "last_name", "birth_date", "phone", "email"):
        assert not data[name] or f'value="{data[name]}"' in text
    assert 'name="patient" value="new" id="new" checked' not in text
    assert not Appointment.unscoped.exists()
    assert Patient.unscoped.count() == 1


def test_two_matches_together_are_refused(agenda, reason, client, page, zoe):
    other = make_patient(practice=agenda.practice, first_name="Ada")
    answer = client.post(page, when(reason, patient=[zoe.pk, other.pk]))
    assert answer.status_code == 409
    assert not Appointment.unscoped.exists()


@pytest.mark.parametrize("who", ["known", "new"])
def test_a_button_that_says_for_whom_decides(reason, client, page, zoe, who):
    data = when(reason, patient=zoe.pk, **TYPED)
    refused = client.post(page, data).content.decode()
    assert "Pour Zoé Lefèvre, 31/12/1980" in refused
    assert "Pour Élise Moreau, nouvelle fiche" in refused
    data["decide"] = zoe.pk if who == "known" else "new"
    assert client.post(page, data).status_code == 302
    visit = Appointment.unscoped.get()
    assert (visit.patient == zoe) is (who == "known")
    assert Patient.unscoped.count() == (1 if who == "known" else 2)


def test_another_practices_patient_is_not_found(reason, client, page):
    stranger = make_patient(practice=make_practice())
    for data in ({"patient": stranger.pk}, {"decide": stranger.pk}):
        assert client.post(page, when(reason, **data)).status_code == 404
    assert not Appointment.unscoped.exists()


@pytest.mark.parametrize(
    "wrong",
    [
        {"phone": "12"},
        {"heure": "25:00"},
        {"jour": ""},
        {"motif": ""},
        {"patient": ""},
        {"search": "1"},
        {"montrer": "1"},
        {"depuis": ""},
        {"taken": True},
    ],
)
def test_nothing_that_was_typed_is_lost(reason, client, page, now, wrong):
    if wrong.pop("taken", False):
        booked(reason, now)
    data = when(reason, patient="new", q="Moreau", **TYPED) | wrong
    answer = client.post(page, data)
    text = answer.content.decode()
    assert answer.status_code in (200, 409)
    assert_kept(text.replace('value="12"', 'value="06 39 98 00 01"'))
    assert 'id="q" name="q" value="Moreau"' in text
    if data["patient"] == "new":
        assert 'name="patient" value="new" id="new" checked' in text
    if data["jour"]:
        assert 'value="2026-11-30"' in text
    assert not Patient.unscoped.filter(account=None).exists()


def test_looking_complains_about_nothing(reason, client, page):
    text = client.post(page, {"q": "Moreau", "search": "1"}).content.decode()
    assert "obligatoire" not in text


def test_a_chosen_patient_stays_whatever_is_looked_for(agenda, reason, client, page, zoe):
    ada = make_patient(practice=agenda.practice, first_name="Ada", last_name="Clavier")
    text = client.post(page, when(reason, q="Clavier", patient=zoe.pk, search="1")).content.decode()
    assert f'value="{zoe.pk}" id="p-{zoe.pk}" checked' in text
    assert f'value="{ada.pk}" id="p-{ada.pk}" ' in text
    assert text.count(" checked") == 1
    # What a script puts in its place holds those who were found alone.
    part = client.post(
        page, when(reason, q="Clavier", patient=zoe.pk), headers={"HX-Request": "true"}
    )
    assert str(zoe.pk) not in part.content.decode()


def test_the_success_names_the_patient_and_keeps_no_name_anywhere(reason, client, page, zoe):
    answer = client.post(page, when(reason, patient=zoe.pk))
    assert "Lefèvre" not in answer["Location"]
    text = client.get(answer["Location"]).content.decode()
    assert "Rendez-vous pris pour Zoé Lefèvre" in text
    assert "lundi 30 novembre 2026 à 09:00" in text
    assert "Lefèvre" not in str(dict(client.session))


def test_the_success_is_said_once_and_not_on_the_pages_after_it(reason, client, page, zoe):
    text = client.get(client.post(page, when(reason, patient=zoe.pk))["Location"]).content.decode()
    links = re.findall(r'href="(\?[^"]*)"', text)
    assert [each for each in links if "vue=mois" in each and "jour=" in each]
    assert [each for each in links if "fait=" in each] == []


def test_somebody_elses_success_is_not_told(agenda, reason, client, page, zoe, time_machine):
    address = client.post(page, when(reason, patient=zoe.pk))["Location"]
    other = verified_client(make_member(agenda.practice).account)
    assert "Rendez-vous pris" not in other.get(address).content.decode()
    time_machine.shift(timedelta(minutes=3))
    assert "Rendez-vous pris" not in client.get(address).content.decode()


@pytest.mark.parametrize("who", ["known", "new"])
def test_a_form_that_is_sent_twice_books_once_and_says_so(reason, client, page, zoe, who):
    data = when(reason, patient="new", **TYPED) if who == "new" else when(reason, patient=zoe.pk)
    first, second = client.post(page, data), client.post(page, data)
    assert second.status_code == 302
    assert second["Location"] == first["Location"]
    assert Appointment.unscoped.count() == 1
    assert Patient.unscoped.count() == (2 if who == "new" else 1)


def test_somebody_who_has_one_name_gets_a_file_where_that_is_said(reason, client, page):
    data = when(reason, patient="new", **{**TYPED, "first_name": " "})
    refused = client.post(page, data)
    assert "Ce champ est obligatoire" in refused.content.decode()
    assert not Appointment.unscoped.exists()
    answer = client.post(page, data | {"single_name": "on"}, follow=True)
    assert f"Rendez-vous pris pour {TYPED['last_name']}\u00a0:" in answer.content.decode()
    # And is found, and not entered twice.
    assert client.post(page, when(reason, heure="11:00", patient="new", single_name="on",
        **{**TYPED, "first_name": ""})).context["duplicates"]  # fmt: skip


def test_a_move_names_the_patient_too(agenda, reason, client, now):
    visit = booked(reason, now)
    move = reverse("booking:move-visit", args=[agenda.practice_id, visit.pk])
    answer = client.post(move, when(reason, heure="10:00"))
    assert "Lefèvre" not in answer["Location"]
    text = client.get(answer["Location"]).content.decode()
    assert "Rendez-vous de Zoé Lefèvre déplacé : lun. 30 nov. 09:00 → lundi 30 novembre" in text
    assert "à 10:00" in text


def test_what_is_said_does_not_outlive_a_further_move(agenda, reason, client, now):
    visit = booked(reason, now)
    move = reverse("booking:move-visit", args=[agenda.practice_id, visit.pk])
    address = client.post(move, when(reason, heure="10:00"))["Location"]
    page = client.get(address).content.decode()
    assert "déplacé" in page and f'data-done="{visit.pk}"' in page
    drag = reverse("booking:drag-visit", args=[agenda.practice_id, visit.pk])
    place = {"agenda": agenda.pk, "jour": "2026-11-30", "minute": 11 * 60}
    assert client.post(drag, place).status_code == 200
    again = client.get(address)
    assert again.context["done"] is None and "data-done" not in again.content.decode()


@pytest.mark.parametrize("said", ["", "x", "x:y:z"])
def test_nothing_is_said_that_was_not_done(agenda, client, said):
    page = reverse("booking:agenda", args=[agenda.practice_id])
    assert client.get(page, {"fait": said}).context["done"] is None


SAME = {"first_name": "Zoe", "last_name": "LEFEBVRE", "birth_date": "1980-12-31", "phone": "",
        "sex": "F"}  # fmt: skip


def test_a_probable_duplicate_is_shown_before_it_is_created(reason, client, page, zoe):
    data = when(reason, patient="new", **SAME)
    answer = client.post(page, data)
    text = answer.content.decode()
    assert answer.status_code == 409
    assert "a peut-être déjà une fiche" in text
    assert "Zoé Lefèvre" in text and "31/12/1980" in text
    assert 'value="LEFEBVRE"' in text
    # The number was not given, and is not told.
    assert "06 12 34 56 78" not in text
    assert not Appointment.unscoped.exists()
    assert Patient.unscoped.get() == zoe


def test_its_file_is_chosen_and_what_was_typed_stays_to_be_confirmed(reason, client, page, zoe):
    data = when(reason, patient="new", **{**SAME, "phone": "06 39 98 00 01", "heure": "10:30"})
    refused = client.post(page, data).content.decode()
    button = re.search(rf'name="fiche" value="{zoe.pk}" aria-label="([^"]*)">([^<]*)<', refused)
    assert button[1].startswith(button[2]) and "Zoé Lefèvre" in button[1]
    shown = client.post(page, {**data, "fiche": zoe.pk})
    text = shown.content.decode()
    assert shown.status_code == 200 and not Appointment.unscoped.exists()
    assert f'value="{zoe.pk}" id="p-{zoe.pk}" checked' in text
    assert 'value="new" id="new" checked' not in text
    for value in ("LEFEBVRE", "Zoe", "06 39 98 00 01", "10:30"):
        assert f'value="{value}"' in text
    assert "n’y est pas ajouté" in text
    known = {**data, "patient": zoe.pk, "connue": zoe.pk}
    assert client.post(page, known).status_code == 302
    assert Appointment.unscoped.get().patient == zoe
    assert Patient.unscoped.count() == 1


def test_a_known_file_is_not_confirmed_for_somebody_else(agenda, reason, client, page, zoe):
    other = make_patient(practice=agenda.practice, first_name="Ada")
    data = when(reason, **SAME, connue=zoe.pk)
    for wrong in (other.pk, "new", [zoe.pk, other.pk], [zoe.pk, "new"]):
        assert client.post(page, {**data, "patient": wrong}).status_code == 409
    stranger = make_patient(practice=make_practice())
    shown = client.post(page, {**data, "fiche": stranger.pk})
    assert str(stranger.pk) not in shown.content.decode()
    assert not Appointment.unscoped.exists()


def test_or_another_is_created_all_the_same(reason, client, page, zoe):
    data = when(reason, patient="new", **SAME)
    mark = client.post(page, data).context["mark"]
    opened = Entry.objects.filter(action="reveal").count()
    assert client.post(page, {**data, "decide": "new", "vu": mark}).status_code == 302
    assert Patient.unscoped.count() == 2
    # What was answered is not looked up again.
    assert Entry.objects.filter(action="reveal").count() == opened


def test_an_answer_about_one_name_is_none_about_another(reason, client, page, zoe):
    data = when(reason, patient="new", **SAME)
    mark = client.post(page, data).context["mark"]
    changed = {**data, "last_name": "Lefèvre", "decide": "new", "vu": mark}
    assert client.post(page, changed).status_code == 409
    assert client.post(page, {**data, "decide": "new", "vu": "nonsense"}).status_code == 409
    assert Patient.unscoped.count() == 1


def test_it_is_shown_though_the_time_is_wrong_too(reason, client, page, zoe):
    text = client.post(page, when(reason, patient="new", heure="", **SAME)).content.decode()
    assert "a peut-être déjà une fiche" in text
    assert "obligatoire" in text


def test_who_resembles_nobody_is_created_at_once(reason, client, page, zoe):
    given = {**SAME, "first_name": "Ada", "last_name": "Clavier"}
    assert client.post(page, when(reason, patient="new", **given)).status_code == 302


def test_the_search_says_that_it_wants_whole_names(client, page):
    text = client.get(page).content.decode()
    assert 'aria-describedby="q-help"' in text
    assert "Écrivez le nom entier" in text
