"""Patients and their files: creating, finding, merging them, and handing them to another account.

It may not know of appointments or pages.
"""
