from django.db import models


class UsedStatement(models.Model):
    """A `jti` that was used while Redis was away; see partners/domain/used_once.py."""

    digest = models.BinaryField(primary_key=True)
    until = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["until"], name="used_statement_by_end")]

    def __str__(self) -> str:
        return bytes(self.digest).hex()[:16]
