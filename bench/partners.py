"""Changes and slots through the partner API, over a bare DRF view of the same server, one run.

Changes: 100 rows since a cursor. Slots: four weeks of one visit reason. Both with a bearer token,
behind PostgreSQL's walls, counted and limited as in production. Rows: the same 100 rows from a bare
view that asks nobody who they are; whatever a server does beside, changes cannot be faster. Also how
many queries a page of changes takes, whatever its size.
"""

import itertools
from datetime import UTC, datetime, time, timedelta
from statistics import mean

from load import drive, start_web
from setting import arguments, own_servers, report

ROUNDS = 5
ROWS = 600


def make_rows(now: datetime) -> tuple[str, str, str]:
    """Make an agenda with appointments; return token, visit reason and agenda."""
    from django.utils import timezone

    from audit.record.entries import Channel as RecordChannel
    from audit.record.entries import system_actor
    from booking.appointments import book
    from booking.appointments.values import By, Conditions
    from booking.models.appointment import Channel
    from booking.patients import patients
    from partners.domain import scopes, tokens
    from partners.models import Credential, Grant, Partner
    from practitioners.models import Agenda, Opening, Practice, Practitioner, VisitReason

    practice = Practice.objects.create(name="P", search_name="p", reminder_hours=[])
    person = Practitioner.objects.create(first_name="B", last_name="X", search_name="b")
    agenda = Agenda.objects.create(practice=practice, practitioner=person, open_on_holidays=True)
    reason = VisitReason.objects.create(
        agenda=agenda, name="Consultation", duration_minutes=15, minimum_notice_minutes=0
    )
    for weekday in range(7):
        opening = Opening.objects.create(
            agenda=agenda, number=weekday + 1, starts_on=now.date() + timedelta(days=weekday),
            from_time=time(8), until_time=time(20),
        )  # fmt: skip
        opening.visit_reasons.add(reason)
    actor = system_actor(RecordChannel.SHELL)
    patient = patients.create_patient(
        identity=patients.Identity(first_name="Béa", last_name="Test", birth_date=None),
        actor=actor, now=now,
    )  # fmt: skip
    for number in range(ROWS):
        book.book(
            visit_reason=reason,
            starts_at=now + timedelta(days=2, minutes=20 * number),
            patient=patient,
            by=By(actor=actor, channel=Channel.PRACTICE),
            conditions=Conditions(anywhere=True),
            now=now,
        )
    partner = Partner.objects.create(name="V", verified_at=timezone.now())
    credential = Credential.objects.create(partner=partner, label="V")
    grant = Grant.objects.create(
        credential=credential, practice=practice, scopes=list(scopes.SCOPES)
    )
    grant.agendas.add(agenda)
    token = tokens.issue(
        credential=credential, scopes=scopes.SCOPES, thumbprint="", now=now + timedelta(hours=1)
    )
    return token, str(reason.pk), str(agenda.pk)


def queries_of(path: str, token: str) -> int:
    """How many statements a request takes, its transaction's own included."""
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    settings.PARTNER_REQUESTS_A_MINUTE = 10**9
    with CaptureQueriesContext(connection) as asked:
        answer = Client(headers={"Authorization": f"Bearer {token}"}).get(path)
    assert answer.status_code == 200, answer.content
    return len(asked)


def main() -> None:
    options = arguments(__doc__ or "", seconds=3)
    with own_servers():
        from doctolib.servers import free_port

        token, reason, _agenda = make_rows(datetime.now(UTC))
        port = free_port()
        paths = {
            "hello": "/hello",
            "rows": "/api/v1/rows",
            "changes": "/api/v1/changes?limit=100",
            "slots": f"/api/v1/visit-reasons/{reason}/slots",
        }
        rates: dict[str, list[float]] = {name: [] for name in paths}
        web = start_web(port, "bench.hello:application")
        for _round in range(ROUNDS):
            for name, path in paths.items():
                request = (
                    f"GET {path} HTTP/1.1\r\nHost: localhost:{port}\r\n"
                    f"Authorization: Bearer {token}\r\n\r\n"
                ).encode()
                drive(port, itertools.repeat(request), 0.5)
                answers = drive(port, itertools.repeat(request), options.seconds)
                assert set(answers) == {"200"}, answers
                rates[name].append(answers["200"] / options.seconds)
        web.terminate()
        web.wait(20)
        per_second = {name: mean(values) for name, values in rates.items()}
        figures: dict[str, object] = {
            "ratio": per_second["changes"] / per_second["hello"],
            "rows_ratio": per_second["rows"] / per_second["hello"],
            "slots_ratio": per_second["slots"] / per_second["hello"],
            **{f"{name}_per_s": value for name, value in per_second.items()},
            "queries_of_1_row": queries_of("/api/v1/changes?limit=1", token),
            "queries_of_500_rows": queries_of("/api/v1/changes?limit=500", token),
        }
        report(figures, as_json=options.json)


if __name__ == "__main__":
    main()
