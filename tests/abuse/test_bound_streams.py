"""What stays open does so no longer than the pass of a bound session."""

from datetime import timedelta

import pytest
from asgiref.sync import sync_to_async
from django.urls import reverse
from django.utils import timezone

from booking.accounts.sessions import device_bound, sign_ins
from booking.pages.session import device
from booking.session_store import digest_of
from practitioners.domain import live
from tests.asgi import Stream, run_async
from tests.device import Device, session_cookie
from tests.factories import make_agenda, make_member, make_opening, make_reason, verified_client

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("at_now")]


def bind(client, account, *, pass_began):
    """Bind a client's session, a minute ago, and give it a pass that began then."""
    began = timezone.now() - timedelta(minutes=1)
    digest = digest_of(client.cookies[session_cookie()].value)
    proof = Device().proof(device_bound.offer(digest, now=began), names_key=True)
    row = device_bound.register(
        proof=proof, account=account, session_digest=digest, url="", now=began
    )
    client.cookies[device.COOKIE] = device_bound.make_pass(row, now=pass_began)


@pytest.mark.parametrize(("minutes", "ends_with"), [(10, "again"), (0, "closed")])
def test_a_stream_is_opened_again_with_the_next_pass(minutes, ends_with, monkeypatch):
    """Else it is open until its session is over."""
    monkeypatch.setattr(live, "BEAT_S", 1)
    agenda = make_agenda()
    make_opening(agenda, make_reason(agenda))
    account = make_member(agenda.practice).account
    client = verified_client(account)
    began = timezone.now() - timedelta(minutes=minutes) + timedelta(seconds=2)
    bind(client, account, pass_began=began)

    async def follow():
        path = reverse("booking:agenda-events", args=[agenda.practice_id])
        page = Stream(client, path, f"agenda={agenda.pk}")
        assert (await page.begin())[0] == 200
        await page.until("listening")
        if ends_with == "closed":
            await sync_to_async(sign_ins.sign_out_everywhere)(account)
        await page.until(ends_with)
        await page.end()
        return page.text

    text = run_async(follow())
    assert [each for each in ("again", "closed") if each in text] == [ends_with]
