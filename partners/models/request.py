from django.db import models

from partners.models.credential import Credential


class IdempotentRequest(models.Model):
    """A write that was carried out with an Idempotency-Key, and its response.

    `fingerprint` is keyed, because a body may name a patient. Responses to writes contain no
    identity.
    """

    credential = models.ForeignKey(Credential, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.BinaryField()
    status = models.PositiveSmallIntegerField(null=True)
    body = models.JSONField(null=True)
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["created_at"], name="request_by_age")]
        constraints = [
            models.UniqueConstraint(fields=["credential", "key"], name="carried_out_once")
        ]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.key}"
