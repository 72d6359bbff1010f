"""The practice itself: its members, its settings, its figures and its part of the record."""
