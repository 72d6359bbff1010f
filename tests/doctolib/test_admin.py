"""Staff in Django admin: every page opens, none counts per row, sealed data takes a reason."""

import re
import uuid
from datetime import UTC, datetime

import pytest
import redis
from django.contrib import admin
from django.contrib.admin.utils import label_for_field
from django.test import Client
from django.urls import reverse

from audit.actions import REVEAL
from audit.models import Entry
from audit.record import entries
from audit.record.entries import system_actor
from audit.watch import budget
from booking.appointments.book import book
from booking.appointments.values import By
from booking.models import Account, FactorReset
from booking.models.appointment import Channel
from booking.oversight.concerns import raise_concern
from booking.oversight.staff_reveals import LIMITS
from partners.models import (
    CalendarFeed,
    Credential,
    CredentialKey,
    Delivery,
    Grant,
    ImportedCalendar,
    Partner,
    PartnerMember,
    Webhook,
)
from practitioners.domain.staff import invite
from practitioners.models import Absence, Commune, Practice
from tests.factories import (
    make_account,
    make_agenda,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
    verified_client,
)

pytestmark = pytest.mark.django_db
MODELS = sorted(
    (m for m in admin.site._registry if m._meta.app_label in {
        "audit", "practitioners", "booking", "partners",
    }),
    key=lambda m: m._meta.label,
)  # fmt: skip


@pytest.fixture
def staff():
    return verified_client(make_account("staff@exemple.fr", is_staff=True, is_superuser=True))


def one_more(now):
    """One more row of everything."""
    practice = make_practice()
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    account = make_account()
    patient = make_patient(account, first_name="Zénobie", last_name="Quatrefages", email="z@q.fr")
    appointment = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        patient=patient,
        by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
        note="Une tache",
    )
    Absence.objects.create(
        agenda=agenda,
        starts_at=datetime(2027, 1, 4, tzinfo=UTC),
        until=datetime(2027, 1, 5, tzinfo=UTC),
    )
    member = make_member(practice, role="owner")
    invite.invite(
        practice=practice, email="a@b.fr", role="owner", agendas=[], invited_by=member.account,
        actor=practice_actor(), now=now,
    )  # fmt: skip
    number = Commune.objects.count()
    Commune.objects.create(
        code=f"370{number}", name="X", search_name="x", department="37", region="24",
        postcodes=[], population=1, latitude=1, longitude=1,
    )  # fmt: skip
    partner = Partner.objects.create(name=f"P{number}")
    credential = Credential.objects.create(partner=partner, label="L")
    CredentialKey.objects.create(credential=credential, kid="k", jwk={"kty": "EC"})
    Grant.objects.create(credential=credential, practice=practice)
    ImportedCalendar.objects.create(agenda=agenda, label="L", created_at=now)
    CalendarFeed.objects.create(agenda=agenda, label="L", digest=bytes([number]), created_at=now)
    PartnerMember.objects.create(partner=partner, account=account, created_at=now)
    webhook = Webhook.objects.create(
        credential=credential, url="https://hooks.example/", secret_changed_at=now, cursor="",
        created_at=now,
    )  # fmt: skip
    Delivery.objects.create(
        webhook=webhook, agenda=agenda, appointment=appointment, changed_in=1, payload={},
        due_at=now, give_up_at=now, created_at=now,
    )  # fmt: skip
    FactorReset.objects.create(
        account=make_account(), proof="papers", asked_by=account.pk, asked_at=now
    )
    entry = Entry.objects.get(id=entries.write(REVEAL, actor=system_actor()))
    raise_concern(
        account=account, entry=entry, words="Quatrefages ?", actor=system_actor(), now=now
    )
    return {"patient": patient, "appointment": appointment, "account": account}


def list_url(model):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")


