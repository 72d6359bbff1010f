"""A cookie of our own team in wrong hands changes nothing: each form asks for a proof of just now."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib import admin
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.models import Entry
from audit.staff_admin import IS_READING
from audit.views.factor import CODE_GIVEN_AT
from booking.models import Account, CodeApp, FactorReset
from partners.models import Partner
from practitioners.models import Practice
from tests.factories import make_account, make_credential, make_practice, verified_client

pytestmark = pytest.mark.django_db
AGAIN = reverse("booking:prove-again")
# What only reads, with a purpose, on the record and within a bound.
READINGS = {"reveal", "look_up", "visits"}


@pytest.fixture
def staff():
    return verified_client(make_account("staff@exemple.fr", is_staff=True, is_superuser=True))


def aged(client, minutes=16):
    session = client.session
    session[CODE_GIVEN_AT] = (timezone.now() - timedelta(minutes=minutes)).timestamp()
    session.save()
    return client


def send(client, page, given):
    """Send the form of a page, with a proof that is old, as a browser does."""
    return aged(client).post(page, given, headers={"Referer": f"http://testserver{page}"})


def proves(client, answer):
    """Give the code where a form led, and return the page to which that leads back."""
    assert answer.status_code == 302
    page = client.get(answer["Location"], follow=True).redirect_chain[-1][0]
    code = totp(CodeApp.objects.get(user__is_staff=True).seed)
    return client.post(page, {"code": f"{code:06d}"}, follow=True)


def edit(row):
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def test_a_vendor_is_verified_with_a_proof_of_just_now_alone(staff):
    partner = make_credential().partner
    Partner.objects.filter(pk=partner.pk).update(verified_at=None)
    given = {"verified_at_0": "2026-11-24", "verified_at_1": "08:00:00"}
    entries = Entry.objects.count()
    answer = send(staff, edit(partner), given)
    assert answer["Location"].startswith(AGAIN)
    partner.refresh_from_db()
    assert (partner.verified_at, Entry.objects.count()) == (None, entries)
    page = proves(staff, answer)
    assert page.redirect_chain[-1][0] == edit(partner)
    # What was filled in is there again, and is not saved by itself.
    html = page.content.decode()
    assert 'value="2026-11-24"' in html and 'value="08:00:00"' in html
    assert "rien n’est encore enregistré" in html
    partner.refresh_from_db()
    assert partner.verified_at is None
    assert staff.post(edit(partner), given).status_code == 302
    partner.refresh_from_db()
    assert partner.verified_at == datetime(2026, 11, 24, 7, tzinfo=UTC)
    assert "rien n’est encore" not in staff.get(edit(partner)).content.decode()


def test_a_long_text_is_not_lost(staff):
    practice = make_practice()
    page = staff.get(edit(practice))
    form = page.context["adminform"].form
    given = {name: form[name].value() or "" for name in form.fields}
    given["access_info"] = "Au fond de la cour, à gauche après la grille."
    answer = send(staff, edit(practice), given)
    assert given["access_info"] in proves(staff, answer).content.decode()
    assert Practice.objects.get(pk=practice.pk).access_info != given["access_info"]


def forms_of_the_administration():
    """Each address of the administration, with whether its form only reads."""
    for model, site_admin in admin.site._registry.items():
        for each in site_admin.urls:
            if each.name:
                yield f"{model._meta.label}:{each.name}", each


@pytest.mark.parametrize(
    ("name", "pattern"), sorted(forms_of_the_administration(), key=lambda pair: pair[0])
)
def test_every_form_asks_but_those_that_only_read(staff, rf, name, pattern):
    is_reading = getattr(pattern.callback, IS_READING, False)
    assert is_reading == any(name.endswith(f"_{each}") for each in READINGS)
    row = make_account()
    args = {
        key: row.pk if key != "object_id" else str(row.pk) for key in pattern.pattern.converters
    }
    url = reverse(f"admin:{pattern.name}", kwargs=args)
    entries = Entry.objects.count()
    answer = aged(staff).post(url, {"is_active": "", "post": "yes"})
    asked = answer.status_code == 302 and answer["Location"].startswith(AGAIN)
    assert asked is not is_reading
    assert Entry.objects.count() == entries
    assert Account.objects.filter(pk=row.pk, is_active=True).exists()
    assert not FactorReset.objects.exists()


def test_a_stranger_is_asked_for_nothing_and_led_away(client):
    url = edit(make_credential().partner)
    assert client.post(url, {})["Location"].startswith(reverse("admin:login"))
    somebody = verified_client(make_account())
    assert not aged(somebody).post(url, {})["Location"].startswith(AGAIN)
