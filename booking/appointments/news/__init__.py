"""Messages about appointments: which are owed, when a reminder is due, what each says."""
