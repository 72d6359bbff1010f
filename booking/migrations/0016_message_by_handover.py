from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("booking", "0015_handover")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["handover"],
                name="message_by_handover",
                condition=models.Q(handover__isnull=False),
            ),
        ),
    ]
