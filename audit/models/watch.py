import uuid

from django.db import models


class Watched(models.Model):
    """What is known of one holder (a credential, an account) or one group of holders.

    `state` is audit.watch.past.Past as JSON. `level` is how full the bucket of suspicion was at
    `at`; `signs` what filled it since it was last empty, and `since` when that was.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=20)
    state = models.JSONField(default=dict)
    level = models.FloatField(default=0)
    at = models.DateTimeField()
    since = models.DateTimeField(null=True)
    signs = models.JSONField(default=dict)

    class Meta:
        verbose_name = "watched holder"

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Canary(models.Model):
    """A subject who is nobody: opened, it gives away whoever goes through everything."""

    subject_id = models.UUIDField(primary_key=True, editable=False)
    planted_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "canaries"

    def __str__(self) -> str:
        return str(self.subject_id)
