"""Cut blind indexes short: the beginning of a digest is what the shorter digest is.

In batches, so that no row is locked for long. Going back leaves them short: a look-up by the long
digest then finds nobody until a patient is changed, and no text is at hand to make it from.
"""

from django.db import migrations

WIDTHS = {
    "last_name_index": 3,
    "first_name_index": 3,
    "birth_date_index": 2,
    "name_birth_index": 3,
    "phone_index": 3,
    "email_index": 3,
}
BATCH = 5000


def cut(apps, schema_editor):
    changes = ", ".join(f"{name} = substring({name} FROM 1 FOR {n})" for name, n in WIDTHS.items())
    long = " OR ".join(f"octet_length({name}) > {n}" for name, n in WIDTHS.items())
    with schema_editor.connection.cursor() as cursor:
        while True:
            cursor.execute(
                f"UPDATE booking_patient SET {changes} WHERE id IN"
                f" (SELECT id FROM booking_patient WHERE {long} LIMIT {BATCH})"
            )
            if not cursor.rowcount:
                break


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("booking", "0002_initial")]
    operations = [migrations.RunPython(cut, migrations.RunPython.noop)]
