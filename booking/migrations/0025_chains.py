import django.db.models.deletion
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """A nullable column is added at once, its reference with it (PostgreSQL validates no column that
    is null everywhere); its index concurrently, outside a transaction.
    """

    atomic = False
    dependencies = [("booking", "0024_imported_visits"), ("practitioners", "0013_chains")]

    operations = [
        migrations.AddField(
            "appointment",
            "follows",
            models.ForeignKey(
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="followed_by",
                to="booking.appointment",
            ),
        ),
        AddIndexConcurrently(
            "appointment",
            models.Index(
                fields=["follows"],
                name="appointment_by_first",
                condition=Q(follows__isnull=False),
            ),
        ),
    ]
