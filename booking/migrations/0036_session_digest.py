"""Sessions are stored under digests of their keys; those that began before end."""

from django.db import migrations, models

# What a copy of these tables holds opened accounts: it does not any more, in any copy. Emptying a
# table locks it for an instant, however large it is.
END_ALL = "TRUNCATE django_session, booking_signin"


class Migration(migrations.Migration):
    dependencies = [
        ("booking", "0035_import_left_out"),
        ("sessions", "0001_initial"),
    ]

    operations = [
        migrations.RunSQL(END_ALL, END_ALL),
        # The column keeps its name.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RenameField("signin", "session_key", "session_digest"),
                migrations.AlterField(
                    "signin",
                    "session_digest",
                    models.CharField(db_column="session_key", max_length=40, unique=True),
                ),
            ]
        ),
    ]
