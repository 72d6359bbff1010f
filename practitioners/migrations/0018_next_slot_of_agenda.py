"""The index from which a search reads the first slot of each agenda, without its table."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("practitioners", "0017_surnames")]

    operations = [
        AddIndexConcurrently(
            model_name="nextslot",
            index=models.Index(
                fields=["agenda", "starts_at"],
                include=["bookable_until", "visit_reason"],
                name="next_slot_of_agenda",
            ),
        ),
    ]
