"""Where a visit was moved from, for the message that tells of it, and how often it was resized."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0032_import_doubles")]

    operations = [
        migrations.AddField(
            model_name="message",
            name="former_start",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="appointment",
            name="resizes",
            field=models.PositiveSmallIntegerField(db_default=0, default=0),
        ),
    ]
