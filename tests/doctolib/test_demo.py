"""The demo: the same from the same seed, lived-in, and true to the places it stands on."""

from datetime import UTC, datetime

import pytest
from django.urls import reverse

from audit.vault.reveal import Purpose, reveal
from booking.models import Account, Appointment, Patient
from doctolib.demo import accounts, directory, load
from doctolib.demo.names import Names
from partners.models import Credential
from practitioners.models import Agenda, NextSlot, Practice, Practitioner, Taken
from tests.factories import practice_actor
from tests.partners.software import ask, assertion

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)


def load_small(seed):
    said = []
    load.load(now=NOW, say=said.append, seed=seed, practices=12, practitioners=24)
    return said


def portrait():
    people = list(Patient.unscoped.order_by("pk")[:40])
    fields = ("first_name", "last_name", "birth_date", "phone")
    with reveal(
        [(p, fields) for p in people], actor=practice_actor(), purpose=Purpose.SUPPORT
    ) as plain:
        names = sorted(tuple(plain.text(p, field) for field in fields) for p in people)
    return {
        "practices": sorted(Practice.objects.values_list("name", "address", "town", "phone")),
        "practitioners": sorted(Practitioner.objects.values_list("search_name", "sector")),
        "visits": sorted(
            Appointment.unscoped.values_list(
                "practice__external_id", "starts_at", "visit_reason__name", "status"
            )
        ),
        "patients": names,
    }


def test_the_demo_is_lived_in_and_the_same_from_the_same_seed():
    from django.db import transaction

    pictures = []
    for seed in (7, 7, 8):
        with transaction.atomic():
            said = load_small(seed)
            pictures.append(portrait())
            if seed == 7:
                assert load.is_loaded()
                assert said[-1].endswith("done")
                assert any("patients" in line for line in said), "long steps show progress"
                check_the_whole()
            transaction.set_rollback(True)
    assert pictures[0] == pictures[1]
    assert pictures[0] != pictures[2]


def check_the_whole():
    assert Practice.objects.count() == 12
    zones = set(Practice.objects.values_list("time_zone", flat=True))
    assert {"Europe/Paris", "America/Guadeloupe", "Indian/Reunion"} <= zones
    visits = Appointment.unscoped.all()
    assert visits.filter(starts_at__lt=NOW).exclude(status__in=["seen", "no_show"]).count() < 10
    assert visits.filter(starts_at__lt=NOW, status="no_show").exists()
    assert visits.filter(starts_at__gt=NOW).exists()
    assert Taken.objects.count() == visits.count()
    assert NextSlot.objects.filter(starts_at__isnull=False).count() > 20
    roles = {a.role: a for a in accounts.ACCOUNTS}
    assert set(roles) == {"patient", "practitioner", "secretary", "vendor", "admin"}
    assert Account.objects.count() == len(roles)
    practice = Practice.objects.get(name="Maison de santé des Tilleuls")
    assert practice.town == "Tours"
    assert Agenda.objects.filter(practice=practice).exists()


def test_the_full_demo_has_the_size_that_is_promised():
    assert (directory.PRACTICES, directory.PRACTITIONERS) == (600, 2000)


def test_telephones_lie_in_the_range_that_is_kept_for_fiction():
    """ARCEP, decision 2018-0881 annex: 06 39 98 xx xx is not assigned."""
    names = Names.from_seed(1)
    assert all(names.mobile().startswith("+3363998") for _ in range(50))


def test_the_demos_partner_opens_the_api(client):
    load_small(7)
    credential = Credential.objects.get(pk=accounts.PARTNER_ID)
    token = ask(assertion(credential, key=accounts.partner_key())).json()["access_token"]
    answer = client.get(reverse("api:agendas"), headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert answer.json()["agendas"]
