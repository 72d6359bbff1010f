"""Counting what a request guesses at, before it is checked (booking/accounts/sessions/throttle.py),
and saying in the log what came of it (audit/security_log.py).
"""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from audit import security_log
from audit.client_address import client_address
from audit.security_log import Step
from booking.accounts.sessions import throttle
from booking.models import Account
from booking.models.accounts.account import email_index
from booking.pages.access import account_of, origin_of
from booking.pages.session import known

# Of a blind index the log has as much as tells tries apart.
KEPT_OF_INDEX = 16


def count_password(request: HttpRequest, *, email: str) -> throttle.Try:
    """Count a password that is given with an address. Raises throttle.TooManyTries."""
    account = Account.objects.filter(email_index=email_index(email)).first()
    return _take(
        request,
        throttle.Guess.PASSWORD,
        of=throttle.name_of_address(email),
        browser=known.line_of(request, account),
        now=timezone.now(),
    )


def count_password_again(request: HttpRequest) -> throttle.Try:
    """Count the password that a session is asked for again. Raises throttle.TooManyTries."""
    return _take(
        request,
        throttle.Guess.AGAIN,
        of=account_of(request).pk.hex,
        session=origin_of(request).token,
        now=timezone.now(),
    )


def count_factor(request: HttpRequest, account: Account) -> throttle.Try:
    """Count a code of an account's second factor. Raises throttle.TooManyTries."""
    return _take(
        request,
        throttle.Guess.FACTOR,
        of=account.pk.hex,
        browser=known.line_of(request, account),
        now=timezone.now(),
    )


def _take(request: HttpRequest, guess: throttle.Guess, *, of: str, **line: Any) -> throttle.Try:
    """Count a try; one that comes too soon or too often is in the log."""
    network = client_address(request)
    try:
        return throttle.take(guess, of=of, network=network, **line)
    except throttle.TooManyTries:
        security_log.note(Step.LIMITED, by=guess.value, address=network, of=of[:KEPT_OF_INDEX])
        raise


def note_wrong(
    request: HttpRequest,
    guess: throttle.Guess,
    *,
    account_id: uuid.UUID | None = None,
    of: str = "",
) -> None:
    """Say in the log that a try was wrong: of an account, or of what it is counted under."""
    security_log.note(
        Step.REFUSED,
        by=guess.value,
        address=client_address(request),
        account_id=account_id,
        of=of[:KEPT_OF_INDEX],
    )


def refused(answer: HttpResponse, problem: throttle.TooManyTries) -> HttpResponse:
    """Mark a page as the answer to a try that came too soon or too often."""
    answer.status_code = 429
    answer["Retry-After"] = str(problem.seconds)
    return answer
