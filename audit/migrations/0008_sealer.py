"""The sealer's own row, which is its lock and its sign of life, and codes over what is signed nowhere.

Safe on a large live table: columns that may be null and a constraint that is not checked for the
rows of before change the catalogue alone, under a lock of an instant. Of the checkpoints of before
only the newest gets a code: it is the one that the next sealing goes on from.
"""

from django.db import migrations, models

SEALER = """
CREATE TABLE audit_sealer (
    id smallint PRIMARY KEY CHECK (id = 1),
    run_at timestamptz,
    contradicted_by varchar(120) NOT NULL DEFAULT '',
    contradicted_at timestamptz
);
INSERT INTO audit_sealer (id) VALUES (1);
"""
DROP_SEALER = "DROP TABLE audit_sealer;"
CODES = """
ALTER TABLE audit_checkpoint ADD COLUMN mac bytea;
ALTER TABLE audit_cosignature ADD COLUMN mac bytea;
"""
DROP_CODES = """
ALTER TABLE audit_checkpoint DROP COLUMN mac;
ALTER TABLE audit_cosignature DROP COLUMN mac;
"""
# What no entry of ours looks like, and what a program that seals could not read.
SEALABLE = """
ALTER TABLE audit_entry ADD CONSTRAINT audit_entry_sealable CHECK (
    at >= '2000-01-01 00:00+00' AND at < '3000-01-01 00:00+00'
    AND coalesce(array_ndims(subjects), 1) = 1 AND array_position(subjects, NULL) IS NULL
    AND coalesce(array_ndims(fields), 1) = 1 AND array_position(fields, NULL) IS NULL
) NOT VALID;
"""
DROP_SEALABLE = "ALTER TABLE audit_entry DROP CONSTRAINT audit_entry_sealable;"


def authenticate_newest(apps, schema_editor):
    from audit.record import content

    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "SELECT size, root, snapshot, cluster, created_at FROM audit_checkpoint"
            " ORDER BY size DESC LIMIT 1"
        )
        row = cursor.fetchone()
        if row is None:
            return
        cursor.execute("ALTER TABLE audit_checkpoint DISABLE TRIGGER audit_checkpoint_no_change")
        cursor.execute(
            "UPDATE audit_checkpoint SET mac = %s WHERE size = %s",
            [content.row_code("checkpoint", *row), row[0]],
        )
        cursor.execute("ALTER TABLE audit_checkpoint ENABLE TRIGGER audit_checkpoint_no_change")


class Migration(migrations.Migration):
    dependencies = [("audit", "0007_canary")]

    operations = [
        migrations.CreateModel(
            name="Sealer",
            fields=[
                ("id", models.PositiveSmallIntegerField(primary_key=True, serialize=False)),
                ("run_at", models.DateTimeField(null=True)),
                ("contradicted_by", models.CharField(max_length=120)),
                ("contradicted_at", models.DateTimeField(null=True)),
            ],
            options={"managed": False, "db_table": "audit_sealer"},
        ),
        migrations.RunSQL(SEALER, DROP_SEALER),
        migrations.RunSQL(CODES, DROP_CODES),
        migrations.RunPython(authenticate_newest, migrations.RunPython.noop),
        migrations.RunSQL(SEALABLE, DROP_SEALABLE),
    ]
