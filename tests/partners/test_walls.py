"""PostgreSQL refuses by itself: raw SQL, and code without its filters, under the partner role."""

import json
from datetime import UTC, datetime

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from audit.models import SubjectKey
from booking.appointments.book import book
from booking.appointments.queries import changes
from booking.appointments.values import By
from booking.models import Appointment, Patient
from booking.models.appointment import Channel
from partners import queries
from partners.api import scoped
from partners.api.views import agendas as agenda_views
from partners.api.views import appointments as views
from partners.domain import scopes, tokens
from partners.domain.walls import ask_behind_walls, behind_walls
from partners.models import Credential, Grant
from practitioners.models import (
    Absence,
    Agenda,
    Opening,
    Practice,
    Resource,
    ResourceUse,
    Taken,
    VisitReason,
)
from tests.audit.record_fixtures import rows, sql
from tests.factories import (
    make_account,
    make_agenda,
    make_credential,
    make_grant,
    make_opening,
    make_patient,
    make_reason,
    make_resource,
    practice_actor,
)
from tests.support.partner_appointments import listed, revealed

pytestmark = pytest.mark.django_db
MODELS = [
    Practice, Agenda, VisitReason, Opening, Absence, Taken, Grant, SubjectKey, Resource, ResourceUse,
]  # fmt: skip


def furnish(now):
    """A practice with something in every table that the partner role may read."""
    agenda = make_agenda()
    reason = make_reason(agenda, needs=[make_resource(agenda.practice).pk])
    make_opening(agenda, reason)
    Absence.objects.create(agenda=agenda, starts_at=now, until=datetime(2026, 11, 25, tzinfo=UTC))
    account = make_account()
    patient = make_patient(account, first_name="Zénobie", last_name="Quatrefages")
    appointment = book(
        visit_reason=reason,
        patient=patient,
        starts_at=datetime(2026, 11, 30, 8, tzinfo=UTC),
        by=By(account=account, actor=practice_actor(), channel=Channel.PATIENT),
        now=now,
    )
    return agenda, appointment


def credential_for(agenda, name):
    credential = make_credential(name)
    make_grant(credential, agenda, fields=["last_name"])
    return credential


def token_for(credential, wanted=scopes.SCOPES):
    now = timezone.now()
    text = tokens.issue(credential=credential, scopes=wanted, thumbprint="", now=now)
    return tokens.find(text, now=now)


@pytest.fixture
def sides(now):
    """(agenda, appointment, credential) of two practices."""
    mine, other = furnish(now), furnish(now)
    return (*mine, credential_for(mine[0], "A")), (*other, credential_for(other[0], "B"))


@pytest.mark.parametrize("model", [*MODELS, Appointment, Patient])
def test_every_table_shows_the_granted_rows_alone(sides, model):
    (*_mine, credential), (_other, other_appointment, _c) = sides
    manager = getattr(model, "unscoped", model.objects)
    everything = manager.count()
    with behind_walls(token_for(credential)):
        seen = manager.count()
        pks = {str(pk) for pk in manager.values_list("pk", flat=True)}
    assert 0 < seen < everything
    assert not pks & {
        str(other_appointment.pk), str(other_appointment.patient_id),
        str(other_appointment.agenda_id), str(other_appointment.practice_id),
    }  # fmt: skip
    assert manager.count() == everything


@pytest.mark.parametrize(
    "statement",
    [
        "SELECT * FROM booking_account", "SELECT * FROM audit_entry",
        "SELECT * FROM partners_accesstoken", "SELECT * FROM partners_credentialkey",
        "SELECT * FROM booking_practicepatient", "SELECT * FROM django_session",
        "SELECT * FROM practitioners_membership", "SELECT * FROM audit_leaf",
        "DELETE FROM booking_appointment", "UPDATE booking_patient SET account_id = NULL",
        "UPDATE audit_subjectkey SET wrapped = ''", "DELETE FROM audit_subjectkey",
        "UPDATE practitioners_agenda SET active = false", "DELETE FROM booking_message",
        "UPDATE partners_grant SET revoked_at = NULL", "TRUNCATE booking_patient CASCADE",
        "INSERT INTO partners_grant_agendas (grant_id, agenda_id) SELECT grant_id, agenda_id"
        " FROM partners_grant_agendas", "DELETE FROM audit_entry",
        "ALTER TABLE booking_patient DISABLE ROW LEVEL SECURITY",
    ],
)  # fmt: skip
def test_raw_sql_reaches_nothing_else(sides, statement):
    with (
        pytest.raises(DatabaseError, match=r"permission denied|must be owner"),
        behind_walls(token_for(sides[0][2])),
    ):
        sql(statement)


