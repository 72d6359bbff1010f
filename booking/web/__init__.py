"""The pages of patients, by theme. Only urls import them.

They may not know of a practice's pages: what both sides share is in `booking.pages`.
"""
