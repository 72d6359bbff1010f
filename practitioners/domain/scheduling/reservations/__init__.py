"""Reservations: holds, the time of appointments, places of a session, rooms and devices."""
