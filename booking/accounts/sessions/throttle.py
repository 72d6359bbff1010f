"""Slowing down guesses and floods of mail: counters in Redis, by account, network and browser.

A guess is counted before it is checked, in one step for all processes, and given back when it was
right: of any number at once no more are checked than are allowed. Browsers in which an account
has signed in before (known_browsers.py) count for themselves, so that strangers do not lock its
owner out. Of the others each network counts for itself, and all together more loosely. After a few
failures the tries have to wait, seconds at first; only then are they refused. A network that
others share is never refused: where much fails, it waits sooner.

An address is counted under its blind index, so that Redis holds nothing to guess it from. Windows
slide: a try counts for as long as its counter says.
"""

import math
import uuid
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from ipaddress import IPv6Address, ip_address, ip_network

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from audit.redis_client import redis_client
from audit.refusal import Refusal
from audit.vault.blind_index import blind_index, normalise_email
from practitioners.domain.scheduling.reservations.take import HOLD_MINUTES

WINDOW_S, HOUR_S, DAY_S = 15 * 60, 60 * 60, 24 * 60 * 60
FAILURES_AN_ACCOUNT, FAILURES_AN_ACCOUNT_A_DAY = 10, 50
# From all networks together, in browsers that the account does not know.
FAILURES_OF_STRANGERS, FAILURES_OF_STRANGERS_A_DAY = 40, 200
# From here on a network waits sooner.
FAILURES_A_NETWORK = 100
# A code has six digits: so few tries a day find one in a century.
WRONG_CODES_A_DAY, WRONG_CODES_OF_ALL_A_DAY = 20, 100
# An app's code changes, and the neighbouring ones are good as well.
WRONG_FACTORS_A_DAY = 50
# Failures that wait for nothing; the waits after them double, up to LONGEST_WAIT_S.
FREE_TRIES, FREE_TRIES_IN_NOISE = 5, 2
FIRST_WAIT_S, LONGEST_WAIT_S = 2, 60
# Mails that visitors of one network ask for: many people may share one.
MAILS_A_NETWORK = 100
MAILS_A_BROWSER = 20
# The owner of a hospital's practice invites a whole team.
INVITATIONS_AN_ACCOUNT = 60
# Slots of one agenda that visitors of one network keep without signing in, while a hold lasts: with
# a new session for each, a stranger would keep an agenda from its patients.
HOLDS_OF_STRANGERS, HOLDS_WITHIN_S = 50, HOLD_MINUTES * 60
# Nobody fills a stranger's mailbox: of each kind an hour, and of all kinds a day.
MAILS_AN_ADDRESS, MAILS_AN_ADDRESS_A_DAY = 5, 20


class Guess(StrEnum):
    """What is guessed; each is counted apart."""

    PASSWORD = "password"  # noqa: S105 - the name of a counter
    AGAIN = "again"  # the password asked for within a session
    FACTOR = "factor"
    CODE = "code"


@dataclass(frozen=True, kw_only=True)
class Counter:
    """At most `most` tries within the last `seconds` of a name."""

    name: str
    most: int
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Try:
    """One try that was counted."""

    mark: str
    names: tuple[str, ...]

    def give_back(self) -> None:
        """Count the try no longer: it was right."""
        for name in self.names:
            redis_client().zrem(name, self.mark)


class TooManyTries(Refusal):
    """Too many failures; `seconds` says when the person may try again."""

    text = _("Trop d’essais. Réessayez dans un quart d’heure.")
    code, status = "throttled", 429

    def __init__(self, seconds: int = WINDOW_S, text: object = None) -> None:
        super().__init__(text)
        self.seconds = seconds


class TooManyPasswords(TooManyTries):
    """Too many wrong passwords in a browser that the account does not know."""

    text = _(
        "Trop d’essais. Réessayez dans un quart d’heure, ou choisissez un autre mot de passe par "
        "« Mot de passe oublié ? »."
    )


class TooManyCodes(TooManyTries):
    """Too many wrong codes for one address; the link still works."""

    text = _("Trop de codes faux pour cette adresse. Ouvrez plutôt le lien du message.")


class TooManyHolds(TooManyTries):
    """Visitors of this network have kept enough slots of the agenda."""

    text = _(
        "Trop de créneaux de ce praticien ont été choisis depuis votre réseau. Connectez-vous, ou "
        "réessayez dans quelques minutes."
    )


class TooFast(TooManyTries):
    """The next try has to wait for some seconds."""

    def __init__(self, seconds: int) -> None:
        text = ngettext(
            "Trop d’essais à la suite. Réessayez dans %(count)d seconde.",
            "Trop d’essais à la suite. Réessayez dans %(count)d secondes.",
            seconds,
        )
        super().__init__(seconds, text % {"count": seconds})


