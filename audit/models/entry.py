from django.contrib.postgres.fields import ArrayField
from django.db import models


class Entry(models.Model):
    """One line of the record: who did what, to whose data, why and through which channel.

    The table is created by a migration of its own (partitioned by month, UPDATE, DELETE and
    TRUNCATE refused by trigger), so Django does not manage it. It holds ids, never identities.
    """

    id = models.UUIDField(primary_key=True)
    at = models.DateTimeField()
    action = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=20)
    actor_id = models.UUIDField(null=True)
    practice_id = models.UUIDField(null=True)
    credential_id = models.UUIDField(null=True)
    channel = models.CharField(max_length=20)
    purpose = models.CharField(max_length=40)
    subjects = ArrayField(models.UUIDField())
    fields = ArrayField(models.CharField(max_length=80))
    object_id = models.UUIDField(null=True)
    details = models.JSONField()
    # Shows that this platform wrote the entry; see audit/record/content.py.
    mac = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "audit_entry"
        ordering = ["-at", "-id"]
        verbose_name_plural = "entries"

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M:%S} {self.action}"
