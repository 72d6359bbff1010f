from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION partners_agendas_with(wanted text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT a.agenda_id
    FROM partners_accesstoken t
    JOIN partners_credential c ON c.id = t.credential_id AND c.suspended_at IS NULL
    JOIN partners_grant g ON g.credential_id = c.id AND g.revoked_at IS NULL
    JOIN partners_grant_agendas a ON a.grant_id = g.id
    WHERE t.digest = decode(current_setting('doctolib.token', true), 'hex')
      AND wanted = ANY(t.scopes) AND wanted = ANY(g.scopes)
$$;
CREATE FUNCTION partners_practices_with(wanted text) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT practice_id FROM practitioners_agenda
    WHERE id IN (SELECT partners_agendas_with(wanted))
$$;
CREATE OR REPLACE FUNCTION partners_current_patients() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT patient_id FROM booking_appointment
    WHERE agenda_id IN (SELECT partners_current_agendas())
    UNION
    SELECT r.patient_id FROM partners_registeredpatient r
    JOIN partners_grant g ON g.credential_id = r.credential_id AND g.practice_id = r.practice_id
    WHERE r.credential_id = partners_current_credential() AND g.revoked_at IS NULL
$$;
"""
# A key may be made for a subject that has no file yet: never for one who was erased.
NEW_SUBJECT = """
CREATE FUNCTION partners_is_new_subject(subject uuid) RETURNS boolean
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT NOT EXISTS (SELECT FROM booking_patient WHERE id = subject)
       AND NOT EXISTS (SELECT FROM booking_account WHERE id = subject)
$$;
"""
DROP_FUNCTIONS = """
CREATE OR REPLACE FUNCTION partners_current_patients() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public AS $$
    SELECT patient_id FROM booking_appointment
    WHERE agenda_id IN (SELECT partners_current_agendas())
$$;
DROP FUNCTION partners_is_new_subject(uuid);
DROP FUNCTION partners_practices_with(text);
DROP FUNCTION partners_agendas_with(text);
"""

APPOINTMENTS = "IN (SELECT partners_agendas_with('appointments:write'))"
PRACTICES = "IN (SELECT partners_practices_with('appointments:write'))"
AGENDAS = "IN (SELECT partners_agendas_with('agendas:write'))"
OWN = "credential_id = partners_current_credential()"
OF_APPOINTMENT = (
    f"appointment_id IN (SELECT id FROM booking_appointment WHERE agenda_id {APPOINTMENTS})"
)
OF_OPENING = f"opening_id IN (SELECT id FROM practitioners_opening WHERE agenda_id {AGENDAS})"
# Table, commands, condition. A lock FOR UPDATE needs the right to update one column: the agenda's
# id, which nothing can change since everything refers to it.
WRITABLE = [
    ("practitioners_taken", "INSERT UPDATE DELETE", f"agenda_id {APPOINTMENTS}"),
    ("booking_appointment", "INSERT UPDATE", f"agenda_id {APPOINTMENTS}"),
    ("booking_message", "SELECT INSERT UPDATE", f"account_id IS NULL AND {OF_APPOINTMENT}"),
    ("booking_practicepatient", "INSERT", f"practice_id {PRACTICES}"),
    ("booking_patient", "INSERT", "account_id IS NULL"),
    ("audit_subjectkey", "INSERT", "partners_is_new_subject(subject_id)"),
    ("partners_registeredpatient", "SELECT", OWN),
    ("partners_registeredpatient", "INSERT", f"{OWN} AND practice_id {PRACTICES}"),
    ("partners_idempotentrequest", "SELECT INSERT UPDATE", OWN),
    ("practitioners_agenda", "UPDATE(id)", f"id {AGENDAS}"),
    ("practitioners_opening", "INSERT UPDATE DELETE", f"agenda_id {AGENDAS}"),
    ("practitioners_opening_visit_reasons", "INSERT DELETE", OF_OPENING),
    ("practitioners_absence", "INSERT UPDATE DELETE", f"agenda_id {AGENDAS}"),
    ("booking_departure", "SELECT", "agenda_id IN (SELECT partners_current_agendas())"),
]
WALLED_NOW = (
    "booking_message", "booking_practicepatient", "partners_registeredpatient",
    "partners_idempotentrequest", "booking_departure",
)  # fmt: skip


def walls() -> tuple[str, str]:
    up, down = [FUNCTIONS, NEW_SUBJECT], []
    for table in WALLED_NOW:
        up.append(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;")
    for table, commands, condition in WRITABLE:
        for command in commands.split():
            verb = command.partition("(")[0]
            name = f"partners_{verb.lower()}"
            using = "" if verb == "INSERT" else f" USING ({condition})"
            check = f" WITH CHECK ({condition})" if verb in ("INSERT", "UPDATE") else ""
            up.append(
                f"CREATE POLICY {name} ON {table} FOR {verb} TO doctolib_partner{using}{check};"
                f"GRANT {command} ON {table} TO doctolib_partner;"
            )
            down.append(
                f"REVOKE {command} ON {table} FROM doctolib_partner;"
                f"DROP POLICY {name} ON {table};"
            )
    for table in WALLED_NOW:
        down.append(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;")
    return "\n".join(up), "\n".join([*down, DROP_FUNCTIONS])


class Migration(migrations.Migration):
    """Short exclusive locks, no rewrite: policies are marks in the catalogue."""

    dependencies = [("partners", "0006_writes")]

    operations = [migrations.RunSQL(*walls())]