_REFUSALS: dict[Guess, type[TooManyTries]] = {
    Guess.PASSWORD: TooManyPasswords,
    Guess.CODE: TooManyCodes,
}

# KEYS: the counters, the try's own first, and last the network's if ARGV[7] is above 0: so many
# failures make a network noisy, which refuses nothing. ARGV: now in milliseconds, the mark, the
# free tries, those in noise, the first wait, the longest one, the noise, then how many are allowed
# (0: any number) and the milliseconds of each counter. Answers whether the try was taken, else the
# milliseconds to wait, and whether a counter is full.
_TAKE = """
local now, noise = tonumber(ARGV[1]), tonumber(ARGV[7])
for i = 1, #KEYS do
    local most, span = tonumber(ARGV[6 + 2 * i]), tonumber(ARGV[7 + 2 * i])
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', string.format('%.0f', now - span))
    if most > 0 and redis.call('ZCARD', KEYS[i]) >= most then
        local first = redis.call('ZRANGE', KEYS[i], -most, -most, 'WITHSCORES')
        return {0, math.max(1, tonumber(first[2]) + span - now), 1}
    end
end
local is_noisy = noise > 0 and redis.call('ZCARD', KEYS[#KEYS]) >= noise
local over = redis.call('ZCARD', KEYS[1]) - tonumber(is_noisy and ARGV[4] or ARGV[3])
if over >= 0 then
    local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
    local pause = math.min(tonumber(ARGV[5]) * 2 ^ over, tonumber(ARGV[6]))
    local wait = tonumber(last[2]) + pause - now
    if wait > 0 then
        return {0, wait, 0}
    end
end
for i = 1, #KEYS do
    redis.call('ZADD', KEYS[i], string.format('%.0f', now), ARGV[2])
    redis.call('PEXPIRE', KEYS[i], ARGV[7 + 2 * i])
end
if noise > 0 then
    -- No more are kept of a network than say that it is noisy.
    redis.call('ZREMRANGEBYRANK', KEYS[#KEYS], 0, -2 - 2 * noise)
end
return {1, 0, 0}
"""


def take(
    guess: Guess, *, of: str, network: str, now: datetime, browser: str = "", session: str = ""
) -> Try:
    """Count one try before it is checked; the caller gives it back if it was right.

    `of` names what is guessed at (an account, an address's index), `network` is the address it
    comes from. `browser` is one that the account knows, `session` one of its own: either counts
    for itself. Raises TooManyTries, and redis.RedisError when the store is away: then nothing is
    checked.
    """
    line = _own_line(guess, of=of, own=browser or session)
    counters = line or _lines_of_strangers(guess, of=of, line=line_of(network))
    names = [f"tries:{counter.name}" for counter in counters]
    mark = uuid.uuid4().hex
    limits = [part for counter in counters for part in (counter.most, counter.seconds * 1000)]
    taken, wait, is_full = redis_client().eval(
        _TAKE, len(names), *names, int(now.timestamp() * 1000), mark, *_free_tries(guess),
        FIRST_WAIT_S * 1000, LONGEST_WAIT_S * 1000,
        0 if line else FAILURES_A_NETWORK, *limits,
    )  # fmt: skip
    if taken:
        return Try(mark=mark, names=tuple(names))
    seconds = math.ceil(wait / 1000)
    raise _REFUSALS.get(guess, TooManyTries)(seconds) if is_full else TooFast(seconds)


def _free_tries(guess: Guess) -> tuple[int, int]:
    """How many failures wait for nothing, and how many in a noisy network.

    The codes of mails wait by themselves: each takes five tries, and its next mail has to wait.
    """
    if guess == Guess.CODE:
        return WRONG_CODES_A_DAY, WRONG_CODES_A_DAY
    return FREE_TRIES, FREE_TRIES_IN_NOISE


def _own_line(guess: Guess, *, of: str, own: str) -> list[Counter]:
    """What a known browser or a session counts against; nothing for any other."""
    if not own:
        return []
    name = f"{guess}:{of}:own:{own}"
    return [
        Counter(name=name, most=FAILURES_AN_ACCOUNT, seconds=WINDOW_S),
        Counter(name=f"{name}:day", most=FAILURES_AN_ACCOUNT_A_DAY, seconds=DAY_S),
    ]


