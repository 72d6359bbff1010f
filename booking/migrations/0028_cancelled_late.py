import importlib

from django.db import migrations, models

before = importlib.import_module("booking.migrations.0026_changes_function").CREATE
# One more column, the last, so that a process which still runs the former code reads it too.
AFTER = (
    before.replace("created_at timestamptz\n)", "created_at timestamptz, cancelled_late boolean\n)")
    .replace("new_patient, created_at\n", "new_patient, created_at, cancelled_late\n")
    .replace("NULL, NULL, false, NULL\n", "NULL, NULL, false, NULL, false\n")
)
DROP = "DROP FUNCTION booking_changes(uuid[], bigint, uuid, integer);"


class Migration(migrations.Migration):
    """A column with a default in the database is added at once; a function replaces its former self."""

    dependencies = [("booking", "0027_patient_phone_zone")]

    operations = [
        migrations.AddField(
            "appointment",
            "cancelled_late",
            models.BooleanField(db_default=False, default=False),
        ),
        migrations.RunSQL(DROP + AFTER, DROP + before),
    ]
