"""The partner role writes entries, and never says in which transaction: PostgreSQL does.

Only privileges change; no table is locked against reading or writing.
"""

from django.db import migrations

COLUMNS = (
    "id, at, action, actor_kind, actor_id, practice_id, credential_id, channel, purpose,"
    " subjects, fields, object_id, details, mac"
)
NARROW = f"""
REVOKE INSERT ON audit_entry FROM doctolib_partner;
GRANT INSERT ({COLUMNS}) ON audit_entry TO doctolib_partner;
"""
WIDE = "GRANT INSERT ON audit_entry TO doctolib_partner;"


class Migration(migrations.Migration):
    dependencies = [("partners", "0015_resource_walls"), ("audit", "0008_sealer")]
    operations = [migrations.RunSQL(NARROW, WIDE)]
