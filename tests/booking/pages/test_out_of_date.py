"""Two people have one thing open: what the first has saved is not overwritten unseen."""

import re
from html.parser import HTMLParser

import pytest
from django.forms import ModelForm
from django.urls import get_resolver, reverse

from audit.forms.shown import ShownForm
from audit.models import Entry
from booking.models import Appointment, Patient, Questionnaire
from booking.models.appointment import Status
from practitioners.models import Agenda, Opening, Practice, Resource, VisitReason
from practitioners.models.agenda import Question
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    present,
    verified_client,
)
from tests.support.booked import booked

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("frozen")]

APPS = (
    "audit.forms",
    "booking.dashboard.forms",
    "booking.pages.forms",
    "booking.web.forms",
    "partners.forms",
    "practitioners.forms",
)
ROUTE = "Ce que vous aviez écrit est resté ci-dessous."


@pytest.fixture
def agenda():
    return make_agenda()


@pytest.fixture
def reason(agenda):
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.fixture
def client(agenda):
    return verified_client(make_member(agenda.practice, role="owner").account)


def test_every_form_over_a_row_says_what_it_showed():
    get_resolver().url_patterns  # noqa: B018 - every view, and so every form, is imported
    found = {form for form in _below(ModelForm) if form.__module__.startswith(APPS)}
    assert found
    assert [form for form in found if not issubclass(form, ShownForm)] == []


def _below(form):
    return {form, *(each for kind in form.__subclasses__() for each in _below(kind))}


class _Fields(HTMLParser):
    """What a browser would send of a page's forms, as they stand."""

    def __init__(self):
        super().__init__()
        self.forms, self._select, self._area = [], "", ""

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag == "form":
            self.forms.append((given, {}))
        if not self.forms:
            return
        name, kind = given.get("name"), given.get("type", "text")
        if tag == "input" and name and (kind not in ("checkbox", "radio") or "checked" in given):
            self._add(name, given.get("value", "on" if kind == "checkbox" else "") or "")
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select:
            # The first one stands unless another is chosen.
            chosen = self.forms[-1][1].setdefault(self._select, [given.get("value", "")])
            if "selected" in given:
                chosen[:] = [given.get("value", "")]
        elif tag == "textarea" and name:
            self._area = name
            self._add(name, "")

    def handle_data(self, data):
        if self._area:
            self.forms[-1][1][self._area][-1] += data.removeprefix("\n")

    def handle_endtag(self, tag):
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""

    def _add(self, name, value):
        self.forms[-1][1].setdefault(name, []).append(value)


def sent(answer, *, holding):
    """The form of a page that holds a field, as a browser sends it untouched."""
    parser = _Fields()
    parser.feed(re.sub(r"(?s)^.*?<main", "<main", answer.content.decode()))
    return next(given for _attrs, given in parser.forms if holding in given)


def test_a_visits_note_is_not_overwritten_unseen(agenda, reason, client, now):
    row = booked(reason, now)
    page = reverse("booking:visit", args=[agenda.practice_id, row.pk])
    to = reverse("booking:note-visit", args=[agenda.practice_id, row.pk])
    first = sent(client.get(page), holding="text")
    second = sent(client.get(page), holding="text")
    assert client.post(to, first | {"text": "Rappeler le labo"}).status_code == 302
    refused = client.post(to, second | {"text": "Apporter la radio"})
    assert refused.status_code == 409
    shown = refused.content.decode()
    assert "Rappeler le labo" in shown
    assert "Apporter la radio" in shown
    again = sent(refused, holding="text")
    assert again["text"] == ["Apporter la radio"]
    assert Entry.objects.filter(action="practice-note-saved").count() == 1
    assert client.post(to, again).status_code == 302
    assert sent(client.get(page), holding="text")["text"] == ["Apporter la radio"]


def test_a_mark_is_not_overwritten_unseen(agenda, reason, client, now, time_machine):
    row = booked(reason, now)
    time_machine.move_to(row.starts_at, tick=False)
    present(client)
    page = reverse("booking:visit", args=[agenda.practice_id, row.pk])
    to = reverse("booking:mark-visit", args=[agenda.practice_id, row.pk])
    seen = {"vu": re.search(r'name="vu" value="(booked)"', client.get(page).content.decode())[1]}
    assert client.post(to, seen | {"status": "seen"}).status_code == 302
    said = client.post(to, seen | {"status": "no_show"}, follow=True).content.decode()
    assert "Entre-temps, ce rendez-vous est passé à" in said
    assert Appointment.unscoped.get(pk=row.pk).status == Status.SEEN
    # What both say is said once.
    assert client.post(to, seen | {"status": "seen"}, follow=True).status_code == 200


def _resource(agenda):
    return Resource.objects.create(practice=agenda.practice, name="Salle 1")


