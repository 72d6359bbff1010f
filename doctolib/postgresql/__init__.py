"""Django's PostgreSQL backend, with cheaper ways to do what every request does."""
