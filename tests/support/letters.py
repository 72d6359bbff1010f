"""Everything that a message can be about: visits, accounts, offers, relatives."""

from dataclasses import dataclass
from datetime import time, timedelta

from audit.ids import new_id
from audit.record.entries import system_actor
from booking.accounts import sign_up
from booking.accounts.addresses import email_change
from booking.appointments.change import cancel
from booking.appointments.several import series
from booking.appointments.values import By
from booking.models import AccessChange, FactorReset, Message, Offer
from booking.models.accounts.access_change import ChangeKind
from booking.models.appointment import Channel
from booking.models.message import MessageChannel, MessageKind
from booking.outbox import kinds
from booking.outbox.letters import NothingToSay
from booking.waiting import waiting
from tests.factories import (
    make_account,
    make_agenda,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    practice_actor,
)
from tests.support.booked import NINE, booked

HALF, HOUR, DAY = timedelta(minutes=30), timedelta(hours=1), timedelta(days=1)


ABOUT_VISITS = {
    MessageKind.CONFIRMATION, MessageKind.CHANGE, MessageKind.CANCELLATION, MessageKind.REMINDER,
}  # fmt: skip


@dataclass
class Family:
    """Visits of an account's owner, a child and another relative, and of somebody without one."""

    owner: object
    child: object
    parent: object
    visits: list
    late: object
    video: object


def reason_of(practice, **values):
    reason = make_reason(
        make_agenda(practice=practice), name="Check-up", series_at_most=10, **values
    )
    make_opening(reason.agenda, reason, until_time=time(17))
    return reason


def town_practice(**values):
    """A practice of which no word is French."""
    return make_practice(
        name="Town Practice", address="12 High Street", town="Tours", phone="0247000001",
        reminder_hours=[], **values,
    )  # fmt: skip


def family(account, now):
    people = [
        make_patient(account, first_name=name, relation=relation)
        for name, relation in (("Zoe", "self"), ("Noah", "child"), ("Mary", "parent"))
    ]
    owner, child, parent = people
    practice = town_practice(instructions="Ring twice.")
    plain, free = reason_of(practice), reason_of(practice, cancel_deadline_hours=0)
    video = reason_of(practice, teleconsultation=True)
    overseas = reason_of(town_practice(time_zone="America/Martinique"))
    of_practice = make_patient(practice=practice, first_name="Paul", email="paul@example.org")
    visits = [
        booked(plain, now, patient=owner),
        booked(free, now, patient=child, starts_at=NINE + HOUR),
        booked(overseas, now, patient=parent, starts_at=NINE + 6 * HOUR),
        booked(plain, now, patient=of_practice, starts_at=NINE + HOUR),
        booked(plain, now - 7 * DAY, patient=child, starts_at=NINE + 2 * HOUR),
        booked(video, now, patient=child),
    ]
    series.book_series(
        appointment=visits[0],
        starts=[NINE + 7 * DAY],
        by=By(actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    late = booked(plain, now - 7 * DAY, patient=child, starts_at=NINE + 3 * HOUR)
    late = cancel(
        appointment=late, by=By(actor=practice_actor(), channel=Channel.PATIENT), now=NINE
    )
    return Family(
        owner=owner, child=child, parent=parent, visits=visits, late=late, video=visits[-1]
    )


def about(visit, kind, *, now, channel=MessageChannel.EMAIL, words=""):
    """What a message of a kind about a visit says, whatever led to it."""
    message = Message(
        kind=kind,
        channel=channel,
        appointment=visit,
        due_at=now,
        created_at=now,
        words=words,
        turn="24h/0",
    )
    return kinds.compose(message, now=now)


def about_visits(group, now):
    for visit in (*group.visits, group.late):
        for kind in ABOUT_VISITS:
            for channel in MessageChannel:
                for at in (now, visit.starts_at - HOUR):
                    try:
                        yield about(visit, kind, now=at, channel=channel, words="See you soon.")
                    except NothingToSay:
                        # No reminder of what is cancelled, no text without a number.
                        assert (visit, kind) == (group.late, MessageKind.REMINDER)


def offers_of(group, now):
    """A slot that is offered to a child, in a mail and in a text."""
    visit = group.visits[1]
    wait = waiting.join(
        visit_reason=visit.visit_reason, patient=group.child, actor=system_actor(), now=now
    )
    offer = Offer.unscoped.create(
        wait=wait,
        agenda=wait.agenda,
        starts_at=NINE,
        ends_at=NINE + HALF,
        made_at=now,
        expires_at=now + HOUR,
    )
    for channel in MessageChannel:
        message = Message(kind=MessageKind.OFFER, channel=channel, offer=offer, due_at=now)
        yield kinds.compose(message, now=now)


def about_account(account, now):
    """The mails about an account itself, each with the check of an address that it may need."""
    check = email_change.ask(
        account=account, email="new@example.org", actor=system_actor(), now=now
    )
    FactorReset.objects.create(
        account=account, proof="papers", asked_by=new_id(), asked_at=now, due_at=now + HOUR
    )
    for kind, maker, undone_at in (
        (ChangeKind.INVITATION, None, None), (ChangeKind.FILE, account.pk, None),
        (ChangeKind.REMOVAL, account.pk, now), (ChangeKind.LAST_DAY, make_account().pk, now),
    ):  # fmt: skip
        change = AccessChange.objects.create(
            kind=kind, holder_id=make_practice(name="Surgery").pk, object_id=new_id(), made_at=now,
            before={"role": "owner", "what": "reads"}, made_by=maker, undone_at=undone_at,
            undone_by=maker,
        )  # fmt: skip
        told = MessageKind.ACCESS_UNDONE if undone_at else MessageKind.ACCESS_CHANGED
        message = Message(kind=told, channel=MessageChannel.EMAIL)
        message.account, message.access_change, message.due_at = account, change, now
        yield kinds.compose(message, now=now)
    for kind in set(MessageKind) - ABOUT_VISITS - OTHER:
        message = Message(
            kind=kind, channel=MessageChannel.EMAIL, account=account, due_at=now, created_at=now
        )
        message.address_check = check
        if kind == MessageKind.VERIFY_EMAIL:
            message.account = None
            message.address_check = sign_up.begin(
                email="new2@example.org", language=account.language, now=now
            )
        yield kinds.compose(message, now=now)


# A slot is offered with more; of who is invited or given a file no language is known.
OTHER = {
    MessageKind.OFFER, MessageKind.INVITATION, MessageKind.HANDOVER, MessageKind.ACCESS_CHANGED,
    MessageKind.ACCESS_UNDONE,
}  # fmt: skip
