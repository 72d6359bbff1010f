"""Places of a search: reading what names one, and deciding which is meant."""
