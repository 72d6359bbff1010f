"""Booking and moving at a practice's desk: by telephone, by hand, at an unusual time."""
