"""Reservations: holding and taking time, seats of a session, rooms and devices."""
