"""From a slot to an appointment, or to a place on the waiting list."""
