"""Text as search compares it."""

from audit.vault.blind_index import normalise_name


def search_text(text: str) -> str:
    """Fold case, accents, ligatures and punctuation, so that "Saint-Étienne" is "saint etienne"."""
    return normalise_name(text)
