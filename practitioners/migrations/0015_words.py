"""Indexes by which search finds whole words: names of people and practices, reasons, communes."""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.operations import AddIndexConcurrently
from django.contrib.postgres.search import SearchVector
from django.db import migrations, models

from practitioners.models.agenda import FoldedName


class Migration(migrations.Migration):
    # CREATE INDEX CONCURRENTLY runs outside a transaction.
    atomic = False

    dependencies = [("practitioners", "0014_substitution")]

    operations = [
        AddIndexConcurrently(
            model_name="practitioner",
            index=GinIndex(SearchVector("search_name", config="simple"), name="practitioner_words"),
        ),
        AddIndexConcurrently(
            model_name="practice",
            index=GinIndex(SearchVector("search_name", config="simple"), name="practice_words"),
        ),
        AddIndexConcurrently(
            model_name="visitreason",
            index=GinIndex(
                SearchVector(FoldedName("name"), config="simple"), name="visit_reason_words"
            ),
        ),
        AddIndexConcurrently(
            model_name="commune",
            index=models.Index(
                fields=["search_name"], name="commune_name_begins", opclasses=["text_pattern_ops"]
            ),
        ),
    ]
