import django.db.models.deletion
from django.db import migrations, models

# The default is stable, so PostgreSQL evaluates it once and rewrites no table. The column is no
# field of the model: nobody sets it but PostgreSQL.
COLUMN = """
ALTER TABLE booking_appointment
    ADD COLUMN changed_in bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint)
"""
# As the tables' owner, so that whoever moves an appointment needs no right on the departures.
TRIGGER = """
CREATE FUNCTION booking_note_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    NEW.changed_in := pg_current_xact_id()::text::bigint;
    IF NEW.agenda_id <> OLD.agenda_id THEN
        INSERT INTO booking_departure (agenda_id, appointment_id, changed_in)
        VALUES (OLD.agenda_id, OLD.id, NEW.changed_in)
        ON CONFLICT (agenda_id, appointment_id) DO UPDATE SET changed_in = EXCLUDED.changed_in;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER booking_note_change BEFORE UPDATE ON booking_appointment
    FOR EACH ROW EXECUTE FUNCTION booking_note_change();
"""
DROP_TRIGGER = """
DROP TRIGGER booking_note_change ON booking_appointment;
DROP FUNCTION booking_note_change();
"""


class Migration(migrations.Migration):
    dependencies = [("booking", "0004_concern")]

    operations = [
        migrations.CreateModel(
            name="Departure",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("changed_in", models.BigIntegerField()),
                ("agenda", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="practitioners.agenda")),
                ("appointment", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="+", to="booking.appointment")),
            ],
            options={
                "indexes": [models.Index(fields=["agenda", "changed_in"], name="departure_by_change")],
                "constraints": [models.UniqueConstraint(fields=("agenda", "appointment"), name="one_departure_an_agenda")],
            },
        ),
        migrations.RunSQL(COLUMN, "ALTER TABLE booking_appointment DROP COLUMN changed_in"),
        migrations.RunSQL(TRIGGER, DROP_TRIGGER),
    ]
