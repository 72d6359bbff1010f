"""What must hold when a walk ends, whatever was done and in whatever order."""

from collections import Counter
from itertools import pairwise

from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY

from audit.record import seal, verify
from audit.views.factor import CODE_GIVEN_AT
from booking.models import Appointment, Message
from booking.models.appointment import Status
from practitioners.models import ResourceUse, Taken
from tests.walks.walk import Walk
from tests.walks.world import HOST, Person

STANDING = (Status.BOOKED, Status.ARRIVED)
BACKEND = "booking.backends.EmailBackend"


def problems_of(walk: Walk) -> list[str]:
    """Return what does not hold, a line each; nothing where everything does."""
    walk.wait(1)
    return [
        *overlaps(),
        *appointments_without_time(),
        *messages_sent_twice(walk),
        *record_problems(),
        *missing_on_lists(walk),
    ]


def overlaps() -> list[str]:
    """No two takings of one seat of an agenda, nor of one piece of a room, at one time."""
    seats = Taken.objects.exclude(seat=None).order_by("agenda_id", "seat", "period")
    seated = [((row.agenda_id, row.seat), row.period) for row in seats]
    uses = ResourceUse.objects.order_by("resource_id", "piece", "period")
    used = [((row.resource_id, row.piece), row.period, row.shared_by) for row in uses]
    found = [
        f"seat {one[0]} is taken twice: {one[1]} and {two[1]}"
        for one, two in pairwise(seated)
        if one[0] == two[0] and one[1].upper > two[1].lower
    ]
    found += [
        f"room {one[0]} is used twice: {one[1]} and {two[1]}"
        for one, two in pairwise(used)
        if one[0] == two[0] and one[2] != two[2] and one[1].upper > two[1].lower
    ]
    return found


def appointments_without_time() -> list[str]:
    """Every appointment that stands and is to come has taken its time."""
    rows = Appointment.unscoped.filter(
        status__in=STANDING, taken_id=None, starts_at__gt=timezone.now()
    )
    return [f"appointment {row.pk} has no time" for row in rows]


def messages_sent_twice(walk: Walk) -> list[str]:
    """Every mail left once, and nothing that is due is still owed."""
    twice = [
        file.stem for file in walk.mail_directory.glob("*.times") if len(file.read_text()) != 1
    ]
    owed = Message.objects.filter(state="owed", due_at__lte=timezone.now())
    same = Counter(
        Message.objects.filter(state="sent", appointment__isnull=False)
        .exclude(kind__in=("reminder",))
        .values_list("appointment_id", "kind", "channel", "created_at")
    )
    return (
        [f"mail {each} left more than once" for each in twice]
        + [f"message {row.kind} is due and still owed ({row.problem})" for row in owed]
        + [f"message {each} was owed {n} times at once" for each, n in same.items() if n > 1]
    )


def record_problems() -> list[str]:
    """The record verifies, sealed to its end."""
    seal.seal_entries(now=timezone.now())
    try:
        verified = verify.verify()
    except verify.DoesNotFit as problem:
        return [f"the record does not verify: {problem}"]
    return [f"{verified.unsealed} entries are not sealed"] if verified.unsealed else []


def missing_on_lists(walk: Walk) -> list[str]:
    """Everyone's list shows what happened: the patients' own, and the practices' days."""
    found = []
    for person in walk.world.people:
        client = _signed_in(person)
        if client is None:
            continue
        rows = Appointment.unscoped.filter(status__in=STANDING, ends_at__gt=timezone.now())
        if person.practices:
            found += _missing_in_practice(
                client, person, rows.filter(practice__in=person.practices)
            )
        own = rows.filter(patient__account__email_index=person.index()).select_related("patient")
        page = client.get(reverse("booking:my-appointments"), follow=True).content.decode()
        found += [
            f"{row.pk} is not on the list of {person.name}"
            for row in own.filter(follows=None)
            if str(row.pk) not in page
        ]
    return found


def _missing_in_practice(client: Client, person: Person, rows) -> list[str]:
    found = []
    for row in rows:
        day = timezone.localtime(row.starts_at).date()
        address = reverse("booking:agenda", args=[row.practice_id])
        answer = client.get(f"{address}?jour={day}&vue=liste")
        # A member who has left, or is asked for the code again, sees no agenda.
        if answer.status_code == 200 and str(row.pk) not in answer.content.decode():
            found.append(f"{row.pk} is not on the agenda of {person.name}")
    return found


def _signed_in(person: Person) -> Client | None:
    """A fresh browser of the person's account, past every form."""
    account = person.own_account()
    if account is None or account.stopped_at is not None:
        return None
    client = Client(HTTP_HOST=HOST)
    client.force_login(account, backend=BACKEND)
    if person.device is not None:
        session = client.session
        session[DEVICE_ID_SESSION_KEY] = person.device.persistent_id
        session[CODE_GIVEN_AT] = timezone.now().timestamp()
        session.save()
    return client
