"""Imports that create a file for who probably has one already, or give these lines back."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0031_address_check")]

    operations = [
        migrations.AddField(
            model_name="patientimport",
            name="takes_doubles",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
