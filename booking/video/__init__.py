"""Teleconsultation: who may enter the room of an appointment, and what passes through it.

It may not know of pages.
"""
