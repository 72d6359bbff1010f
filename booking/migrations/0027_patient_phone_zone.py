from django.db import migrations, models


class Migration(migrations.Migration):
    """A column with a constant default: no row is written, and the lock is short.

    The default stays in the table, for processes of the former version that still write.
    """

    dependencies = [
        ("booking", "0026_changes_function"),
    ]

    operations = [
        migrations.AddField(
            model_name="patient",
            name="phone_zone",
            field=models.CharField(blank=True, default="", max_length=40),
        ),
        migrations.RunSQL(
            "ALTER TABLE booking_patient ALTER COLUMN phone_zone SET DEFAULT ''",
            reverse_sql=migrations.RunSQL.noop,
        ),
    ]