def test_every_model_that_staff_need_is_there():
    names = {m._meta.label for m in MODELS}
    assert {
        "audit.Entry", "audit.SubjectKey", "booking.Account", "booking.Patient",
        "booking.Appointment", "booking.Message", "practitioners.Practice",
        "practitioners.Practitioner", "practitioners.Agenda", "practitioners.VisitReason",
        "practitioners.Opening", "practitioners.Absence", "practitioners.Membership",
        "practitioners.Invitation", "partners.Credential", "partners.Grant",
    } <= names  # fmt: skip


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_a_list_costs_the_same_for_many_rows_and_shows_nothing_sealed(
    model, staff, now, django_assert_max_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    one_more(now)
    staff.get(list_url(model))
    with CaptureQueriesContext(
        connection,
    ) as few:
        assert staff.get(list_url(model)).status_code == 200
    for _ in range(4):
        one_more(now)
    with CaptureQueriesContext(connection) as many:
        answer = staff.get(list_url(model))
    assert len(many) <= len(few)
    page = answer.content.decode()
    assert "Quatrefages" not in page
    assert "exemple.fr" not in page


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_a_row_opens_without_anything_sealed_and_search_works(model, staff, now):
    one_more(now)
    row = getattr(model, "unscoped", model._default_manager).first()
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
    answer = staff.get(reverse(name, args=[str(row.pk)]))
    assert answer.status_code == 200
    page = answer.content.decode()
    for sealed in ("Quatrefages", "Une tache", "+33612345678", "z@q.fr"):
        assert sealed not in page
    assert staff.get(list_url(model), {"q": "x"}).status_code == 200
    assert staff.get(list_url(model), {"q": str(row.pk)}).status_code == 200


@pytest.mark.parametrize("model", MODELS, ids=lambda m: m._meta.label)
def test_nothing_is_added_or_deleted_here(model, staff, now):
    one_more(now)
    row = getattr(model, "unscoped", model._default_manager).first()
    base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    assert staff.get(reverse(f"{base}_add")).status_code == 403
    assert (
        staff.post(reverse(f"{base}_delete", args=[str(row.pk)]), {"post": "yes"}).status_code
        == 403
    )
    data = {"action": "delete_selected", "_selected_action": [str(row.pk)], "post": "yes"}
    staff.post(list_url(model), data)
    assert getattr(model, "unscoped", model._default_manager).filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("what", "texts"),
    [
        ("patient", ["Zénobie", "Quatrefages", "+33612345678", "1980-12-31", "z@q.fr"]),
        ("appointment", ["Une tache"]),
        ("account", ["exemple.fr"]),
    ],
)
def test_a_reveal_takes_a_purpose_and_is_on_the_record(what, texts, staff, now):
    row = one_more(now)[what]
    url = reverse(f"admin:booking_{what}_reveal", args=[row.pk])
    before = Entry.objects.filter(action="reveal").count()
    page = staff.get(url).content.decode()
    assert not any(text in page for text in texts)
    assert staff.post(url, {"purpose": "curiosity"}).status_code == 200
    assert Entry.objects.filter(action="reveal").count() == before
    page = staff.post(url, {"purpose": "support"}).content.decode()
    assert all(text in page for text in texts)
    entry = Entry.objects.filter(action="reveal").order_by("-at", "-id")[0]
    assert (entry.actor_kind, entry.channel, entry.purpose) == ("staff", "admin", "support")
    assert entry.actor_id == Account.objects.get(is_staff=True).pk
    assert entry.subjects == [row.subject_id]


def test_the_person_sees_that_staff_looked(staff, now):
    made = one_more(now)
    staff.post(
        reverse("admin:booking_patient_reveal", args=[made["patient"].pk]), {"purpose": "support"}
    )
    page = verified_client(made["account"]).get(reverse("booking:reads")).content.decode()
    assert "l’équipe de Doctolib" in page
    assert "assistance" in page


@pytest.mark.parametrize("who", ["nobody", "patient", "owner", "staff without second factor"])
@pytest.mark.parametrize("what", ["patient", "appointment", "account"])
def test_who_may_not_reveal(who, what, now):
    made = one_more(now)
    client = Client()
    if who == "patient":
        client = verified_client(made["account"])
    elif who == "owner":
        client = verified_client(make_member(Practice.objects.first(), role="owner").account)
    elif who.startswith("staff"):
        client.force_login(
            make_account(is_staff=True, is_superuser=True),
            backend="booking.backends.EmailBackend",
        )
    before = Entry.objects.filter(action="reveal").count()
    url = reverse(f"admin:booking_{what}_reveal", args=[made[what].pk])
    assert client.post(url, {"purpose": "support"}).status_code in (302, 403)
    assert Entry.objects.filter(action="reveal").count() == before


@pytest.mark.usefixtures("at_now")
def test_staff_cannot_go_through_the_patients(staff, now):
    """A bound for our own team: what comes after it is refused, and on the record."""
    made = one_more(now)
    account = Account.objects.get(is_staff=True)
    for _n in range(LIMITS.minute - 1):
        budget.spend(holder=account.pk, subject=uuid.uuid4(), limits=LIMITS, now=now)
    url = reverse("admin:booking_patient_reveal", args=[made["patient"].pk])
    assert "Quatrefages" in staff.post(url, {"purpose": "support"}).content.decode()
    # The same person again is no further one.
    assert "Quatrefages" in staff.post(url, {"purpose": "legal"}).content.decode()
    before = Entry.objects.filter(action="reveal").count()
    other = make_patient(make_account("autre@exemple.fr"), last_name="Xaintrailles")
    url = reverse("admin:booking_patient_reveal", args=[other.pk])
    answer = staff.post(url, {"purpose": "legal"})
    assert answer.status_code == 429
    page = answer.content.decode()
    assert "Xaintrailles" not in page
    assert f"{LIMITS.minute} personnes" in page
    assert Entry.objects.filter(action="reveal").count() == before
    entry = Entry.objects.get(action="staff-refused")
    assert (entry.actor_id, entry.purpose) == (account.pk, "legal")
    assert entry.details.items() >= {"limit": LIMITS.minute, "seconds": 60}.items()


