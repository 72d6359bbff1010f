"""One of each secret that lets somebody in is looked for in a copy of everything that is stored."""

import base64
import logging
import re
from pathlib import Path

import pytest
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp.oath import totp

from audit.redis_client import redis_client
from audit.vault.kept_secrets import keep_secret
from booking.accounts import accounts, drafts
from booking.accounts.addresses import address_checks
from booking.models import AddressCheck, CodeApp
from booking.patients import handover
from partners.domain import feeds, tokens, webhooks
from partners.domain.imports import ADDRESS
from partners.models import ImportedCalendar, Webhook
from practitioners.domain.staff import invite
from tests.audit.stored import encodings, everything_stored
from tests.factories import (
    PASSWORD,
    make_account,
    make_agenda,
    make_credential,
    make_member,
    make_patient,
    practice_actor,
)

pytestmark = pytest.mark.django_db(transaction=True)
NEW_PASSWORD = "un tout autre mot de passe"
NEWCOMER = "nouveau@exemple.fr"


def enrolled(account) -> dict[str, str]:
    """Sign in, set up an app and recovery codes, and begin to add a passkey, all by the pages."""
    client = Client()
    client.post(reverse("booking:sign-in"), {"email": "membre@exemple.fr", "password": PASSWORD})
    visitor, page = client.cookies["sessionid"].value, reverse("booking:second-factor")
    client.get(page)
    seed = CodeApp.objects.get(user=account).seed
    shown = client.post(page, {"code": f"{totp(seed):06d}"}, follow=True).content.decode()
    codes = re.findall("<li>((?:[a-z2-7]{4}-){3}[a-z2-7]{4})</li>", shown)
    assert len(codes) == 10
    begun = client.post(reverse("booking:begin-adding-passkey"))
    return {
        "session": visitor,
        "session with a factor": client.cookies["sessionid"].value,
        "seed": base64.b32encode(seed).decode(),
        "seed in hexadecimal": seed.hex(),
        "seed in base 64": base64.b64encode(seed).decode().rstrip("="),
        "recovery code": codes[0],
        "recovery code as typed": codes[1].replace("-", ""),
        "question to a passkey": begun.json()["challenge"],
    }


def opened(links: dict[str, str]) -> dict[str, str]:
    """Open each link as a stranger does, sign up to go on with it, and send it what it refuses."""
    for name, token in links.items():
        path = reverse(name, args=[token])
        client = Client()
        client.get(path)
        client.post(path, {"x": "1"})
        client.put(path)
        for step in ("booking:sign-in", "booking:sign-up"):
            client.get(reverse(step), {"next": path})
        given = {"email": f"{len(path)}-{NEWCOMER}", "password": NEW_PASSWORD, "next": path}
        client.post(reverse("booking:sign-up"), given)
    return links


def secrets_of_a_day() -> dict[str, str]:
    """What each way in hands out, by its name."""
    now, actor = timezone.now(), practice_actor()
    agenda = make_agenda()
    member = make_member(agenda.practice, role="owner")
    account = make_account("membre@exemple.fr")
    child = make_patient(account, relation="child", first_name="Lou")
    credential = make_credential()
    hook = Webhook.objects.create(
        credential=credential, url="https://logiciel.example/", secret_changed_at=now,
        cursor="0", created_at=now,
    )  # fmt: skip
    invitation = invite.invite(
        practice=agenda.practice, email=NEWCOMER, role="secretary", agendas=[],
        invited_by=member.account, actor=actor, now=now,
    )  # fmt: skip
    offered = handover.offer(
        patient=child, email="grand@exemple.fr", account=account, actor=actor, now=now
    )
    calendar = "https://agenda.example/prive/cle-0123456789abcdef.ics"
    ImportedCalendar.objects.create(
        agenda=agenda, label="x", sealed_url=keep_secret(calendar, use=ADDRESS), created_at=now
    )
    found = enrolled(account) | opened(
        {
            "booking:accept-invitation": invite.invitation_token(invitation),
            "booking:accept-handover": handover.handover_token(offered),
            "booking:reset-password": accounts.reset_token(account),
            "partners:feed": feeds.open_feed(agenda=agenda, label="x", actor=actor, now=now)[1],
        }
    )
    check = AddressCheck.objects.order_by("created_at", "pk").last()
    draft = drafts.Draft(address="/x/", fields=[("mots", "Fièvre depuis mardi")])
    key = drafts.keep(
        draft, practice_id=agenda.practice_id, mark=drafts.mark_of(account.pk), network="192.0.2.1"
    )
    return found | {
        "link that proves an address": address_checks.link_token(check),
        "token of software": tokens.issue(credential=credential, scopes=[], thumbprint="", now=now),
        "secret of a webhook": webhooks.secret_of(hook),
        "password": PASSWORD,
        "password of a sign-up": NEW_PASSWORD,
        "key of a draft": key[:-1],
        "words of a draft": draft.fields[0][1],
        "calendar of somebody": calendar,
    }


@pytest.fixture
def log(tmp_path):
    handler = logging.FileHandler(tmp_path / "all.log")
    root, level = logging.getLogger(), logging.getLogger().level
    # As the site logs: what its filters leave out is not written.
    for each in root.handlers:
        for one in each.filters:
            handler.addFilter(one)
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    yield
    root.removeHandler(handler)
    root.setLevel(level)
    handler.close()


def names_in(stored: bytes, secrets: dict[str, str]) -> set[str]:
    return {
        name for name, text in secrets.items() if any(each in stored for each in encodings(text))
    }


@pytest.mark.usefixtures("log")
def test_no_secret_that_lets_somebody_in_is_stored(tmp_path, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
    secrets = secrets_of_a_day()
    assert all(len(text) >= 14 for text in secrets.values()), secrets
    stored = everything_stored(tmp_path)
    for part in (b"booking_codeapp", b"booking_recoverycode", b"partners_calendarfeed", b"draft:"):
        assert part in stored
    assert names_in(stored, secrets) == set()
    # A link that somebody goes on to is kept, for whoever proves the address.
    targets = [check.target for check in AddressCheck.objects.all()]
    assert any(secrets["booking:accept-handover"] in target for target in targets)
    assert_no_code(stored)
    assert_found_where_planted(tmp_path, secrets)


def assert_no_code(stored: bytes) -> None:
    """Six digits are somewhere by chance; they do not stand with their check."""
    for check in AddressCheck.objects.all():
        lines = [line for line in stored.splitlines() if str(check.pk).encode() in line]
        assert lines
        code = address_checks.code_of(check).encode()
        assert not [
            line for line in lines if re.search(rb"(?<![0-9a-f])%s(?![0-9a-f])" % code, line)
        ]


def assert_found_where_planted(tmp_path: Path, secrets: dict[str, str]) -> None:
    """The search itself: each is found in a column, in bytes, in Redis and in the log."""
    for number, (name, text) in enumerate(list(secrets.items())[:8]):
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE planted (a text, b bytea)")
            try:
                if number % 4 == 0:
                    cursor.execute("INSERT INTO planted VALUES (%s, NULL)", [text])
                elif number % 4 == 1:
                    cursor.execute("INSERT INTO planted VALUES (NULL, %s)", [text.encode()])
                elif number % 4 == 2:
                    redis_client().set("planted", f"x{text}y")
                else:
                    (tmp_path / "planted.log").write_text(f"at {text}")
                assert name in names_in(everything_stored(tmp_path), secrets)
            finally:
                cursor.execute("DROP TABLE planted")
                redis_client().delete("planted")
                (tmp_path / "planted.log").unlink(missing_ok=True)
