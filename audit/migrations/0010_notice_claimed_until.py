"""Until when a notice's sender may be at work.

A column that may be null and has no default changes the catalogue alone. Workers of the version
before leave it empty; their claims end as before (`audit.incidents.notices`).
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0009_link")]
    operations = [
        migrations.AddField(
            model_name="notice",
            name="claimed_until",
            field=models.DateTimeField(null=True),
        ),
    ]