def _lines_of_strangers(guess: Guess, *, of: str, line: str) -> list[Counter]:
    """What any other browser counts against: its own network first, the network's noise last."""
    here, everybody = f"{guess}:{of}:from:{line}", f"{guess}:{of}:all"
    noise = Counter(name=f"network:{line}", most=0, seconds=WINDOW_S)
    if guess == Guess.CODE:
        return [
            Counter(name=here, most=WRONG_CODES_A_DAY, seconds=DAY_S),
            Counter(name=everybody, most=WRONG_CODES_OF_ALL_A_DAY, seconds=DAY_S),
            noise,
        ]
    a_day = WRONG_FACTORS_A_DAY if guess == Guess.FACTOR else FAILURES_OF_STRANGERS_A_DAY
    return [
        Counter(name=here, most=FAILURES_AN_ACCOUNT, seconds=WINDOW_S),
        Counter(name=everybody, most=FAILURES_OF_STRANGERS, seconds=WINDOW_S),
        Counter(name=f"{everybody}:day", most=a_day, seconds=DAY_S),
        noise,
    ]


def line_of(address: str) -> str:
    """What one line of a provider has: an IPv4 address, the first 64 bits of an IPv6 one."""
    try:
        ip = ip_address(address)
    except ValueError:
        return ""
    if not isinstance(ip, IPv6Address):
        return str(ip)
    return str(ip.ipv4_mapped or ip_network((int(ip), 64), strict=False))


def name_of_address(email: str) -> str:
    """What an address is counted under."""
    return (blind_index("throttle.email", normalise_email(email)) or b"").hex()


# KEYS: counters; ARGV: now in milliseconds, a mark, then most and milliseconds of each. Answers 0
# once all have counted, else which one is full and in how many milliseconds it is not.
_COUNT_ALL = """
local now = tonumber(ARGV[1])
for i = 1, #KEYS do
    local most, span = tonumber(ARGV[1 + 2 * i]), tonumber(ARGV[2 + 2 * i])
    redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', string.format('%.0f', now - span))
    if redis.call('ZCARD', KEYS[i]) >= most then
        local first = redis.call('ZRANGE', KEYS[i], -most, -most, 'WITHSCORES')
        return {i, math.max(1, tonumber(first[2]) + span - now)}
    end
end
for i = 1, #KEYS do
    redis.call('ZADD', KEYS[i], string.format('%.0f', now), ARGV[2])
    redis.call('PEXPIRE', KEYS[i], ARGV[2 + 2 * i])
end
return {0, 0}
"""


def take_mail(*, kind: str, index: bytes, network: str, now: datetime, browser: str = "") -> bool:
    """Count one mail that somebody asks for by an address; say whether it may leave.

    `index` is the address's blind index, `browser` what the asker's browser or account is
    known by. Raises TooManyTries where a network or a browser has asked for too many. An
    address that has had enough gets no more, without a word: that somebody else has asked for it
    is nobody's business.
    """
    address = index.hex()
    counters = [
        Counter(name=f"network:{line_of(network)}", most=MAILS_A_NETWORK, seconds=WINDOW_S),
        Counter(name=f"to:{kind}:{address}", most=MAILS_AN_ADDRESS, seconds=HOUR_S),
        Counter(name=f"to:{address}:day", most=MAILS_AN_ADDRESS_A_DAY, seconds=DAY_S),
    ]
    if browser:
        most = INVITATIONS_AN_ACCOUNT if kind == "invitation" else MAILS_A_BROWSER
        counters.insert(1, Counter(name=f"browser:{kind}:{browser}", most=most, seconds=HOUR_S))
    names = [f"mails:{counter.name}" for counter in counters]
    limits = [part for counter in counters for part in (counter.most, counter.seconds * 1000)]
    full, wait = redis_client().eval(
        _COUNT_ALL, len(names), *names, int(now.timestamp() * 1000), uuid.uuid4().hex, *limits
    )
    if full and not names[full - 1].startswith("mails:to:"):
        raise TooManyTries(math.ceil(wait / 1000))
    return not full


def take_hold(*, agenda_id: uuid.UUID, network: str, now: datetime) -> None:
    """Count one slot that a visitor who is not signed in is about to keep.

    Raises TooManyHolds, and redis.RedisError when the store is away.
    """
    name = f"holds:{agenda_id.hex}:{line_of(network)}"
    full, wait = redis_client().eval(
        _COUNT_ALL, 1, name, int(now.timestamp() * 1000), uuid.uuid4().hex,
        HOLDS_OF_STRANGERS, HOLDS_WITHIN_S * 1000,
    )  # fmt: skip
    if full:
        raise TooManyHolds(math.ceil(wait / 1000))
