"""Our own team: whom it looks up, what it lists, and by which columns it may ask."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
import redis
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from audit.models import Entry, Incident
from audit.views.factor import CODE_GIVEN_AT
from audit.watch import budget
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models.appointment import Channel
from booking.oversight.staff_lookup import MOST
from booking.oversight.staff_reveals import LIMITS
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_reason,
    practice_actor,
    verified_client,
)

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
LOOK_UP = "/admin/booking/patient/look-up/"
KNOWN = ["Quatrefages", "Quatrefages Zénobie", "06 12 34 56 78", "31/12/1980", "z@q.fr"]


@pytest.fixture
def team(now):
    """A member of the team, and a patient with a visit."""
    account = make_account("staff@exemple.fr", is_staff=True, is_superuser=True)
    patient = make_patient(
        make_account(), first_name="Zénobie", last_name="Quatrefages", email="z@q.fr"
    )
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    visit = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        patient=patient,
        by=By(account=patient.account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    return {"account": account, "client": verified_client(account), "patient": patient,
            "visit": visit}  # fmt: skip


def read_entries():
    return list(
        Entry.objects.filter(channel="admin", action__in=("reveal", "visits-read", "looked-up"))
    )


@pytest.mark.parametrize("text", KNOWN)
def test_a_lookup_takes_a_purpose_and_names_whom_it_found(text, team):
    client = team["client"]
    page = client.post(LOOK_UP, {"text": text, "purpose": ""}).content.decode()
    assert str(team["patient"].pk) not in page
    assert read_entries() == []
    page = client.post(LOOK_UP, {"text": text, "purpose": "support"}).content.decode()
    assert reverse("admin:booking_patient_change", args=[team["patient"].pk]) in page
    assert "Quatrefages Zénobie" in page
    (entry,) = read_entries()
    assert (entry.action, entry.purpose) == ("reveal", "support")
    assert entry.subjects == [team["patient"].pk]
    assert entry.actor_id == team["account"].pk
    assert budget.spent(team["account"].pk, now=entry.at) == 1


def test_an_account_is_found_by_its_address_on_the_record(team):
    other = make_account("ailleurs@exemple.fr")
    answer = team["client"].post(LOOK_UP, {"text": "ailleurs@exemple.fr", "purpose": "legal"})
    assert reverse("admin:booking_account_change", args=[other.pk]) in answer.content.decode()
    (entry,) = read_entries()
    assert entry.subjects == [other.pk]


def test_the_people_of_an_account_are_found_by_its_identifier(team):
    owner = team["patient"].account
    row = team["client"].get(reverse("admin:booking_account_change", args=[owner.pk]))
    assert f"{LOOK_UP}?compte={owner.pk}" in row.content.decode()
    page = team["client"].get(f"{LOOK_UP}?compte={owner.pk}").content.decode()
    assert f'value="{owner.pk}"' in page
    assert str(team["patient"].pk) not in page and read_entries() == []
    page = team["client"].post(LOOK_UP, {"text": str(owner.pk), "purpose": "support"})
    assert "Quatrefages Zénobie" in page.content.decode()
    (entry,) = read_entries()
    assert entry.subjects == [team["patient"].pk]


@pytest.mark.parametrize("text", ["Personne", "inconnue@exemple.fr", "01/02/1903"])
def test_an_empty_list_is_an_answer_that_is_counted_and_on_the_record(text, team):
    for _again in range(2):
        page = team["client"].post(LOOK_UP, {"text": text, "purpose": "support"})
        assert "Personne ne répond à cela" in page.content.decode()
    assert [each.action for each in read_entries()] == ["looked-up"] * 2
    entry = read_entries()[0]
    assert (entry.subjects, entry.details["found"], entry.purpose) == ([], "none", "support")
    assert budget.spent(team["account"].pk, now=entry.at) == 1


def test_a_name_of_many_opens_nobody(team):
    for number in range(MOST + 1):
        make_patient(make_account(f"m{number}@exemple.fr"), last_name="Martin")
    page = team["client"].post(LOOK_UP, {"text": "Martin", "purpose": "support"})
    assert "Plus de cinq personnes" in page.content.decode()
    (entry,) = read_entries()
    assert (entry.action, entry.details["found"]) == ("looked-up", "many")


@pytest.mark.parametrize("text", ["", "  ", "?!", "+"])
def test_what_says_nobody_is_asked_again(text, team):
    answer = team["client"].post(LOOK_UP, {"text": text, "purpose": "support"})
    assert answer.status_code == 200
    assert 'class="errorlist' in answer.content.decode()
    assert read_entries() == []


def test_lookups_are_bounded(team, now):
    for _n in range(LIMITS.minute):
        budget.spend(holder=team["account"].pk, subject=uuid.uuid4(), limits=LIMITS, now=now)
    for text in ("Quatrefages", "Personne"):
        answer = team["client"].post(LOOK_UP, {"text": text, "purpose": "support"})
        assert answer.status_code == 429
        assert "Zénobie" not in answer.content.decode()
    assert read_entries() == []
    assert Entry.objects.filter(action="staff-refused").count() == 2


def test_nobody_is_found_while_nobody_can_count(team, monkeypatch):
    gone = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr("audit.watch.budget.redis_client", lambda: gone)
    for text in ("Quatrefages", "Personne"):
        answer = team["client"].post(LOOK_UP, {"text": text, "purpose": "support"})
        assert answer.status_code == 429
        assert "Zénobie" not in answer.content.decode()


@pytest.mark.parametrize("text", KNOWN)
@pytest.mark.parametrize("model", ["patient", "account", "appointment", "message", "entry"])
def test_no_list_answers_who_somebody_is(text, model, team):
    app = "audit" if model == "entry" else "booking"
    url = reverse(f"admin:{app}_{model}_changelist")
    found = team["client"].get(url, {"q": text})
    assert found.status_code == 200
    assert str(team["patient"].pk) not in found.content.decode()
    # And it is the same answer as for somebody who is not there.
    other = team["client"].get(url, {"q": "Absente"}).content.decode()
    assert found.content.decode().count("<tr") == other.count("<tr")


def test_visits_of_a_person_take_a_purpose_and_are_on_the_record(team):
    url = reverse("admin:booking_patient_visits", args=[team["patient"].pk])
    page = team["client"].get(url).content.decode()
    assert str(team["visit"].pk) not in page
    assert read_entries() == []
    page = team["client"].post(url, {"purpose": "support"}).content.decode()
    assert str(team["visit"].pk) in page
    assert team["visit"].practice.name in page
    (entry,) = read_entries()
    assert (entry.action, entry.purpose) == ("visits-read", "support")
    assert entry.subjects == [team["patient"].pk]
    owner = verified_client(team["patient"].account)
    assert (
        "Lecture de la liste des rendez-vous"
        in owner.get(reverse("booking:reads")).content.decode()
    )


def test_no_list_leads_from_a_person_to_their_visits(team):
    client, patient = team["client"], team["patient"]
    url = reverse("admin:booking_appointment_changelist")
    for asked in ({"q": str(patient.pk)}, {"q": str(patient.account_id)}):
        assert str(team["visit"].pk) not in client.get(url, asked).content.decode()
    for asked in ("patient", "patient__id", "patient__id__exact", "patient__account",
                  "booked_by", "booked_by__id__exact", "patient_id"):  # fmt: skip
        for value in (patient.pk, patient.account_id):
            assert client.get(url, {asked: str(value)}).status_code in (302, 400)
    row = client.get(reverse("admin:booking_appointment_change", args=[team["visit"].pk]))
    assert str(patient.pk) not in row.content.decode()
    assert str(patient.account_id) not in row.content.decode()


@pytest.mark.parametrize("model", admin.site._registry, ids=lambda model: model._meta.label)
def test_a_list_is_asked_by_its_own_filters_alone(model, team):
    """Letter by letter, a column would say what it holds: `?password__startswith=…`."""
    site = admin.site._registry[model]
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    filtered = {each[0] if isinstance(each, tuple) else each for each in site.list_filter}
    for field in model._meta.get_fields():
        for lookup in ("", "__startswith", "__exact", "__gt", "__regex", "__isnull"):
            is_filter = field.name in filtered and lookup in ("", "__exact", "__isnull")
            assert site.lookup_allowed(field.name + lookup, "x", None) is is_filter, field.name
    text = {f.name for f in model._meta.fields if f.get_internal_type() == "CharField"}
    for name in sorted(text - filtered):
        # Django leads to the list without what was asked, or refuses it.
        answer = team["client"].get(url, {f"{name}__startswith": "a"})
        assert answer.status_code == 400, name


def test_a_filter_still_works(team):
    url = reverse("admin:booking_account_changelist")
    page = team["client"].get(url, {"is_staff__exact": "1"}).content.decode()
    assert str(team["account"].pk) in page
    assert str(team["patient"].account_id) not in page


@pytest.mark.parametrize("who", ["nobody", "patient", "owner", "no factor", "no rights"])
def test_who_may_not_look_anybody_up(who, team):
    client = Client()
    if who == "patient":
        client = verified_client(team["patient"].account)
    elif who == "owner":
        client = verified_client(make_member(team["visit"].practice, role="owner").account)
    elif who == "no factor":
        client.force_login(
            make_account("sans@exemple.fr", is_staff=True, is_superuser=True),
            backend="booking.backends.EmailBackend",
        )
    elif who == "no rights":
        client = verified_client(make_account("peu@exemple.fr", is_staff=True))
    visits = reverse("admin:booking_patient_visits", args=[team["patient"].pk])
    for url in (LOOK_UP, visits):
        answer = client.post(url, {"text": "Quatrefages", "purpose": "support"})
        assert answer.status_code in (302, 403)
        assert str(team["visit"].pk) not in answer.content.decode()
    assert read_entries() == []


def test_leafing_through_patients_is_asked_about_and_then_stopped(team, now, monkeypatch):
    """Within the bound of every window, yet for no reason that shows."""
    client, me = team["client"], team["account"]
    monkeypatch.setattr(
        "booking.oversight.staff_reveals.LIMITS", budget.Limits(minute=99, hour=99, day=99)
    )
    stopped_after = None
    for number in range(60):
        patient = make_patient(make_account(f"p{number}@exemple.fr"), last_name="Xaintrailles")
        url = reverse("admin:booking_patient_reveal", args=[patient.pk])
        answer = client.post(url, {"purpose": "support"})
        if answer.status_code == 302:
            assert "second-facteur" in answer["Location"] or "code" in answer["Location"]
            assert Entry.objects.filter(action="member-asked", object_id=me.pk).exists()
            # Until the code is given, no page of the admin opens.
            assert client.get(reverse("admin:index")).status_code == 302
            give_code(client, now)
            client.post(url, {"purpose": "support"})
        elif answer.status_code == 403:
            stopped_after = number
            break
    assert stopped_after is not None and stopped_after <= 40
    assert "suspendu" in answer.content.decode()
    me.refresh_from_db()
    assert me.stopped_at is not None
    incident = Incident.objects.get()
    assert incident.sources.get().kind == "staff"
    assert verified_client(me).get(reverse("admin:index")).status_code in (302, 403)


def give_code(client, now):
    session = client.session
    session[CODE_GIVEN_AT] = (now + timedelta(hours=1)).timestamp()
    session.save()


def test_the_record_of_a_lookup_holds_no_identity(team):
    for text in [*KNOWN, "Personne"]:
        team["client"].post(LOOK_UP, {"text": text, "purpose": "support"})
    for entry in read_entries():
        assert "quatrefages" not in str(entry.details).casefold()
        assert "personne" not in str(entry.details).casefold()
