"""Everything that is held about an account and its people (GDPR articles 15 and 20)."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db.models import Prefetch
from django_scopes import scope

from audit.record.entries import Actor
from audit.vault.reveal import Purpose, reveal
from booking.accounts.factors import passkeys
from booking.accounts.sessions.sign_ins import live
from booking.appointments.queries.appointments import with_related
from booking.appointments.questionnaire import read
from booking.models import (
    Account,
    Appointment,
    Concern,
    Conversation,
    Document,
    Message,
    Offer,
    Patient,
    Questionnaire,
    Reply,
    Wait,
)
from booking.oversight.queries.reads import reads_of_account
from booking.patients.favourites import practitioners_of
from booking.patients.patients import IDENTITY_FIELDS

FORMAT = "doctolib-export/1"


def held_data(*, account: Account, actor: Actor, now: datetime) -> dict[str, Any]:
    """Return all that is held, in plain text; one reveal, on the record.

    Instants in UTC (ISO 8601). The record's lines are the newest ones, as the account's page
    shows them.
    """
    with scope(account=account):
        people = list(Patient.objects.order_by("created_at", "pk"))
        visits: list[Appointment] = list(with_related().order_by("starts_at", "pk"))
        wanted: list[tuple[Any, tuple[str, ...]]] = [(account, ("email", "name"))]
        wanted += [(person, IDENTITY_FIELDS) for person in people]
        wanted += [(visit, ("note", "practice_note")) for visit in visits]
        filled = list(Questionnaire.objects.order_by("answered_at", "pk"))
        wanted += [(row, ("answers",)) for row in filled]
        talks = list(Conversation.objects.order_by("started_at", "pk"))
        said = list(Reply.objects.order_by("at", "pk"))
        wanted += [(row, ("topic",)) for row in talks] + [(row, ("text",)) for row in said]
        files = list(Document.objects.order_by("given_at", "pk"))
        wanted += [(row, ("title",)) for row in files]
        asked = list(Concern.objects.filter(account=account).order_by("created_at", "pk"))
        wanted += [(concern, ("words", "answer")) for concern in asked]
        with reveal(wanted, actor=actor, purpose=Purpose.OWN_DATA, object_id=account.pk) as plain:
            held: dict[str, Any] = {
                "format": FORMAT,
                "made_at": now,
                "account": {
                    "id": account.pk,
                    "email": plain.text(account, "email"),
                    "language": account.language,
                    "reminders": account.reminders,
                    "created_at": account.created_at,
                    "email_verified_at": account.email_verified_at,
                    "last_sign_in_at": account.last_login,
                },
                "people": [
                    {
                        "id": person.pk,
                        "relation": person.relation,
                        **{name: plain.text(person, name) for name in IDENTITY_FIELDS},
                        "known_to": [
                            {"practice": link.practice.name, "since": link.since}
                            for link in person.practice_links.select_related("practice").order_by(
                                "since", "pk"
                            )
                        ],
                    }
                    for person in people
                ],
                "appointments": [
                    _visit(visit, plain.text(visit, "note"), plain.text(visit, "practice_note"))
                    for visit in visits
                ],
                "questionnaires": [
                    {
                        "appointment": row.appointment_id,
                        "answered_at": row.answered_at,
                        "answers": [asdict(each) for each in read(plain.text(row, "answers"))],
                    }
                    for row in filled
                ],
                "conversations": [
                    {
                        "person": talk.patient_id,
                        "topic": plain.text(talk, "topic"),
                        "messages": [
                            {
                                "at": row.at,
                                "by": "practice" if row.by_practice else "patient",
                                "words": plain.text(row, "text"),
                            }
                            for row in said
                            if row.conversation_id == talk.pk
                        ],
                    }
                    for talk in talks
                ],
                "documents": [
                    {
                        "id": row.pk,
                        "person": row.patient_id,
                        "title": plain.text(row, "title"),
                        "by": "practice" if row.by_practice else "patient",
                        "given_at": row.given_at,
                        "bytes": row.size,
                    }
                    for row in files
                ],
                "concerns": [
                    {
                        "about_entry": concern.entry_id,
                        "raised_at": concern.created_at,
                        "words": plain.text(concern, "words"),
                        "answered_at": concern.answered_at,
                        "answer": plain.text(concern, "answer"),
                    }
                    for concern in asked
                ],
            }
            held["waiting"] = [_wait(wait) for wait in _waits()]
        held["favourites"] = [str(each) for each in practitioners_of(account)]
        held["sessions"] = [
            {
                "browser": row.browser,
                "network": row.network,
                "began_at": row.began_at,
                "seen_at": row.seen_at,
            }
            for row in live(account, now=now)
        ]
        held["passkeys"] = [
            {"name": row.name, "added_at": row.created_at, "used_at": row.last_used_at}
            for row in passkeys.of_account(account)
        ]
        held["messages"] = [
            {
                "kind": row.kind,
                "channel": row.channel,
                "state": row.state,
                "due_at": row.due_at,
                "sent_at": row.sent_at,
            }
            for row in Message.objects.filter(
                appointment_id__in=[visit.pk for visit in visits]
            ).order_by("created_at", "pk")
        ]
        held["record"] = [
            {
                "id": line.id,
                "at": line.at,
                "action": str(line.action),
                "who": str(line.who),
                "purpose": str(line.purpose),
                "fields": [str(name) for name in line.fields],
            }
            for line in reads_of_account(account)
        ]
    return held


def _waits() -> Iterable[Wait]:
    rows: Iterable[Wait] = (
        Wait.objects.select_related("visit_reason", "agenda__practitioner", "practice")
        .prefetch_related(Prefetch("offers", queryset=Offer.unscoped.order_by("made_at", "pk")))
        .order_by("created_at", "pk")
    )
    return rows


def _wait(wait: Wait) -> dict[str, Any]:
    return {
        "person": wait.patient_id,
        "practice": wait.practice.name,
        "practitioner": str(wait.agenda.practitioner),
        "reason": wait.visit_reason.name,
        "instead_of": wait.appointment_id,
        "weekdays": wait.weekdays,
        "part_of_day": wait.part_of_day,
        "first_day": wait.first_day,
        "last_day": wait.last_day,
        "created_at": wait.created_at,
        "ended_at": wait.ended_at,
        "offers": [
            {"starts_at": offer.starts_at, "made_at": offer.made_at, "state": offer.state}
            for offer in wait.offers.all()
        ],
    }


def _visit(visit: Appointment, note: str, practice_note: str) -> dict[str, Any]:
    return {
        "id": visit.pk,
        "person": visit.patient_id,
        "practice": visit.practice.name,
        "practitioner": str(visit.agenda.practitioner),
        "reason": visit.visit_reason.name,
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "time_zone": visit.practice.time_zone,
        "status": visit.status,
        "booked_through": visit.channel,
        "note": note,
        "practice_note": practice_note,
        "created_at": visit.created_at,
        "cancelled_at": visit.cancelled_at,
        "cancelled_late": visit.cancelled_late,
    }
