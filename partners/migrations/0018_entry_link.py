"""The partner role may say to which entry its own is bound. Only a privilege changes."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("partners", "0017_plain_names"), ("audit", "0009_link")]
    operations = [
        migrations.RunSQL(
            "GRANT INSERT (link) ON audit_entry TO doctolib_partner;",
            "REVOKE INSERT (link) ON audit_entry FROM doctolib_partner;",
        ),
    ]
