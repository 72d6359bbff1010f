import django.contrib.postgres.fields
from django.db import migrations, models

import practitioners.models.directory


def spell_out_the_default(apps, schema_editor):
    """Until now an empty list meant the default; from now on it means no reminder."""
    practice = apps.get_model("practitioners", "Practice")
    practice.objects.filter(reminder_hours=[]).update(reminder_hours=[48, 2])


class Migration(migrations.Migration):
    dependencies = [("practitioners", "0001_initial")]

    operations = [
        migrations.AlterField(
            model_name="practice",
            name="reminder_hours",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.PositiveSmallIntegerField(),
                blank=True,
                default=practitioners.models.directory.default_reminder_hours,
                size=None,
                verbose_name="rappels (heures avant)",
            ),
        ),
        migrations.RunPython(spell_out_the_default, migrations.RunPython.noop),
    ]
