"""Rules of visit reasons: which patients may book, for a person and for many agendas."""
