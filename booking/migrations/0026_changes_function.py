from django.db import migrations

# Each agenda's own next rows first, by its index, and then the first of them all: asked for
# several agendas at once, PostgreSQL reads and sorts everything that they ever had. Stable, so
# that it sees what its caller's snapshot sees; not SECURITY DEFINER, so that a partner's walls
# stand. Behind them, planning takes longer than reading, and PostgreSQL would plan every time.
CREATE = """
CREATE FUNCTION booking_changes(agendas uuid[], since bigint, after uuid, most integer)
RETURNS TABLE (
    id uuid, agenda_id uuid, changed_in bigint, gone boolean, visit_reason_id uuid,
    patient_id uuid, starts_at timestamptz, ends_at timestamptz, status text, new_patient boolean,
    created_at timestamptz
)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_generic_plan AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT one.* FROM unnest(agendas) AS asked(agenda) CROSS JOIN LATERAL (
        (SELECT id, agenda_id, changed_in, false, visit_reason_id, patient_id, starts_at,
                ends_at, status::text, new_patient, created_at
         FROM booking_appointment
         WHERE agenda_id = asked.agenda AND (changed_in, id) > (since, after)
         ORDER BY changed_in, id LIMIT most)
        UNION ALL
        (SELECT appointment_id, agenda_id, changed_in, true, NULL, NULL, NULL,
                NULL, NULL, false, NULL
         FROM booking_departure
         WHERE agenda_id = asked.agenda AND (changed_in, appointment_id) > (since, after)
           AND NOT EXISTS (SELECT FROM booking_appointment a
                           WHERE a.id = appointment_id AND a.agenda_id = ANY(agendas))
         ORDER BY changed_in, appointment_id LIMIT most)
    ) AS one
    ORDER BY changed_in, id LIMIT most;
END $$
"""


class Migration(migrations.Migration):
    """A function: no table is touched."""

    dependencies = [("booking", "0025_chains")]

    operations = [
        migrations.RunSQL(
            CREATE, "DROP FUNCTION booking_changes(uuid[], bigint, uuid, integer)"
        )
    ]
