import django.contrib.postgres.fields
from django.db import migrations, models

CREATE_RECORD = """
CREATE TABLE audit_entry (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    action varchar(40) NOT NULL,
    actor_kind varchar(20) NOT NULL,
    actor_id uuid,
    practice_id uuid,
    credential_id uuid,
    channel varchar(20) NOT NULL,
    purpose varchar(40) NOT NULL,
    subjects uuid[] NOT NULL,
    fields varchar(80)[] NOT NULL,
    object_id uuid,
    details jsonb NOT NULL,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE INDEX audit_entry_subjects ON audit_entry USING gin (subjects);
CREATE INDEX audit_entry_credential ON audit_entry (credential_id, at)
    WHERE credential_id IS NOT NULL;
CREATE INDEX audit_entry_practice ON audit_entry (practice_id, at) WHERE practice_id IS NOT NULL;

CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the record is append-only: % refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE TABLE audit_entry_default PARTITION OF audit_entry DEFAULT;
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry_default
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();

CREATE FUNCTION audit_create_partition(month date) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    first date := date_trunc('month', month)::date;
    name text := 'audit_entry_' || to_char(first, 'YYYY_MM');
BEGIN
    IF to_regclass(name) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    -- Rows that came before their partition stay in the default one: attaching would need a move.
    IF EXISTS (
        SELECT 1 FROM audit_entry_default
        WHERE at >= first::timestamp AT TIME ZONE 'UTC'
          AND at < (first + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    ) THEN
        RETURN NULL;
    END IF;
    EXECUTE format(
        'CREATE TABLE %I PARTITION OF audit_entry FOR VALUES FROM (%L) TO (%L)',
        name,
        first::timestamp AT TIME ZONE 'UTC',
        (first + interval '1 month')::timestamp AT TIME ZONE 'UTC'
    );
    EXECUTE format(
        'CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON %I '
        'FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()', name
    );
    RETURN name;
END $$;
SELECT audit_create_partition((CURRENT_DATE + make_interval(months => n))::date)
FROM generate_series(0, 3) AS n;
"""

DROP_RECORD = """
DROP TABLE audit_entry;
DROP FUNCTION audit_create_partition(date);
DROP FUNCTION audit_refuse_change();
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []

    operations = [
        migrations.CreateModel(
            name="SubjectKey",
            fields=[
                ("subject_id", models.UUIDField(primary_key=True, serialize=False)),
                ("root_key_id", models.CharField(max_length=64)),
                ("wrapped", models.BinaryField()),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "indexes": [models.Index(fields=["root_key_id"], name="subject_key_by_root_key")]
            },
        ),
        migrations.CreateModel(
            name='Entry',
            fields=[
                ('id', models.UUIDField(primary_key=True, serialize=False)),
                ('at', models.DateTimeField()),
                ('action', models.CharField(max_length=40)),
                ('actor_kind', models.CharField(max_length=20)),
                ('actor_id', models.UUIDField(null=True)),
                ('practice_id', models.UUIDField(null=True)),
                ('credential_id', models.UUIDField(null=True)),
                ('channel', models.CharField(max_length=20)),
                ('purpose', models.CharField(max_length=40)),
                ('subjects', django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)),
                ('fields', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=80), size=None)),
                ('object_id', models.UUIDField(null=True)),
                ('details', models.JSONField()),
            ],
            options={
                'verbose_name_plural': 'entries',
                'db_table': 'audit_entry',
                'ordering': ['-at', '-id'],
                'managed': False,
            },
        ),
        migrations.RunSQL(CREATE_RECORD, DROP_RECORD),
    ]
