"""Appointments: booking, moving, cancelling them, and taking that back.

It may not know of pages, nor of the software that asks for an appointment.
"""
