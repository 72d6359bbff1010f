from django.db import migrations, models

INDEX, WHAT = "audit_entry_dashboard", "(actor_id, at) WHERE channel = 'dashboard'"
PARTITIONS = """
    SELECT inhrelid::regclass::text FROM pg_inherits
    WHERE inhparent = 'audit_entry'::regclass ORDER BY 1
"""


def build(apps, schema_editor):
    """Partition by partition, each while it is being written to; new ones get it by themselves."""
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"CREATE INDEX IF NOT EXISTS {INDEX} ON ONLY audit_entry {WHAT}")
        cursor.execute(PARTITIONS)
        for (partition,) in cursor.fetchall():
            own = f"{partition}_dashboard"
            cursor.execute(f"CREATE INDEX CONCURRENTLY IF NOT EXISTS {own} ON {partition} {WHAT}")
            cursor.execute(f"ALTER INDEX {INDEX} ATTACH PARTITION {own}")


def drop(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(f"DROP INDEX IF EXISTS {INDEX}")


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("audit", "0005_incident_workflow")]

    operations = [
        migrations.AddField(
            model_name="incidentsource",
            name="odd_alone",
            field=models.BooleanField(default=False, db_default=False),
        ),
        migrations.RunPython(build, drop),
    ]
