"""After the theft: two people of the team do what the product lets them, and real mail leaves.

Mail goes to a real SMTP server of the drill's own, texts to files; nobody outside is reached.
"""

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from time import perf_counter

from django.conf import settings
from django.test.utils import override_settings

from audit.incidents import authority, notices, workflow
from audit.incidents.exposure import exposure_of
from audit.incidents.severity import proposed
from audit.models import ApprovalOf, Incident, NoticeKind, NoticeState
from audit.record import seal
from audit.record.entries import Actor, ActorKind, Channel
from booking.models import Account
from doctolib.development.mail_sink import start_sink
from doctolib.servers import free_port


@dataclass(kw_only=True)
class Told:
    """Who was told, how often somebody was told twice, and how long the form took."""

    practices: int = 0
    patients: int = 0
    duplicates: int = 0
    form_s: float = 0.0


def tell(staff: list[Account], *, now: datetime) -> Told:
    """Take every incident from containment to its notices."""
    told = Told()
    seal.seal_entries(now=now)
    one, two = (
        Actor(kind=ActorKind.STAFF, channel=Channel.ADMIN, id=account.pk) for account in staff
    )
    with tempfile.TemporaryDirectory() as directory:
        port = free_port()
        sink = start_sink(Path(directory) / "mail", port=port)
        try:
            with override_settings(
                EMAIL_HOST="127.0.0.1",
                EMAIL_PORT=port,
                MAIL_SINK_DIR=Path(directory) / "mail",
                SMS_PROVIDER="file",
                SMS_DIR=Path(directory) / "sms",
                MODE="test" if settings.MODE == "production" else settings.MODE,
            ):
                for incident in Incident.objects.filter(sources__let_in_at=None).distinct():
                    _run(incident, one, two, told, now=now)
        finally:
            sink.stop()
        told.duplicates += sum(
            len(file.read_text()) - 1 for file in (Path(directory) / "mail").glob("*.times")
        )
    return told


def _run(incident: Incident, one: Actor, two: Actor, told: Told, *, now: datetime) -> None:
    began = perf_counter()
    authority.as_pdf(incident, now=now)
    authority.as_json(incident, now=now)
    told.form_s = max(told.form_s, round(perf_counter() - began, 2))
    exposure = exposure_of(incident, now=now)
    severity = proposed(fields=exposure.fields, people=len(exposure.subjects))
    workflow.assess(incident, severity=severity, actor=one, now=now)
    for practice_id in exposure.practices:
        workflow.delegate(incident, practice_id=practice_id, actor=one, now=now)
    for of in (ApprovalOf.PRACTICES, ApprovalOf.PATIENTS):
        approval = workflow.ask(incident, of, actor=one, now=now)
        workflow.decide(approval, is_approved=True, actor=two, now=now)
    while notices.send_due(now=now + timedelta(seconds=1)):
        pass
    sent = incident.notices.filter(state=NoticeState.SENT)
    told.practices += (
        sent.filter(kind=NoticeKind.CONTROLLER).values("practice_id").distinct().count()
    )
    patients: set[object] = set()
    for notice in sent.filter(kind=NoticeKind.PATIENT):
        patients.update(notice.subjects)
    told.patients += len(patients)
