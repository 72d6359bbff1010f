"""A form of a page from before signing in can be sent again; another site's cannot."""

import re
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from booking.models import Account, RecoverySheet
from practitioners.models import Taken
from tests.factories import PASSWORD, make_account, make_agenda, make_opening, make_reason

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("at_now")]
HERE, ELSEWHERE = {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "cross-site"}


@pytest.fixture
def reason():
    agenda = make_agenda(open_on_holidays=True)
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.fixture
def client():
    make_account("retour@exemple.fr")
    return Client(enforce_csrf_checks=True)


def post(client, path, given, **headers):
    form = "application/x-www-form-urlencoded"
    return client.post(path, urlencode(given), content_type=form, headers=headers)


def slot_of_an_old_page(client, reason):
    """A slot on a page that was opened before signing in."""
    page = reverse("practitioners:practitioner", args=[reason.agenda.practitioner_id])
    content = client.get(page).content.decode()
    token, starts_at = (
        re.search(rf'name="{name}"\s+value="([^"]+)"', content)[1]
        for name in ("csrfmiddlewaretoken", "debut")
    )
    sign_in = reverse("booking:sign-in")
    fresh = re.search(r'csrfmiddlewaretoken" value="([^"]+)"', client.get(sign_in).content.decode())
    answer = post(
        client, sign_in,
        {"csrfmiddlewaretoken": fresh[1], "email": "retour@exemple.fr", "password": PASSWORD},
    )  # fmt: skip
    assert answer.status_code == 302
    return {"csrfmiddlewaretoken": token, "motif": str(reason.pk), "debut": starts_at}


def test_a_slot_of_an_old_page_is_sent_again_with_one_button(client, reason):
    given = slot_of_an_old_page(client, reason)
    answer = post(client, reverse("booking:hold"), given, **HERE)
    assert answer.status_code == 403
    content = answer.content.decode()
    shown = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', content))
    assert shown["motif"] == given["motif"]
    assert shown["csrfmiddlewaretoken"] != given["csrfmiddlewaretoken"]
    assert post(client, reverse("booking:hold"), shown, **HERE).status_code == 302
    assert Taken.objects.count() == 1


@pytest.mark.parametrize("headers", [ELSEWHERE, {"Origin": "https://elsewhere.example"}, {}])
def test_a_form_of_another_site_is_not_shown_again(client, reason, headers):
    given = slot_of_an_old_page(client, reason) | {"csrfmiddlewaretoken": "x" * 64}
    answer = post(client, reverse("booking:hold"), given, **headers)
    assert answer.status_code == 403
    assert given["motif"] not in answer.content.decode()
    assert Taken.objects.count() == 0


def test_a_password_is_never_written_into_the_page(client, reason):
    given = slot_of_an_old_page(client, reason)
    secret = {"email": "retour@exemple.fr", "password": PASSWORD}
    given = {"csrfmiddlewaretoken": given["csrfmiddlewaretoken"]} | secret
    answer = post(client, reverse("booking:sign-in"), given, **HERE)
    assert answer.status_code == 403
    content = answer.content.decode()
    assert PASSWORD not in content
    assert f'href="{reverse("booking:sign-in")}"' in content


def test_error_pages_say_which_language_they_speak(client):
    client.cookies["django_language"] = "en"
    content = client.get("/cette-page-n-existe-pas/").content.decode()
    assert '<html lang="en">' in content
    assert "Page not found" in content


# Two tabs of one browser.


def token_of(page):
    return re.search(r'csrfmiddlewaretoken" value="([^"]+)"', page.content.decode())[1]


@pytest.mark.parametrize("is_signed_in", [True, False])
def test_a_code_that_another_tab_has_given_is_not_asked_again(client, is_signed_in):
    """Each tab goes on to where it was going, whether one has signed in or only confirmed."""
    account = Account.objects.get()
    sheet = RecoverySheet.objects.create(user=account, name="recovery")
    codes = [sheet.add_code() for _tab in range(2)]
    first, second, elsewhere = (
        reverse(f"booking:{name}") for name in ("passkeys", "new-recovery-codes", "account")
    )
    if is_signed_in:
        client.force_login(account, backend="booking.backends.EmailBackend")
        form = client.get(elsewhere)
        pages = [
            client.get(f"{reverse('booking:prove-again')}?next={target}", follow=True)
            for target in (first, second)
        ]
    else:
        given = {"email": "retour@exemple.fr", "password": PASSWORD}
        token = token_of(client.get(reverse("booking:sign-in")))
        client.post(reverse("booking:sign-in"), {**given, "csrfmiddlewaretoken": token})
        pages = [
            client.get(f"{reverse('booking:code')}?next={target}") for target in (first, second)
        ]
    for page, code, target in zip(pages, codes, (first, second), strict=True):
        answer = post(
            client, reverse("booking:code"),
            {"csrfmiddlewaretoken": token_of(page), "code": code, "next": target}, **HERE,
        )  # fmt: skip
        for _step in range(3):
            if answer["Location"] == target:
                break
            answer = client.get(answer["Location"])
        assert answer["Location"] == target
    assert sheet.codes.count() == 1, "the second code was not looked at, and serves another time"
    if is_signed_in:
        # Nor has any other form aged that was open: nobody has signed in or out.
        url = reverse("booking:sign-out")
        assert post(client, url, {"csrfmiddlewaretoken": token_of(form)}, **HERE).status_code == 302


def test_a_code_of_another_site_or_for_another_account_leads_nowhere(client):
    account = Account.objects.get()
    RecoverySheet.objects.create(user=account, name="recovery")
    client.force_login(account, backend="booking.backends.EmailBackend")
    given = {"csrfmiddlewaretoken": "x" * 64, "code": "1", "next": reverse("booking:account")}
    assert post(client, reverse("booking:code"), given, **ELSEWHERE).status_code == 403
    # The session has shown no second factor: there is nothing to lead on with.
    assert post(client, reverse("booking:code"), given, **HERE).status_code == 403
