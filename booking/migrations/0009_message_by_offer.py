from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("booking", "0008_waiting_list")]

    operations = [
        AddIndexConcurrently(
            model_name="message",
            index=models.Index(
                fields=["offer"],
                name="message_by_offer",
                condition=models.Q(offer__isnull=False),
            ),
        ),
    ]
