from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A nullable column is added at once; its index concurrently, outside a transaction."""

    atomic = False
    dependencies = [("practitioners", "0003_listed")]

    operations = [
        migrations.AddField(
            "absence", "imported_from", models.UUIDField(blank=True, editable=False, null=True)
        ),
        AddIndexConcurrently(
            "absence",
            models.Index(
                fields=["imported_from", "starts_at"],
                name="absence_by_import",
                condition=Q(imported_from__isnull=False),
            ),
        ),
    ]
