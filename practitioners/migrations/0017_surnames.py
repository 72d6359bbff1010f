"""The index by which a misspelt surname finds those that begin like it, and a surname its people."""

from django.contrib.postgres.indexes import OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models

from practitioners.models.folded import FoldedName


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("practitioners", "0016_withdrawn_invitation")]

    operations = [
        AddIndexConcurrently(
            model_name="practitioner",
            index=models.Index(
                OpClass(FoldedName("last_name"), name="text_pattern_ops"),
                name="practitioner_surname",
            ),
        ),
    ]