SETTINGS = {
    "reason": ("name", VisitReason, lambda a, r: [a.practice_id, a.pk, r.pk]),
    "practice-settings": ("access_info", Practice, lambda a, r: [a.practice_id]),
    "resource": ("name", Resource, lambda a, r: [a.practice_id, _resource(a).pk]),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_a_setting_is_not_overwritten_unseen(agenda, reason, client, name):
    field, model, args = SETTINGS[name]
    page = reverse(f"booking:{name}", args=args(agenda, reason))
    first, second = (sent(client.get(page), holding=field) for _n in range(2))
    assert client.post(page, first | {field: "Le premier mot"}).status_code == 302
    refused = client.post(page, second | {field: "Le second mot"})
    assert refused.status_code == 409
    assert ROUTE in refused.content.decode()
    assert "Le premier mot" in refused.content.decode()
    assert getattr(model.objects.get(), field) == "Le premier mot"
    again = sent(refused, holding=field)
    assert again[field] == ["Le second mot"]
    assert client.post(page, again).status_code == 302
    assert getattr(model.objects.get(), field) == "Le second mot"


def test_changes_of_two_people_to_two_settings_both_stay(agenda, client):
    page = reverse("booking:agenda-settings", args=[agenda.practice_id, agenda.pk])
    first, second = (sent(client.get(page), holding="overbooks_at_most") for _n in range(2))
    assert client.post(page, first | {"overbooks_at_most": "2"}).status_code == 302
    refused = client.post(page, second | {"takes_messages": "on"})
    assert refused.status_code == 409
    again = sent(refused, holding="overbooks_at_most")
    assert again["overbooks_at_most"] == ["2"]
    assert client.post(page, again).status_code == 302
    row = Agenda.objects.get()
    assert (row.overbooks_at_most, row.takes_messages) == (2, True)


def test_the_same_change_twice_is_no_conflict(agenda, client):
    page = reverse("booking:agenda-settings", args=[agenda.practice_id, agenda.pk])
    first, second = (sent(client.get(page), holding="overbooks_at_most") for _n in range(2))
    assert client.post(page, first | {"overbooks_at_most": "2"}).status_code == 302
    assert client.post(page, second | {"overbooks_at_most": "2"}).status_code == 302


def test_an_opening_is_not_overwritten_unseen(agenda, reason, client):
    other = make_reason(agenda, name="Suivi")
    page = reverse(
        "booking:opening", args=[agenda.practice_id, agenda.pk, Opening.objects.get().pk]
    )
    first, second = (sent(client.get(page), holding="until_time") for _n in range(2))
    both = {"visit_reasons": [str(reason.pk), str(other.pk)]}
    assert client.post(page, first | both).status_code == 302
    refused = client.post(page, second | {"until_time": "12:15"})
    assert refused.status_code == 409
    assert f"{reason.name}, Suivi" in refused.content.decode()
    assert client.post(page, sent(refused, holding="until_time")).status_code == 302
    row = Opening.objects.get()
    assert row.until_time.isoformat() == "12:15:00"
    assert set(row.visit_reasons.all()) == {reason, other}


def test_questions_are_not_overwritten_unseen(agenda, reason, client):
    page = reverse("booking:questions", args=[agenda.practice_id, agenda.pk, reason.pk])
    first, second = (sent(client.get(page), holding="form-0-text") for _n in range(2))
    assert client.post(page, first | {"form-0-text": "Allergies ?"}).status_code == 302
    refused = client.post(page, second | {"form-0-text": "Traitements ?"})
    assert refused.status_code == 409
    assert "Allergies ?" in refused.content.decode()
    again = sent(refused, holding="form-0-text")
    assert again["form-0-text"] == ["Traitements ?"]
    assert Question.objects.get().text == "Allergies ?"
    assert client.post(page, again).status_code == 302
    assert Question.objects.get().text == "Traitements ?"


def test_ones_own_identity_is_not_overwritten_unseen():
    account = make_account()
    patient = make_patient(account=account)
    client = verified_client(account)
    page = reverse("booking:person", args=[patient.pk])
    first, second = (sent(client.get(page), holding="last_name") for _n in range(2))
    assert client.post(page, first | {"last_name": "Durand"}).status_code == 302
    refused = client.post(page, second | {"last_name": "Dupont"})
    assert refused.status_code == 409
    assert "Durand" in refused.content.decode()
    assert client.post(page, sent(refused, holding="last_name")).status_code == 302
    assert sent(client.get(page), holding="last_name")["last_name"] == ["Dupont"]
    assert Patient.unscoped.count() == 1


def test_answers_are_not_overwritten_unseen(agenda, reason, now):
    Question.objects.create(visit_reason=reason, position=0, text="Allergies ?", kind="line")
    several = Question.objects.create(
        visit_reason=reason, position=1, text="Maladies ?", kind="several", options=["a", "b"]
    )
    account = make_account()
    row = booked(reason, now, patient=make_patient(account=account))
    client = verified_client(account)
    page = reverse("booking:answer-questions", args=[row.pk])
    field = str(Question.objects.get(position=0).pk)
    first, second = (sent(client.get(page), holding=field) for _n in range(2))
    given = {field: "pollen", str(several.pk): ["a", "b"]}
    assert client.post(page, first | given).status_code == 302
    refused = client.post(page, second | {field: "aucune"})
    assert refused.status_code == 409
    assert "pollen" in refused.content.decode()
    again = sent(refused, holding=field)
    assert (again[field], again[str(several.pk)]) == (["aucune"], ["a", "b"])
    assert client.post(page, again).status_code == 302
    assert Questionnaire.unscoped.count() == 1
