"""Invitations that a practice takes back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("practitioners", "0015_words")]

    operations = [
        migrations.AddField(
            model_name="invitation",
            name="withdrawn_at",
            field=models.DateTimeField(null=True),
        ),
    ]
