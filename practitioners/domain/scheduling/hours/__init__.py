"""Opening hours and absences, week by week, and what can never be free within them."""
