"""Reading for a practice's pages alone: the agenda's columns, and figures."""
