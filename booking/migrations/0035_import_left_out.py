"""How many events of an imported calendar are no visits."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("booking", "0034_factor_reset")]

    operations = [
        migrations.AddField(
            model_name="patientimport",
            name="left_out",
            field=models.PositiveIntegerField(db_default=0, default=0),
        ),
    ]
