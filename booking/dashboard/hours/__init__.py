"""Opening hours, usual weeks, absences, rooms and substitutes."""
