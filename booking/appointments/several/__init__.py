"""Several appointments in one go: a series, a family's visits, and what contradicts another."""
