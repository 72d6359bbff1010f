"""A browser's device: offering it to be bound to, registering its key, giving it passes.

The rules are booking/accounts/sessions/device_bound.py's; here are the headers, cookies and JSON of
the protocol (https://w3c.github.io/webappsec-dbsc/#format).
"""

import json
from datetime import datetime
from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from audit import security_log
from audit.client_address import client_address
from audit.security_log import Step
from audit.watch.sighting import network_of
from booking.accounts.sessions import device_bound, sign_ins
from booking.models import Account, DeviceKey
from booking.session_store import end_session, session_digest

COOKIE = f"{settings.HOST_PREFIX}device"
OFFERS, ASKS, PROOF, NAMES = (
    "Secure-Session-Registration", "Secure-Session-Challenge",
    "Secure-Session-Response", "Sec-Secure-Session-Id",
)  # fmt: skip
# In the session, the name of the key to which it is bound: where the key's row is gone, somebody
# took it away.
BOUND_TO = "bound_to_device"
_OFFERED, _UNPROVED = "offers_device", "unproved_device"


def is_protocol(request: HttpRequest) -> bool:
    """Whether a browser itself asks, for a key or a pass, and no reader."""
    return request.path_info in _paths()


def _paths() -> tuple[str, str]:
    return reverse("booking:register-device"), reverse("booking:renew-device")


def offer(request: HttpRequest) -> None:
    """Let the answer to a request, which has just proved who asks, offer to bind its session."""
    setattr(request, _OFFERED, True)


def offer_to(request: HttpRequest, answer: HttpResponse) -> None:
    """Offer to bind the session, if its account has just proved itself and TLS is used."""
    if not getattr(request, _OFFERED, False) or not settings.SESSION_COOKIE_SECURE:
        return
    digest = session_digest(request)
    if not digest or cast(Any, request.session).device_key() is not None:
        return
    challenge = device_bound.offer(digest, now=timezone.now())
    path = reverse("booking:register-device")
    answer[OFFERS] = f'(ES256 RS256);path="{path}";challenge="{challenge}"'


def is_open(request: HttpRequest, *, now: datetime) -> bool:
    """Whether a request may use its session: it is bound to no device, or its pass came along."""
    row = cast(Any, request.session).device_key()
    if row is None:
        return request.session.get(BOUND_TO) is None
    shown = request.COOKIES.get(COOKIE, "")
    if not device_bound.is_open(row, shown, now=now):
        return False
    if request.session.get(BOUND_TO) != str(row.pk):
        request.session[BOUND_TO] = str(row.pk)
    return True


def seconds_open(request: HttpRequest, *, now: datetime) -> float | None:
    """How long what stays open may do so before its browser asks anew; None for ever."""
    row = cast(Any, request.session).device_key()
    if row is None:
        return None
    return device_bound.left_of_pass(row, request.COOKIES.get(COOKIE, ""), now=now)


def take_as_nobodys(request: HttpRequest, *, now: datetime) -> None:
    """Take a request as one without a session, which lives on for its device.

    What the request asks is asked of the next one who signs in.
    """
    row: DeviceKey | None = cast(Any, request.session).device_key()
    setattr(request, _UNPROVED, row)
    request.session = type(request.session)()
    del request.COOKIES[settings.SESSION_COOKIE_NAME]
    if row is not None:
        _note_refused(request, row, is_foreign=False, now=now)


def end_unproved(request: HttpRequest, account: Account) -> None:
    """End the session that a browser could not prove, once its account has proved itself anew."""
    row = getattr(request, _UNPROVED, None)
    if row is not None and row.account_id == account.pk:
        end_session(row.session_digest)
        sign_ins.forget(row.session_digest)


def _note_refused(request: HttpRequest, row: DeviceKey, *, is_foreign: bool, now: datetime) -> None:
    address = client_address(request)
    is_theft = device_bound.note_refused(
        row,
        browser=sign_ins.browser_of(request.headers.get("User-Agent", "")),
        network=network_of(address),
        is_foreign=is_foreign,
        now=now,
    )
    if is_theft:
        security_log.note(Step.REFUSED, by="device", address=address, account_id=row.account_id)


@csrf_exempt
@never_cache
@require_POST
def register(request: HttpRequest) -> HttpResponse:
    """Bind the session to the key that its browser made.

    Exempt from the CSRF token: the browser itself sends it, and no page can sign what it says.
    """
    if not request.user.is_authenticated:
        return _refused("no session", status=401)
    now = timezone.now()
    try:
        row = device_bound.register(
            proof=_said(request, PROOF),
            account=request.user,
            session_digest=session_digest(request),
            url=request.build_absolute_uri(request.path),
            now=now,
        )
    except device_bound.NotProved as problem:
        if bound := cast(Any, request.session).device_key():
            _note_refused(request, bound, is_foreign=problem.is_foreign, now=now)
        return _refused(problem.text, status=400)
    request.session[BOUND_TO] = str(row.pk)
    return _with_pass(row, now=now)


@csrf_exempt
@never_cache
@require_POST
def renew(request: HttpRequest) -> HttpResponse:
    """Give the browser its next pass, if its device still has the key.

    Exempt from the CSRF token as `register` is.
    """
    name, now = _said(request, NAMES), timezone.now()
    try:
        row = device_bound.find(name)
        try:
            device_bound.renew(
                row,
                proof=_said(request, PROOF),
                session_digest=session_digest(request),
                url=request.build_absolute_uri(request.path),
                now=now,
            )
        except device_bound.NotProved as problem:
            _note_refused(request, row, is_foreign=problem.is_foreign, now=now)
            return _refused(problem.text, status=400)
    except device_bound.AskedAgain as asked:
        answer = _refused("sign the challenge", status=403)
        answer[ASKS] = _challenge(asked.challenge, name=name)
        return answer
    except device_bound.Over:
        return JsonResponse({"session_identifier": name, "continue": False})
    return _with_pass(row, now=now)


def _said(request: HttpRequest, header: str) -> str:
    """What a header says: a string of RFC 8941, which Chromium writes without its quotes."""
    return request.headers.get(header, "").strip().strip('"')


def _challenge(challenge: str, *, name: str) -> str:
    return f'"{challenge}";id="{name}"'


def _refused(text: str, *, status: int) -> HttpResponse:
    return JsonResponse({"error": text}, status=status)


def _with_pass(row: DeviceKey, *, now: datetime) -> HttpResponse:
    """What the browser is to keep to, with the pass and the challenge for the next one."""
    attributes = "Path=/; Secure; HttpOnly; SameSite=Lax"
    said = {
        "session_identifier": str(row.pk),
        "refresh_url": reverse("booking:renew-device"),
        "scope": {
            "include_site": False,
            "scope_specification": [
                {"type": "exclude", "path": path} for path in (settings.STATIC_URL, *_paths())
            ],
        },
        "credentials": [{"type": "cookie", "name": COOKIE, "attributes": attributes}],
        # A link in a mail program's page leads here, too. Cookies go along with such a visit
        # alone: what another site's page asks in passing has none, and renews nothing.
        "allowed_refresh_initiators": ["*"],
    }
    answer = HttpResponse(json.dumps(said), content_type="application/json")
    answer.set_cookie(
        COOKIE, device_bound.make_pass(row, now=now), max_age=device_bound.PASS_LASTS,
        httponly=True, samesite="Lax", secure=True,
    )  # fmt: skip
    answer[ASKS] = _challenge(row.challenge, name=str(row.pk))
    return answer


def forget(answer: HttpResponse) -> None:
    """End the pass in a browser whose reader signs out."""
    answer.delete_cookie(COOKIE, samesite="Lax")
