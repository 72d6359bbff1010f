"""What an account settles for itself: its sessions, how it is reminded, whom it wants to find."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.models import Entry
from audit.record.entries import system_actor
from booking.accounts import accounts
from booking.accounts.sessions.sign_ins import browser_of
from booking.models import Account, CodeApp, Favourite, Message, SignIn
from booking.outbox import sending
from booking.rights import erase
from booking.session_store import digest_of
from tests.factories import make_account, make_agenda, make_opening, make_patient, make_reason
from tests.support.accounts import sign_in, signed_in
from tests.support.booked import booked

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
SESSIONS = reverse("booking:sessions")


@pytest.mark.parametrize(
    ("agent", "name"),
    [
        (FIREFOX, "Firefox, Linux"),
        (
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0",
            "Edge, Windows",
        ),
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
            "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
            "Safari, iPhone",
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 (KHTML, like Gecko) "
            "Chrome/126.0.0.0 Mobile Safari/537.36",
            "Chrome, Android",
        ),
        ("curl/8.0", ""),
        ("", ""),
    ],
)
def test_a_browser_is_called_what_people_call_it(agent, name):
    assert browser_of(agent) == name


@pytest.fixture
def account():
    return make_account("zoe@exemple.fr")


def device(**headers):
    client = Client(headers=headers)
    assert sign_in(client)
    assert signed_in(client)
    return client


def test_sessions_are_listed_and_one_is_closed(account):
    here, there = device(user_agent=FIREFOX), device(user_agent="Chrome Android")
    page = here.get(SESSIONS).content.decode()
    assert "Firefox, Linux" in page
    assert "Chrome, Android" in page
    assert page.count("celui-ci") == 1
    # The network alone is kept, not the address.
    assert "127.0.0.0/24" in page
    assert "Fermer toutes les autres" in page
    other = SignIn.objects.get(session_digest=digest_of(there.session.session_key))
    began = timezone.localtime(other.began_at)
    assert f'<span class="small">{began:%H:%M}</span>' in page
    here.post(reverse("booking:end-session", args=[other.pk]))
    # There is no other one to close.
    assert "Fermer toutes les autres" not in here.get(SESSIONS).content.decode()
    assert there.get(SESSIONS).status_code == 302
    assert "Chrome, Android" not in here.get(SESSIONS).content.decode()
    assert Entry.objects.get(action="session-ended").actor_id == account.pk


def test_all_others_are_closed_even_those_never_noted(account):
    here, there = device(), device()
    unknown = Client()
    unknown.force_login(account, backend="booking.backends.EmailBackend")
    assert unknown.get(SESSIONS).status_code == 200
    here.post(reverse("booking:end-other-sessions"))
    assert here.get(SESSIONS).status_code == 200
    for gone in (there, unknown):
        assert gone.get(SESSIONS).status_code == 302
    (row,) = SignIn.objects.all()
    assert row.session_digest == digest_of(here.session.session_key)
    assert "celui-ci" in here.get(SESSIONS).content.decode()


@pytest.mark.parametrize("wanted", ["oui", "non"])
def test_a_favourite_of_two_tabs_is_what_both_wanted(account, wanted):
    """The second tab's button said the same as the first one's, and does not undo it."""
    client, practitioner = device(), make_agenda().practitioner
    there = reverse("booking:toggle-favourite", args=[practitioner.pk])
    if wanted == "non":
        client.post(there, {"garder": "oui"})
    for _n in range(2):
        page = reverse("practitioners:practitioner", args=[practitioner.pk])
        assert client.post(there, {"garder": wanted, "next": page})["Location"] == page
        shown = client.get(page).content.decode()
        assert f'name="garder" value="{"non" if wanted == "oui" else "oui"}"' in shown


def test_nobody_closes_anothers_session(account):
    device()
    row = SignIn.objects.get()
    stranger = Client()
    stranger.force_login(make_account(), backend="booking.backends.EmailBackend")
    assert stranger.post(reverse("booking:end-session", args=[row.pk])).status_code == 404
    assert SignIn.objects.filter(pk=row.pk).exists()


def test_signing_out_is_not_listed_any_more(account):
    device().post(reverse("booking:sign-out"))
    assert not SignIn.objects.exists()


def test_a_session_says_when_it_was_used_last(account, time_machine, now):
    time_machine.move_to(now)
    client = device()
    time_machine.move_to(now + timedelta(minutes=30))
    client.get(SESSIONS)
    time_machine.move_to(now + timedelta(hours=2))
    client.get(SESSIONS)
    seen = SignIn.objects.get().seen_at
    assert timedelta(hours=2) <= seen - now < timedelta(hours=2, minutes=1)


@pytest.fixture
def reason():
    agenda = make_agenda()
    reason = make_reason(agenda)
    make_opening(agenda, reason)
    return reason


@pytest.mark.parametrize(
    ("wish", "phone", "channels"),
    [
        ("both", "+33612345678", {"email", "sms"}),
        ("email", "+33612345678", {"email"}),
        ("sms", "+33612345678", {"sms"}),
        ("none", "+33612345678", set()),
        # Without a number there is no choice: better by e-mail than not at all.
        ("sms", "", {"email"}),
    ],
)
def test_reminders_come_as_wished(wish, phone, channels, account, reason, now, settings, tmp_path):
    settings.SMS_DIR = str(tmp_path)
    Account.objects.filter(pk=account.pk).update(reminders=wish)
    appointment = booked(reason, now, patient=make_patient(account, phone=phone))
    due = appointment.starts_at - timedelta(hours=47)
    sending.send_owed(now=due)
    sent = Message.objects.filter(kind="reminder", state="sent")
    assert set(sent.values_list("channel", flat=True)) == channels
    assert any("Rappel" in each.subject for each in mail.outbox) == ("email" in channels)
    # What is not a reminder comes in any case.
    assert Message.objects.filter(kind="confirmation", state="sent").exists()


def test_the_wish_is_said_on_the_account_page(account):
    client = device()
    page = client.get(reverse("booking:account")).content.decode()
    assert "Par SMS seulement" in page
    client.post(reverse("booking:account"), {"language": "fr", "reminders": "sms"})
    account.refresh_from_db()
    assert account.reminders == "sms"
    answer = client.post(reverse("booking:account"), {"language": "fr", "reminders": "pigeon"})
    assert answer.status_code == 200
    account.refresh_from_db()
    assert account.reminders == "sms"


def test_a_practitioner_is_kept_and_let_go(account, reason):
    practitioner = reason.agenda.practitioner
    url = reverse("practitioners:practitioner", args=[practitioner.pk])
    toggle = reverse("booking:toggle-favourite", args=[practitioner.pk])
    assert "mes praticiens" not in Client().get(url).content.decode()
    client = device()
    assert "Ajouter à mes praticiens" in client.get(url).content.decode()
    assert client.post(toggle, {"next": f"{url}?suivi=oui"})["Location"] == f"{url}?suivi=oui"
    assert "Dans mes praticiens" in client.get(url).content.decode()
    home = reverse("practitioners:home")
    assert str(practitioner) in client.get(home).content.decode()
    assert str(practitioner) not in Client().get(home).content.decode()
    part = client.post(toggle, headers={"HX-Request": "true"}).content.decode()
    assert "Ajouter à mes praticiens" in part
    assert not Favourite.objects.exists()


def test_the_way_back_leads_to_our_own_pages(account, reason):
    toggle = reverse("booking:toggle-favourite", args=[reason.agenda.practitioner_id])
    answer = device().post(toggle, {"next": "https://evil.example/"})
    assert answer["Location"].startswith("/praticien/")


def test_all_of_it_is_exported_and_erased(account, reason, now):
    client = device(user_agent=FIREFOX)
    client.post(reverse("booking:toggle-favourite", args=[reason.agenda.practitioner_id]))
    held = client.get(reverse("booking:my-data-file")).json()
    assert held["favourites"] == [str(reason.agenda.practitioner)]
    assert [each["browser"] for each in held["sessions"]] == ["Firefox, Linux"]
    assert held["account"]["reminders"] == "both"
    erase.erase_account(account=account, actor=system_actor(), now=now)
    assert not Favourite.objects.exists()
    assert not SignIn.objects.exists()


@pytest.mark.usefixtures("at_now")
def test_a_reminder_leads_to_other_slots_while_one_may_move(account, reason, now):
    """From the mail: one tap opens the slots, the second one moves."""
    appointment = booked(reason, now, patient=make_patient(account))
    move = reverse("booking:move", args=[appointment.pk])
    sending.send_owed(now=appointment.starts_at - timedelta(hours=47))
    (early,) = [each for each in mail.outbox if "Rappel" in each.subject]
    assert move in early.body
    assert move in early.alternatives[0][0]
    client = device()
    page = client.get(move).content.decode()
    start = re.findall(r'name="debut" value="([^"]+)"', page)[0]
    client.post(move, {"debut": start})
    appointment.refresh_from_db()
    assert appointment.moves == 1
    mail.outbox.clear()
    # After the practice's deadline nobody is led to what would be refused.
    sending.send_owed(now=appointment.starts_at - timedelta(hours=1))
    late = [each.body for each in mail.outbox if "Rappel" in each.subject]
    assert late
    assert not any(move in body for body in late)


def reminder(account, reason, now):
    appointment = booked(reason, now, patient=make_patient(account))
    sending.send_owed(now=appointment.starts_at - timedelta(hours=47))
    (letter,) = [each for each in mail.outbox if "Rappel" in each.subject]
    return letter


def test_a_mail_program_ends_reminders_with_one_click(account, reason, now):
    letter = reminder(account, reason, now)
    headers = letter.message()
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    path = re.fullmatch(r"<https?://[^/]+(/rappels/.+/)>", headers["List-Unsubscribe"])[1]
    # A scanner that follows links ends nothing; the button does, without cookie or token.
    strict = Client(enforce_csrf_checks=True)
    assert "Arrêter les rappels" in strict.get(path).content.decode()
    account.refresh_from_db()
    assert account.reminders == "both"
    assert strict.post(path, {"List-Unsubscribe": "One-Click"}).status_code == 200
    account.refresh_from_db()
    assert account.reminders == "none"
    assert Entry.objects.filter(action="reminders-ended").count() == 1
    strict.post(path)
    assert Entry.objects.filter(action="reminders-ended").count() == 1


def test_what_is_no_reminder_cannot_be_ended_so(account, reason, now):
    reminder(account, reason, now)
    others = [each for each in mail.outbox if "Rappel" not in each.subject]
    assert others
    assert not any(each.message()["List-Unsubscribe"] for each in others)


@pytest.mark.parametrize("token", ["x", "a:b:c"])
def test_a_made_up_link_ends_nothing(token, account):
    assert Client().post(reverse("booking:no-reminders", args=[token])).status_code == 400
    account.refresh_from_db()
    assert account.reminders == "both"


def test_a_link_of_another_kind_ends_nothing(account):
    token = accounts.reset_token(account)
    assert Client().post(reverse("booking:no-reminders", args=[token])).status_code == 400


def test_a_new_factor_offers_to_close_the_others(account):
    """After an app was set up, and on the page of passkeys; the account stays open here."""
    elsewhere, here = device(), device()
    page = reverse("booking:second-factor")
    here.get(page)
    seed = CodeApp.objects.get(user=account).seed
    codes = here.post(page, {"code": f"{totp(seed):06d}"}, follow=True).content.decode()
    close = reverse("booking:end-other-sessions")
    assert f'action="{close}"' in codes
    assert f'action="{close}"' in here.get(reverse("booking:passkeys")).content.decode()
    assert elsewhere.get(SESSIONS).status_code == 200
    assert here.post(close).status_code == 302
    assert elsewhere.get(SESSIONS).status_code == 302
    assert here.get(SESSIONS).status_code == 200
