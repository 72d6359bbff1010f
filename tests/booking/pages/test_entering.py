"""Where somebody goes on once they are signed in, and what is asked of them on the way."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from booking.models import Account, CodeApp
from booking.pages.session import entering
from partners.models import PartnerMember
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    verified_client,
)
from tests.support.accounts import sign_in, signed_in
from tests.support.entering import APPOINTMENTS, hold_slot

pytestmark = pytest.mark.django_db
SIGN_IN, CODE = reverse("booking:sign-in"), reverse("booking:code")
WORKPLACES = reverse("booking:workplaces")
EMAIL = "zoe@exemple.fr"


@pytest.fixture
def account():
    return make_account(EMAIL)


def agenda_of(practice):
    return reverse("booking:agenda", args=[practice.pk])


def work_at(account, practice=None, **values):
    practice = practice or make_practice()
    member = make_member(practice, role="owner", **values)
    member.account = account
    member.save()
    return practice


def sell(account, name="Éditeur"):
    partner = make_credential(name).partner
    PartnerMember.objects.create(partner=partner, account=account, created_at=timezone.now())
    return partner


def test_a_patient_goes_to_their_appointments(account, client):
    assert sign_in(client)["Location"] == APPOINTMENTS


def test_a_member_goes_to_the_agenda(account, client):
    practice = work_at(account)
    assert sign_in(client)["Location"] == agenda_of(practice)


def test_a_member_of_several_practices_chooses_and_then_returns_to_the_last_one(account, client):
    work_at(account)
    practice = work_at(account)
    assert sign_in(client)["Location"] == WORKPLACES
    page = client.get(WORKPLACES).content.decode()
    # Besides, how each of them is left is said below.
    assert page.count('class="button wide" href="/cabinet/') == 2
    assert verified_client(account).get(agenda_of(practice)).status_code == 200
    CodeApp.objects.all().delete()
    assert sign_in(Client())["Location"] == agenda_of(practice)
    account.memberships.filter(practice=practice).delete()
    work_at(account)
    assert sign_in(Client())["Location"] == WORKPLACES


def test_an_access_that_has_ended_is_no_work(account, client):
    practice = work_at(account, ends_on=timezone.now().date() - timedelta(days=2))
    assert sign_in(client)["Location"] == APPOINTMENTS
    assert agenda_of(practice) not in client.get(APPOINTMENTS).content.decode()


@pytest.mark.parametrize("vendors", [1, 2])
def test_a_vendor_goes_to_its_page(account, client, vendors):
    partners = [sell(account, f"Éditeur {n}") for n in range(vendors)]
    expected = reverse("partners:vendors")
    if vendors == 1:
        expected = reverse("partners:vendor", args=[partners[0].pk])
    assert sign_in(client)["Location"] == expected
    assert f'href="{expected}"' in client.get(APPOINTMENTS).content.decode()


@pytest.mark.parametrize(
    ("is_superuser", "page"), [(True, "admin:index"), (False, "incidents:register")]
)
def test_staff_go_to_the_admin_and_the_incident_team_to_incidents(client, is_superuser, page):
    make_account(EMAIL, is_staff=True, is_superuser=is_superuser)
    assert sign_in(client)["Location"] == reverse(page)
    shown = client.get(APPOINTMENTS).content.decode()
    for name in ("admin:index", "incidents:register"):
        assert f'href="{reverse(name)}"' in shown


def test_of_several_roles_the_practice_comes_first_and_the_header_leads_to_all(client):
    account = make_account(EMAIL, is_staff=True, is_superuser=True)
    partner, practice = sell(account), work_at(account)
    make_patient(account)
    assert sign_in(client)["Location"] == agenda_of(practice)
    page = client.get(reverse("practitioners:home")).content.decode()
    for address in (
        agenda_of(practice), reverse("partners:vendor", args=[partner.pk]), APPOINTMENTS,
        reverse("admin:index"), reverse("incidents:register"),
    ):  # fmt: skip
        assert f'href="{address}"' in page


def test_what_was_asked_for_comes_before_work(account, client):
    work_at(account)
    target = reverse("booking:reads")
    assert sign_in(client, next=target)["Location"] == target


@pytest.fixture
def reason():
    reason = make_reason(make_agenda())
    make_opening(reason.agenda, reason)
    return reason


@pytest.mark.usefixtures("at_now")
@pytest.mark.parametrize("works", [True, False])
def test_a_booking_in_progress_comes_first(account, client, reason, works):
    if works:
        work_at(account)
    target = hold_slot(client, reason)
    assert sign_in(client)["Location"] == target


def test_a_booking_of_yesterday_is_no_longer_in_progress(
    account, client, reason, time_machine, now
):
    time_machine.move_to(now)
    hold_slot(client, reason)
    time_machine.move_to(now + timedelta(days=1))
    assert sign_in(client)["Location"] == APPOINTMENTS


def test_a_member_without_a_second_factor_sets_it_up_and_goes_on(account, client):
    practice = work_at(account)
    agenda = sign_in(client)["Location"]
    page = client.get(agenda)["Location"]
    assert page.startswith(reverse("booking:second-factor"))
    client.get(page)
    device = CodeApp.objects.get(user=account, confirmed=False)
    shown = client.post(page, {"code": f"{totp(device.seed):06d}", "next": agenda}, follow=True)
    assert f'href="{agenda_of(practice)}"' in shown.content.decode()
    assert client.get(agenda).status_code == 200


def test_a_member_with_a_second_factor_gives_it_and_goes_on(account, client):
    practice = work_at(account)
    device = CodeApp.objects.create(user=account, confirmed=True)
    assert sign_in(client)["Location"] == CODE
    answer = client.post(CODE, {"code": f"{totp(device.seed):06d}"})
    assert answer["Location"] == agenda_of(practice)


def test_a_password_does_not_wait_for_its_code_for_ever(account, client, time_machine, now):
    CodeApp.objects.create(user=account, confirmed=True)
    time_machine.move_to(now)
    target = reverse("booking:reads")
    page = sign_in(client, next=target)["Location"]
    assert client.get(page).status_code == 200
    time_machine.move_to(now + entering.CODE_WITHIN + timedelta(seconds=1))
    answer = client.get(page)
    assert answer["Location"].startswith(SIGN_IN)
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [target]


@pytest.mark.parametrize("page", ["booking:sign-in", "booking:sign-up"])
def test_who_is_signed_in_goes_on_instead_of_signing_in_again(account, client, page):
    sign_in(client)
    target = reverse("booking:reads")
    assert client.get(reverse(page))["Location"] == APPOINTMENTS
    assert client.get(reverse(page), {"next": target})["Location"] == target


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/", "//evil.example/", "///evil.example", "javascript:alert(1)",
        "/\\evil.example", "\\\\evil.example", "http:evil.example", "/" + "a" * 5000,
        "/n’existe-pas/", "/\r\nSet-Cookie: a=b", SIGN_IN, CODE,
        f"{SIGN_IN}?next={SIGN_IN}", reverse("booking:sign-out"), reverse("booking:sign-up"),
        reverse("admin:login"), "data:text/html,x", "http://[", "//[::1", "?next=//evil.example",
    ],
)  # fmt: skip
def test_a_hostile_target_is_not_followed(account, target):
    for first in (Client(), Client()):
        answer = sign_in(first, next=target)
        assert answer["Location"] == APPOINTMENTS
        # Nor once somebody is signed in.
        assert first.get(SIGN_IN, {"next": target})["Location"] == APPOINTMENTS
    page = Client().get(SIGN_IN, {"next": target})
    assert page.status_code == 200
    assert 'name="next"' not in page.content.decode()


def test_a_target_with_a_nul_is_not_followed(account, client):
    assert sign_in(client, next="/compte/\x00")["Location"] == APPOINTMENTS
    assert client.get(SIGN_IN, {"next": "\x00"}).status_code == 400


@pytest.mark.parametrize(
    ("email", "password"),
    [
        ("", ""), (EMAIL, ""), ("", PASSWORD), ("zoe", PASSWORD), ("zoe@", PASSWORD),
        (EMAIL, "x" * 100_000), ("z" * 100_000 + "@exemple.fr", PASSWORD), ("\x00@exemple.fr", "x"),
        (EMAIL, "\x00"), ("zoé@exemple.fr", PASSWORD), ("' or 1=1 --", "' or 1=1 --"),
        (f"{EMAIL}\r\nBcc: x@exemple.fr", PASSWORD), (EMAIL, f" {PASSWORD} "), ("😀@exemple.fr", "😀"),
    ],
)  # fmt: skip
def test_any_input_is_answered_by_the_form(account, client, email, password):
    answer = sign_in(client, email=email, password=password)
    assert answer.status_code == 200
    assert '<form method="post"' in answer.content.decode()
    assert not signed_in(client)


def test_missing_fields_and_a_body_of_another_kind_are_answered_too(client):
    assert client.post(SIGN_IN).status_code == 200
    assert client.post(SIGN_IN, b"{", content_type="application/json").status_code == 200


def test_a_form_sent_after_the_session_ended_leads_back_to_its_page(account, client):
    page, action = reverse("booking:sessions"), reverse("booking:end-other-sessions")
    there = f"http://testserver{page}"
    answer = client.post(action, headers={"Referer": there}, follow=True)
    (address, _status) = answer.redirect_chain[-1]
    assert parse_qs(urlsplit(address).query)["next"] == [page]
    assert "rien n’a été enregistré" in answer.content.decode()
    elsewhere = client.post(action, headers={"Referer": "https://evil.example/x"})
    assert elsewhere["Location"] == SIGN_IN
    assert sign_in(client, next=page)["Location"] == page


def test_a_fragment_leads_the_whole_page_to_the_sign_in(client):
    page = reverse("booking:reads")
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{page}?p=2"}
    answer = client.get(page, headers=headers)
    target = parse_qs(urlsplit(answer["HX-Redirect"]).query)["next"]
    assert target == [f"{page}?p=2"]


def test_a_picture_or_stream_is_no_page_to_come_back_to(client):
    answer = client.get(
        reverse("booking:offline-visits"),
        headers={
            "Sec-Fetch-Mode": "cors",
            "Sec-Fetch-Dest": "empty",
            "Referer": f"http://testserver{APPOINTMENTS}",
        },
    )
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [APPOINTMENTS]


def test_a_page_that_a_service_worker_passes_on_is_one_to_come_back_to(client):
    headers = {"Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "empty"}
    answer = client.get(reverse("booking:reads"), headers=headers)
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [reverse("booking:reads")]


def test_a_vendors_form_without_the_second_factor_leads_back_to_its_page(account, client):
    partner = sell(account)
    credential = partner.credentials.get()
    page = reverse("partners:credential", args=[partner.pk, credential.pk])
    action = reverse("partners:add-key", args=[partner.pk, credential.pk])
    sign_in(client)
    answer = client.post(action, headers={"Referer": f"http://testserver{page}"})
    assert answer["Location"].startswith(reverse("booking:second-factor"))
    assert parse_qs(urlsplit(answer["Location"]).query)["next"] == [page]


def test_a_second_account_in_the_same_browser_takes_the_session_over(account, client):
    other = make_account("autre@exemple.fr")
    make_patient(account, first_name="Aurèle")
    sign_in(client)
    token = client.session.session_key
    sign_in(client, email="autre@exemple.fr")
    assert client.session["_auth_user_id"] == str(other.pk)
    assert client.session.session_key != token
    assert "Aurèle" not in client.get(reverse("booking:people")).content.decode()


def test_after_signing_out_the_back_button_shows_nothing(account, client):
    sign_in(client)
    page = client.get(reverse("booking:account"))
    assert "no-store" in page["Cache-Control"]
    gone = client.post(reverse("booking:sign-out"))
    assert '"cache"' in gone["Clear-Site-Data"]
    assert client.get(reverse("booking:account")).status_code == 302


@pytest.mark.parametrize(
    ("target", "expected"),
    [(f"{SIGN_IN}?next=/compte/", f"{SIGN_IN}?next=/compte/"), ("//evil.example/", "/"), ("", "/")],
)
def test_signing_out_leads_to_our_own_pages(account, client, target, expected):
    sign_in(client)
    assert client.post(reverse("booking:sign-out"), {"next": target})["Location"] == expected
    assert Account.objects.count() == 1
