"""Forms of a practice's pages alone."""
