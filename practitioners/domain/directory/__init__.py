"""The directory: reading a query, finding practitioners and places, and their order.

It may not know of a patient, nor change an agenda.
"""
