from django.db.models import CharField, Func


class FoldedName(Func):
    """A name without case and accents, folded by PostgreSQL itself, so that it can be indexed."""

    template = (
        "lower(translate(replace(replace(%(expressions)s, 'œ', 'oe'), 'Œ', 'oe'), "
        "'ÀÂÄÇÉÈÊËÎÏÔÖÙÛÜŸàâäçéèêëîïôöùûüÿ’''-/', 'AAACEEEEIIOOUUUYaaaceeeeiioouuuy    '))"
    )
    output_field = CharField()
