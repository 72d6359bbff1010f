"""Whether no slot can come of a visit reason as things stand, beside its next slot.

The column has a constant default, so that no row is written; the rows are computed anew within
REFRESH_EVERY.
"""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("practitioners", "0018_next_slot_of_agenda")]

    operations = [
        migrations.AddField(
            model_name="nextslot",
            name="never",
            field=models.BooleanField(db_default=False, default=False),
        ),
        AddIndexConcurrently(
            model_name="nextslot",
            index=models.Index(
                condition=models.Q(("never", True)), fields=["visit_reason"],
                name="next_slot_never",
            ),
        ),
    ]
