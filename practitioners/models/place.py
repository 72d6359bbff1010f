from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models


class Commune(models.Model):
    """A French commune with its postcodes; without coordinates where no source gives any."""

    code = models.CharField(primary_key=True, max_length=5)
    name = models.CharField(max_length=80)
    search_name = models.CharField(max_length=80)
    department = models.CharField(max_length=3)
    region = models.CharField(max_length=3)
    postcodes = ArrayField(models.CharField(max_length=5))
    population = models.PositiveIntegerField()
    latitude = models.FloatField(null=True)
    longitude = models.FloatField(null=True)

    class Meta:
        indexes = [
            GinIndex(fields=["search_name"], name="commune_name_trgm", opclasses=["gin_trgm_ops"]),
            GinIndex(fields=["postcodes"], name="commune_postcodes"),
            models.Index(
                fields=["search_name"], name="commune_name_begins", opclasses=["text_pattern_ops"]
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def label(self) -> str:
        """The name with its first postcode: "Tours (37000)"."""
        return f"{self.name} ({self.postcodes[0]})" if self.postcodes else self.name
