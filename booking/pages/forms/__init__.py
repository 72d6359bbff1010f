"""Forms that pages of both sides show."""
