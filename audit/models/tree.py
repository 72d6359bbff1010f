"""The tree over the record. Like the entries, its tables are append-only and made by SQL."""

from django.db import models


class Leaf(models.Model):
    """An entry's place in the Merkle tree. Append-only; `at` finds the entry's partition."""

    index = models.BigIntegerField(primary_key=True)
    entry_id = models.UUIDField(unique=True)
    at = models.DateTimeField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_leaf"
        verbose_name_plural = "leaves"

    def __str__(self) -> str:
        return f"{self.index}: {self.entry_id}"


class Subtree(models.Model):
    """The hash of a complete subtree of 256**height leaves: what a tile of the log consists of."""

    height = models.PositiveSmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField()

    class Meta:
        managed = False
        db_table = "audit_subtree"

    def __str__(self) -> str:
        return f"{self.height}/{self.index}"


class Checkpoint(models.Model):
    """A signed tree head, and the snapshot of PostgreSQL up to which entries were sealed."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField()
    note = models.TextField()
    snapshot = models.TextField()
    # The cluster whose transaction ids the snapshot speaks of: another one after a restore.
    cluster = models.BigIntegerField()
    created_at = models.DateTimeField()
    # Over the row; null in rows from before there were such codes.
    mac = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "audit_checkpoint"

    def __str__(self) -> str:
        return str(self.size)


class Cosignature(models.Model):
    """A witness's signature line under one of our checkpoints."""

    checkpoint = models.ForeignKey(
        Checkpoint, on_delete=models.PROTECT, related_name="cosignatures"
    )
    witness = models.CharField(max_length=120)
    line = models.TextField()
    cosigned_at = models.DateTimeField()
    mac = models.BinaryField(null=True)

    class Meta:
        managed = False
        db_table = "audit_cosignature"

    def __str__(self) -> str:
        return f"{self.witness}: {self.checkpoint_id}"


class Sealer(models.Model):
    """The one row that the sealer locks, and where it says that it was there.

    Only the sealer's role may change it, so that only that role can lock it.
    """

    id = models.PositiveSmallIntegerField(primary_key=True)
    run_at = models.DateTimeField(null=True)
    # A witness that has cosigned another or a longer record than this one, and since when.
    contradicted_by = models.CharField(max_length=120)
    contradicted_at = models.DateTimeField(null=True)

    class Meta:
        managed = False
        db_table = "audit_sealer"

    def __str__(self) -> str:
        return f"{self.run_at}"
