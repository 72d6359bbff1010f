from django.db import migrations


class Migration(migrations.Migration):
    """Apart, since an index of a live table is made concurrently, outside a transaction."""

    atomic = False
    dependencies = [("booking", "0005_changes")]

    operations = [
        migrations.RunSQL(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS appointment_by_change"
            " ON booking_appointment (agenda_id, changed_in, id)",
            "DROP INDEX CONCURRENTLY IF EXISTS appointment_by_change",
        )
    ]
