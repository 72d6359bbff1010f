"""A cookie in wrong hands gives nothing away: what does so asks for a fresh second factor."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import get_resolver, reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.models import Entry
from audit.views.factor import ASKS_ON, CODE_GIVEN_AT, ENTERED_AT
from booking.models import Account, CodeApp
from partners.models import ImportedCalendar
from practitioners.models import Invitation
from tests.addresses import names
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_member,
    make_practice,
    verified_client,
)
from tests.support.busy_times import calendar
from tests.support.routes import PRACTICE, STAFF, VENDOR, address, built, world

__all__ = ["built", "world"]
pytestmark = pytest.mark.django_db

POST, FILE = frozenset({"POST"}), frozenset({"GET", "HEAD"})
# What gives access or addresses away, changes how somebody signs in, or takes data out as a file.
ASKED = {
    "partners:software": POST, "partners:feeds": POST, "partners:import-calendar": POST,
    "partners:vendor": POST, "partners:add-key": POST, "partners:add-webhook": POST,
    "partners:change-secret": POST,
    "booking:members": POST, "booking:link-member": POST, "booking:date-member": POST,
    "booking:remove-member": POST,
    "booking:imports": POST, "booking:change-import": POST, "booking:import-rejects": FILE,
    "booking:practice-reads-csv": FILE, "booking:practice-incident-csv": FILE,
    "booking:statistics-csv": FILE, "booking:my-data-file": FILE,
    "booking:change-email": POST | FILE, "booking:passkeys": FILE,
    "booking:forget-passkey": POST, "booking:new-recovery-codes": POST,
    "booking:end-recovery-codes": POST,
    "incidents:register-csv": FILE, "incidents:form-pdf": FILE, "incidents:form-json": FILE,
    "incidents:bundle": FILE, "incidents:exposure": FILE, "incidents:decide": POST,
}  # fmt: skip
AGAIN = "/compte/confirmer/"


def declared():
    """The methods by which each named view asks, as its decorator says."""
    found = {}
    for pattern, name in _views(get_resolver().url_patterns, ""):
        if methods := getattr(pattern.callback, ASKS_ON, None):
            found[name] = methods
    return found


def _views(patterns, space):
    for each in patterns:
        if hasattr(each, "url_patterns"):
            within = f"{space}{each.namespace}:" if each.namespace else space
            yield from _views(each.url_patterns, within)
        elif each.name:
            yield each, f"{space}{each.name}"


def test_the_views_that_ask_are_those_of_the_list():
    assert declared() == ASKED
    assert set(ASKED) <= set(names())


def aged(client, **ago):
    """The same client, whose session proved itself some time ago."""
    session = client.session
    then = (timezone.now() - timedelta(**ago)).timestamp()
    session[CODE_GIVEN_AT] = session[ENTERED_AT] = then
    session.save()
    return client


def somebody(world, name):
    if name in STAFF:
        return make_account(is_staff=True)
    if name in VENDOR:
        return Account.objects.get(partner_memberships__isnull=False)
    if name in PRACTICE:
        return make_member(world["practice"], role="owner").account
    return world["owner"]


@pytest.mark.parametrize(
    ("name", "method"), [(name, each) for name in sorted(ASKED) for each in sorted(ASKED[name])]
)
def test_an_old_proof_is_asked_for_again_and_nothing_happens(world, name, method):
    client = aged(verified_client(somebody(world, name)), minutes=16)
    before = Entry.objects.count()
    answer = client.generic(method, address(name, world["ids"]))
    assert answer.status_code == 302
    assert answer["Location"].startswith(AGAIN)
    assert Entry.objects.count() == before
    again = client.get(answer["Location"])
    assert again["Location"].startswith(reverse("booking:code"))


@pytest.mark.parametrize("name", sorted(ASKED))
def test_a_fresh_proof_is_not_asked_for_again(world, name):
    client = aged(verified_client(somebody(world, name)), minutes=14)
    for method in sorted(ASKED[name]):
        answer = client.generic(method, address(name, world["ids"]))
        assert not answer.get("Location", "").startswith(AGAIN)


def test_an_invitation_goes_on_where_the_code_was_asked():
    practice = make_practice()
    account = make_member(practice, role="owner").account
    client = aged(verified_client(account), hours=1)
    url = reverse("booking:members", args=[practice.pk])
    form = {"email": "nouvelle@exemple.fr", "role": "secretary"}
    answer = client.post(url, form, follow=True)
    invited = Invitation.objects.filter(practice=practice)
    assert not invited.exists()
    (page, _status) = answer.redirect_chain[-1]
    assert page.startswith(reverse("booking:code"))
    token = totp(CodeApp.objects.get(user=account).seed)
    answer = client.post(page, {"code": f"{token:06d}"}, follow=True)
    draft = answer.context["draft"]
    assert ("email", "nouvelle@exemple.fr") in draft.fields
    client.post(draft.address, dict(draft.fields))
    assert invited.get().role == "secretary"


def test_a_file_is_attached_again_after_the_proof_and_then_taken():
    agenda = make_agenda()
    account = make_member(agenda.practice, role="owner").account
    client = aged(verified_client(account), minutes=16)
    url = reverse("partners:import-calendar", args=[agenda.practice_id])
    given = {"import-agenda": str(agenda.pk), "import-label": "Hôpital", "import-url": ""}
    answer = client.post(url, {**given, "import-file": _calendar()}, follow=True)
    (page, _status) = answer.redirect_chain[-1]
    token = totp(CodeApp.objects.get(user=account).seed)
    answer = client.post(page, {"code": f"{token:06d}"}, follow=True)
    draft = answer.context["draft"]
    assert draft.files == [("import-file", "garde.ics")]
    assert 'type="file" name="import-file"' in answer.content.decode()
    client.post(draft.address, {**dict(draft.fields), "import-file": _calendar()})
    assert ImportedCalendar.objects.get(agenda=agenda).label == "Hôpital"


def _calendar():
    busy = ("SUMMARY:Garde", "DTSTART:20261130T090000Z", "DTEND:20261130T100000Z")
    return SimpleUploadedFile("garde.ics", calendar(*busy))


def test_another_app_takes_a_fresh_proof():
    member = make_member(make_practice(), role="owner")
    client = aged(verified_client(member.account), hours=1)
    answer = client.get(reverse("booking:second-factor") + "?autre")
    assert answer["Location"].startswith(reverse("booking:prove-again"))
    assert CodeApp.objects.filter(user=member.account).count() == 1


def test_a_first_factor_is_set_by_the_password_again(client):
    """Without this, a cookie would make itself a second factor, and keep its owner out."""
    account = make_account()
    client.force_login(account, backend="booking.backends.EmailBackend")
    aged(client, minutes=16)
    page = reverse("booking:second-factor")
    answer = client.get(page)
    assert answer["Location"].startswith(AGAIN)
    wrong = client.post(answer["Location"], {"password": "faux", "next": page})
    assert "mot de passe" in str(wrong.context["form"].errors)
    right = client.post(answer["Location"], {"password": PASSWORD, "next": page})
    assert right["Location"] == page
    assert client.get(page).status_code == 200


def test_a_file_leads_back_to_its_page(world):
    account = make_member(world["practice"], role="owner").account
    client = aged(verified_client(account), minutes=16)
    page = reverse("booking:practice-reads", args=[world["practice"].pk])
    answer = client.get(
        reverse("booking:practice-reads-csv", args=[world["practice"].pk]),
        headers={"Referer": f"http://testserver{page}"},
    )
    assert answer["Location"] == f"{AGAIN}?next={page.replace('/', '%2F')}"
