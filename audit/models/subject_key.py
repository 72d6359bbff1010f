from django.db import models


class SubjectKey(models.Model):
    """The wrapped data key of one subject. Destroying the row is what erases the person."""

    subject_id = models.UUIDField(primary_key=True)
    root_key_id = models.CharField(max_length=64)
    wrapped = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["root_key_id"], name="subject_key_by_root_key")]

    def __str__(self) -> str:
        return str(self.subject_id)
