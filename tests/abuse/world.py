"""A practice with something behind each address, for the tests of who may open what."""

import uuid
from datetime import UTC, datetime

from audit.models import Approval, Entry, Incident, Notice
from audit.vault.files import SealedFile
from audit.vault.sealing import seal
from booking.appointments.book import book
from booking.appointments.values import By
from booking.exchange import conversations, documents
from booking.models.appointment import Channel
from booking.oversight.concerns import raise_concern
from booking.patients import merging
from booking.takeover import patient_import
from booking.waiting import waiting
from partners.domain.feeds import open_feed
from partners.models import CredentialKey, Delivery, ImportedCalendar, PartnerMember, Webhook
from practitioners.domain.staff import invite
from practitioners.models import Absence, OpeningTemplate, Substitution
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_member,
    make_opening,
    make_patient,
    make_practice,
    make_reason,
    make_resource,
    practice_actor,
)


def build(*, now, has_files=True):
    """A practice with something behind each address, and another practice beside it.

    `has_files`: also what only the pages of patients and practices show.
    """
    practice, other = make_practice(), make_practice()
    agenda = make_agenda(practice=practice)
    reason = make_reason(agenda)
    opening = make_opening(agenda, reason)
    owner = make_account()
    patient = make_patient(owner, first_name="Zénobie", last_name="Quatrefages")
    appointment = book(
        visit_reason=reason,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        patient=patient,
        by=By(account=owner, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    member = make_member(practice, role="secretary")
    entry = Entry.objects.filter(subjects__contains=[patient.pk]).latest("at")
    concern = raise_concern(
        account=owner, entry=entry, words="Pourquoi ?", actor=practice_actor(), now=now
    )
    ids = {
        "practice_id": practice.pk, "agenda_id": agenda.pk, "appointment_id": appointment.pk,
        "practitioner_id": agenda.practitioner_id, "opening_id": opening.pk, "reason_id": reason.pk,
        "membership_id": member.pk, "patient_id": patient.pk, "entry_id": entry.pk,
        "concern_id": concern.pk, "slot_id": f"{reason.pk}.20261130T0900Z",
        "resource_id": make_resource(practice).pk, "token": "none", "what": "prendre",
        "hold_id": uuid.uuid4(), "sign_in_id": uuid.uuid4(), "passkey_id": 4242,
        "document_id": uuid.uuid4(), "import_id": uuid.uuid4(), "merge_id": uuid.uuid4(),
    }  # fmt: skip
    ids |= _partner_of(agenda, appointment, now=now)
    ids |= _incident_of(practice, owner, now=now)
    ids |= _agenda_pages_of(agenda, now=now)
    ids |= _exchange_of(agenda, appointment, now=now)
    if has_files:
        ids |= _files_of(practice, patient, owner, now=now)
    invitation = invite.invite(
        practice=practice, email="collegue@exemple.fr", role="secretary", agendas=[],
        invited_by=owner, actor=practice_actor(practice), now=now,
    )  # fmt: skip
    ids["invitation_id"] = invitation.pk
    return {"practice": practice, "other": other, "ids": ids, "owner": owner, "patient": patient}


def _partner_of(agenda, appointment, *, now):
    """A partner with a grant, a key, a member and a webhook; calendars in and out."""
    credential = make_credential()
    grant = make_grant(credential, agenda)
    key = CredentialKey.objects.create(credential=credential, kid="k", jwk={"kty": "EC"})
    PartnerMember.objects.create(
        partner=credential.partner, account=make_account("editeur@exemple.fr"), created_at=now
    )
    webhook = Webhook.objects.create(
        credential=credential, url="https://hooks.example/", secret_changed_at=now, cursor="",
        created_at=now,
    )  # fmt: skip
    delivery = Delivery.objects.create(
        webhook=webhook, agenda=agenda, appointment=appointment, changed_in=1, payload={},
        due_at=now, give_up_at=now, created_at=now,
    )  # fmt: skip
    feed, _secret = open_feed(agenda=agenda, label="Mobile", actor=practice_actor(), now=now)
    calendar = ImportedCalendar.objects.create(agenda=agenda, label="Mobile", created_at=now)
    return {
        "partner_id": credential.partner_id, "credential_id": credential.pk, "grant_id": grant.pk,
        "key_id": key.pk, "webhook_id": webhook.pk, "delivery_id": delivery.pk,
        "feed_id": feed.pk, "calendar_id": calendar.pk,
    }  # fmt: skip


def _incident_of(practice, owner, *, now):
    """An incident with a notice to the practice and an approval that is asked for."""
    incident = Incident.objects.create(
        number=4242, began_at=now, detected_at=now, contained_at=now, state="contained"
    )
    notice = Notice.objects.create(
        incident=incident, kind="controller", recipient_id=owner.pk, practice_id=practice.pk,
        channel="email", state="sent", due_at=now, created_at=now,
    )  # fmt: skip
    approval = Approval.objects.create(
        incident=incident, of="practices", asked_by=uuid.uuid4(), asked_at=now
    )
    return {
        "number": incident.number, "notice_id": notice.pk, "approval_id": approval.pk,
        "kind": "controller", "of": "practices",
    }  # fmt: skip


def _agenda_pages_of(agenda, *, now):
    """An absence, a substitute and a template of the agenda."""
    absence = Absence.objects.create(
        agenda=agenda,
        starts_at=datetime(2027, 1, 4, tzinfo=UTC),
        until=datetime(2027, 1, 5, tzinfo=UTC),
    )
    substitution = Substitution.objects.create(
        agenda=agenda, name="Dr X", since=now.date(), until=now.date()
    )
    template = OpeningTemplate.objects.create(agenda=agenda, name="Paire", lines=[])
    return {
        "absence_id": absence.pk, "substitution_id": substitution.pk, "template_id": template.pk,
    }  # fmt: skip


def _exchange_of(agenda, appointment, *, now):
    """A wait for an earlier slot, and a conversation."""
    wait = waiting.join(
        visit_reason=appointment.visit_reason, patient=appointment.patient, actor=practice_actor(),
        now=now, appointment=appointment, first_day=now.date(),
    )  # fmt: skip
    agenda.takes_messages = True
    agenda.save()
    talk = conversations.begin(
        agenda=agenda,
        patient=appointment.patient,
        topic="Quatrefages",
        words="Quatrefages",
        author=appointment.booked_by,
        actor=practice_actor(),
        now=now,
    )
    return {"wait_id": wait.pk, "conversation_id": talk.pk}


def _files_of(practice, patient, owner, *, now):
    """A document, a file of patients on its way in, and two files made one."""
    file = SealedFile("Quatrefages.pdf")
    file.feed(b"%PDF-1.7 Quatrefages")
    file.finish()
    document = documents.give(
        file=file, media_type="application/pdf", scanned=False, patient=patient, practice=practice,
        author=owner, by_practice=True, actor=practice_actor(), now=now,
    )  # fmt: skip
    taken = patient_import.begin(
        practice=practice, account=owner, name="Quatrefages.csv",
        content="nom;prénom;naissance\nQuatrefages;;".encode(), actor=practice_actor(), now=now,
    )  # fmt: skip
    seal(taken, rejects="Quatrefages")
    taken.save()
    merged = merging.merge(
        practice=practice, kept=patient, other=make_patient(practice=practice), account=owner,
        actor=practice_actor(), now=now,
    )  # fmt: skip
    return {"document_id": document.pk, "import_id": taken.pk, "merge_id": merged.pk}
