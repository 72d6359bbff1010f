"""What binds an entry to the one that its writer committed before it.

A column that may be null and has no default changes the catalogue alone.
"""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0008_sealer")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE audit_entry ADD COLUMN link bytea;",
            "ALTER TABLE audit_entry DROP COLUMN link;",
        ),
    ]
