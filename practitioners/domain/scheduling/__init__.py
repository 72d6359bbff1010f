"""Time of practices: which slots are free, and why another time is not.

It may not know of search, nor of patients beyond the keys that a rule compares.
"""