def test_nothing_opens_while_nobody_can_count(staff, now, monkeypatch):
    made = one_more(now)
    gone = redis.Redis(host="127.0.0.1", port=1)
    monkeypatch.setattr("audit.watch.budget.redis_client", lambda: gone)
    url = reverse("admin:booking_patient_reveal", args=[made["patient"].pk])
    answer = staff.post(url, {"purpose": "support"})
    assert answer.status_code == 429
    assert "Quatrefages" not in answer.content.decode()
    assert not Entry.objects.filter(action="reveal", channel="admin").exists()


def test_staff_without_rights_see_no_model(now):
    made = one_more(now)
    client = verified_client(make_account(is_staff=True))
    assert client.get("/admin/").status_code == 200
    for model in MODELS:
        assert client.get(list_url(model)).status_code == 403
    url = reverse("admin:booking_patient_reveal", args=[made["patient"].pk])
    assert client.post(url, {"purpose": "support"}).status_code == 403


def test_a_credential_is_suspended_here(staff, now):
    one_more(now)
    credential = Credential.objects.get()
    url = reverse("admin:partners_credential_change", args=[credential.pk])
    staff.post(url, {"suspended_at_0": "2026-11-24", "suspended_at_1": "09:00:00"})
    credential.refresh_from_db()
    assert credential.suspended_at
    entry = Entry.objects.filter(action="staff-changed").latest("at")
    assert (entry.actor_kind, entry.channel) == ("staff", "admin")
    assert entry.object_id == credential.pk
    assert entry.details["model"] == "partners.Credential"
    assert entry.details["changed"] == ["suspended_at"]


def test_the_heading_says_who_is_signed_in(staff):
    page = staff.get(reverse("admin:index")).content.decode()
    # The same on every page; the first one adds the address, which is opened on the record.
    assert "<strong>Équipe Doctolib · staff@exemple.fr</strong>" in page
    assert str(Account.objects.get().pk) not in page
    (entry,) = Entry.objects.filter(action="reveal")
    assert entry.subjects == [Account.objects.get().pk] and entry.purpose == "account"
    other = staff.get(reverse("admin:practitioners_practice_changelist")).content.decode()
    assert "<strong>Équipe Doctolib</strong>" in other


def test_everything_that_is_shown_has_a_french_name():
    for model in admin.site._registry:
        names = [str(model._meta.verbose_name), str(model._meta.verbose_name_plural)]
        derived = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__).lower()
        assert names[0] != derived or derived in FRENCH_AS_ENGLISH, model
        shown = set(admin.site._registry[model].get_fields(None)) - {"reveal", "erasure"}
        for column in model._meta.get_fields():
            if column.name in shown and column.name not in FRENCH_AS_ENGLISH:
                assert str(column.verbose_name) != column.name.replace("_", " "), column
        site = admin.site._registry[model]
        for column in site.get_list_display(None):
            label = str(label_for_field(column, model, site))
            assert not label.lower().endswith(" id"), (model, label)
    for app in {model._meta.app_config.verbose_name for model in admin.site._registry}:
        assert str(app).lower() not in {"audit", "booking", "partners", "practitioners"}


# Words that are the same in both languages.
FRENCH_AS_ENGLISH = {"absence", "agenda", "agendas", "invitation", "message", "patient", "webhook",
                     "action", "code", "commune", "latitude", "longitude", "note", "population",
                     "description", "capacity", "sex", "date"}  # fmt: skip


def test_a_password_is_changed_where_everybodys_is(staff):
    answer = staff.get(reverse("admin:password_change"))
    assert answer["Location"] == reverse("booking:change-password")


@pytest.mark.parametrize(("language", "word"), [("fr", "scellé"), ("en", "sealed")])
def test_what_is_sealed_is_said_in_words(staff, now, language, word):
    """On each page of the admin that shows a sealed field as one that nobody writes."""
    one_more(now)
    staff.cookies["django_language"] = language
    words = set()
    for model in MODELS:
        rows = getattr(model, "unscoped", model._default_manager)
        row = rows.order_by("pk").last()
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_change"
        answer = staff.get(reverse(name, args=[row.pk]))
        page = answer.content.decode()
        assert "sealed&gt;" not in page, model
        words.update(re.findall(r'<div class="readonly">(scellé|sealed)</div>', page))
    assert words == {word}
