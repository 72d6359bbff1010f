"""The pages of a practice, by theme. Only urls import them.

They may not know of patients' pages: what both sides share is in `booking.pages`.
"""
