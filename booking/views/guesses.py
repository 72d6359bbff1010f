"""Counting what a request guesses at, before it is checked (booking/domain/throttle.py)."""

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from booking.domain import throttle
from booking.models import Account
from booking.models.account import email_index
from booking.views import known
from booking.views.access import account_of, network_of, origin_of


def count_password(request: HttpRequest, *, email: str) -> throttle.Try:
    """Count a password that is given with an address. Raises throttle.TooManyTries."""
    account = Account.objects.filter(email_index=email_index(email)).first()
    return throttle.take(
        throttle.Guess.PASSWORD,
        of=throttle.name_of_address(email),
        network=network_of(request),
        browser=known.line_of(request, account),
        now=timezone.now(),
    )


def count_password_again(request: HttpRequest) -> throttle.Try:
    """Count the password that a session is asked for again. Raises throttle.TooManyTries."""
    return throttle.take(
        throttle.Guess.AGAIN,
        of=account_of(request).pk.hex,
        network=network_of(request),
        session=origin_of(request).token,
        now=timezone.now(),
    )


def count_factor(request: HttpRequest, account: Account) -> throttle.Try:
    """Count a code of an account's second factor. Raises throttle.TooManyTries."""
    return throttle.take(
        throttle.Guess.FACTOR,
        of=account.pk.hex,
        network=network_of(request),
        browser=known.line_of(request, account),
        now=timezone.now(),
    )


def refused(answer: HttpResponse, problem: throttle.TooManyTries) -> HttpResponse:
    """Mark a page as the answer to a try that came too soon or too often."""
    answer.status_code = 429
    answer["Retry-After"] = str(problem.seconds)
    return answer