WRITES = [
    "UPDATE booking_appointment SET status = status",
    "DELETE FROM practitioners_absence",
    "UPDATE practitioners_taken SET hold_key = ''",
    "UPDATE practitioners_resourceuse SET hold_until = NULL",
    "DELETE FROM practitioners_opening_visit_reasons",
    "UPDATE booking_message SET state = 'void'",
    "UPDATE practitioners_opening SET capacity = 1",
]


@pytest.mark.parametrize("statement", WRITES)
def test_raw_sql_writes_granted_rows_alone(sides, statement):
    with connection.cursor() as cursor:
        with behind_walls(token_for(sides[0][2])):
            cursor.execute(statement)
            mine = cursor.rowcount
        cursor.execute(statement)
        assert 0 < mine < cursor.rowcount + mine


@pytest.mark.parametrize("what", ["no grant of it", "not in the token"])
@pytest.mark.parametrize("statement", WRITES)
def test_raw_sql_writes_nothing_without_the_scope(sides, statement, what):
    credential = sides[0][2]
    reading = [name for name in scopes.SCOPES if not name.endswith(":write")]
    if what == "no grant of it":
        Grant.objects.update(scopes=reading)
        token = token_for(credential)
    else:
        token = token_for(credential, reading)
    with behind_walls(token), connection.cursor() as cursor:
        cursor.execute(statement)
        assert cursor.rowcount == 0


def test_nothing_moves_out_of_what_is_granted(sides):
    (_agenda, mine, credential), (other, *_rest) = sides
    for statement in (
        f"UPDATE booking_appointment SET agenda_id = '{other.pk}' WHERE id = '{mine.pk}'",
        f"UPDATE practitioners_absence SET agenda_id = '{other.pk}'",
        f"UPDATE practitioners_taken SET agenda_id = '{other.pk}'",
        f"INSERT INTO booking_practicepatient (practice_id, patient_id, since)"
        f" VALUES ('{other.practice_id}', '{mine.patient_id}', now())",
        "INSERT INTO audit_subjectkey (subject_id, root_key_id, wrapped, created_at)"
        f" VALUES ('{mine.patient_id}', '', '', now()) ON CONFLICT DO NOTHING",
    ):
        with (
            pytest.raises(DatabaseError, match="row-level security"),
            behind_walls(token_for(credential)),
        ):
            sql(statement)


def test_without_a_token_of_its_own_the_role_sees_nothing(sides):
    token = token_for(sides[0][2])
    for digest in ("", "00" * 32, str(sides[1][2].pk).replace("-", "")):
        with behind_walls(token):
            sql(f"SELECT set_config('doctolib.token', '{digest}', true)")
            assert rows("SELECT count(*) FROM booking_appointment") == [(0,)]
            assert rows("SELECT count(*) FROM booking_patient") == [(0,)]


@pytest.mark.parametrize("what", ["revoked", "suspended"])
def test_the_walls_close_with_the_grant(sides, what):
    credential = sides[0][2]
    token = token_for(credential)
    if what == "revoked":
        Grant.objects.update(revoked_at=timezone.now())
    else:
        Credential.objects.update(suspended_at=timezone.now())
    with behind_walls(token):
        assert Appointment.unscoped.count() == 0
        assert SubjectKey.objects.count() == 0


