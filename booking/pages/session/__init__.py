"""Entering and leaving: sessions, devices, second factors, and what was begun before them."""
