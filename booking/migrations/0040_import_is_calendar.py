"""Whether an import came as a calendar: its page speaks of events, not of lines."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0039_sealed_target")]

    operations = [
        migrations.AddField(
            model_name="patientimport",
            name="is_calendar",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
