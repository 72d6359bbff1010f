from django.db import migrations

# Roles belong to the whole server: another database of it may have made this one already.
MAKE_ROLE = """
DO $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'doctolib_partner') THEN
        CREATE ROLE doctolib_partner NOLOGIN;
    END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN
    NULL;
END $$
"""

# The functions run as the tables' owner, so that the partner role needs no right on what they
# read. They are stable: PostgreSQL asks them once a statement.
FUNCTIONS = """
CREATE FUNCTION partners_current_credential() RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT t.credential_id
    FROM partners_accesstoken t JOIN partners_credential c ON c.id = t.credential_id
    WHERE t.digest = decode(current_setting('doctolib.token', true), 'hex')
      AND c.suspended_at IS NULL
$$;
CREATE FUNCTION partners_current_agendas() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT a.agenda_id
    FROM partners_grant g JOIN partners_grant_agendas a ON a.grant_id = g.id
    WHERE g.credential_id = partners_current_credential() AND g.revoked_at IS NULL
$$;
CREATE FUNCTION partners_current_patients() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT patient_id FROM booking_appointment
    WHERE agenda_id IN (SELECT partners_current_agendas())
$$;
"""
DROP_FUNCTIONS = """
DROP FUNCTION partners_current_patients();
DROP FUNCTION partners_current_agendas();
DROP FUNCTION partners_current_credential();
"""

AGENDAS = "IN (SELECT partners_current_agendas())"
READABLE = {
    "practitioners_agenda": f"id {AGENDAS}",
    "practitioners_visitreason": f"agenda_id {AGENDAS}",
    "practitioners_opening": f"agenda_id {AGENDAS}",
    "practitioners_opening_visit_reasons": (
        f"opening_id IN (SELECT id FROM practitioners_opening WHERE agenda_id {AGENDAS})"
    ),
    "practitioners_absence": f"agenda_id {AGENDAS}",
    "practitioners_taken": f"agenda_id {AGENDAS}",
    "practitioners_practice": (
        f"id IN (SELECT practice_id FROM practitioners_agenda WHERE id {AGENDAS})"
    ),
    "booking_appointment": f"agenda_id {AGENDAS}",
    "booking_patient": "id IN (SELECT partners_current_patients())",
    "audit_subjectkey": "subject_id IN (SELECT partners_current_patients())",
    "partners_grant": "credential_id = partners_current_credential()",
    "partners_grant_agendas": (
        "grant_id IN (SELECT id FROM partners_grant"
        " WHERE credential_id = partners_current_credential())"
    ),
}
# What everybody may look up in the public directory.
PUBLIC = ("practitioners_practitioner",)


def walls() -> tuple[str, str]:
    up, down = [FUNCTIONS], []
    for table, condition in READABLE.items():
        up.append(
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;"
            f"CREATE POLICY partners_wall ON {table} FOR SELECT TO doctolib_partner"
            f" USING ({condition});"
            f"GRANT SELECT ON {table} TO doctolib_partner;"
        )
        down.append(
            f"REVOKE ALL ON {table} FROM doctolib_partner;"
            f"DROP POLICY partners_wall ON {table};"
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;"
        )
    for table in PUBLIC:
        up.append(f"GRANT SELECT ON {table} TO doctolib_partner;")
        down.append(f"REVOKE ALL ON {table} FROM doctolib_partner;")
    up.append("GRANT INSERT ON audit_entry TO doctolib_partner;")
    down += ["REVOKE ALL ON audit_entry FROM doctolib_partner;", DROP_FUNCTIONS]
    return "\n".join(up), "\n".join(down)


class Migration(migrations.Migration):
    """Short exclusive locks, no rewrite: row-level security is a mark in the catalogue."""

    dependencies = [
        ("partners", "0003_granted_fields"),
        ("booking", "0004_concern"),
        ("audit", "0003_partition_owner"),
        ("practitioners", "0002_reminder_default"),
    ]

    operations = [
        migrations.RunSQL(MAKE_ROLE, migrations.RunSQL.noop),
        migrations.RunSQL(*walls()),
    ]