@pytest.fixture
def _without_filters(monkeypatch):
    """The application forgets every filter of its own."""
    everything = Agenda.objects.select_related("practice", "practitioner").order_by("pk")
    for module in (queries, agenda_views, scoped):
        monkeypatch.setattr(module, "granted_agendas", lambda credential, scope: everything.all())
    monkeypatch.setattr(
        views, "granted_appointments", lambda credential, scope: Appointment.unscoped.all()
    )
    monkeypatch.setattr(
        views, "grant_of",
        lambda credential, agenda_id, scope: Grant(
            fields=["last_name"], created_at=timezone.now()
        ),
    )  # fmt: skip


def test_changes_of_every_agenda_shown_are_the_granted_ones(sides):
    """Asked for all agendas that there are, PostgreSQL still gives the granted ones' changes."""
    (_agenda, mine, credential), _other = sides
    everything = list(Agenda.objects.values_list("pk", flat=True))
    with behind_walls(token_for(credential)):
        page = changes.changes_since(agenda_ids=everything, place=changes.Place(), limit=10)
        text, _place, _more = changes.changes_as_json(
            ask=changes.asking(everything), place=changes.Place(), limit=10
        )
    assert [row.appointment_id for row in page.changes] == [mine.pk]
    assert [row["id"] for row in json.loads(text)] == [str(mine.pk)]


def test_one_statement_that_enters_by_itself_meets_the_same_walls(sides):
    """Asked for every agenda there is, and the connection is the application's again."""
    (_agenda, mine, credential), (_other_agenda, other, _c) = sides
    everything = list(Agenda.objects.values_list("pk", flat=True))
    whatever = "(SELECT %(everything)s::uuid[] FROM entered WHERE role = %(role)s)"

    def ask(statement, parameters):
        return ask_behind_walls(
            token_for(credential), statement.replace("{agendas}", whatever),
            {**parameters, "everything": everything}, scope=scopes.APPOINTMENTS_READ,
        )  # fmt: skip

    text, _place, _more = changes.changes_as_json(ask=ask, place=changes.Place(), limit=10)
    assert [row["id"] for row in json.loads(text)] == [str(mine.pk)]
    assert set(Appointment.unscoped.values_list("pk", flat=True)) == {mine.pk, other.pk}


@pytest.mark.usefixtures("_without_filters")
def test_an_application_that_forgets_its_filters_still_shows_nothing(sides):
    (_agenda, mine, credential), (_other_agenda, other, _c) = sides
    page = listed(credential).content.decode()
    assert str(mine.pk) in page
    assert str(other.pk) not in page
    assert revealed(credential, mine, {"purpose": "care", "fields": ["last_name"]}).json()[
        "last_name"
    ] == "Quatrefages"  # fmt: skip
    assert (
        revealed(credential, other, {"purpose": "care", "fields": ["last_name"]}).status_code == 404
    )


def test_an_error_leaves_nobody_behind_the_walls(sides):
    with pytest.raises(ZeroDivisionError), behind_walls(token_for(sides[0][2])):
        raise ZeroDivisionError
    assert rows("SELECT current_user") != [("doctolib_partner",)]
    assert Appointment.unscoped.count() == 2
    with transaction.atomic(), behind_walls(token_for(sides[0][2])):
        pass
    assert not connection.needs_rollback
    assert rows("SELECT current_user") != [("doctolib_partner",)]


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_every_method_of_a_route_is_behind_the_walls(sides, method):
    token = tokens.issue(
        credential=sides[0][2], scopes=scopes.SCOPES, thumbprint="", now=timezone.now()
    )
    with CaptureQueriesContext(connection) as asked:
        answer = Client().generic(
            method, "/api/v1/agendas", headers={"Authorization": f"Bearer {token}"}
        )
    assert answer.status_code == 200
    became = [n for n, query in enumerate(asked) if "'doctolib_partner'" in query["sql"]]
    assert became, "the role is entered"
    rest = [query["sql"] for query in list(asked)[: became[0]]]
    assert not [text for text in rest if "practitioners_agenda" in text]
