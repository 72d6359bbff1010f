"""Accounts of patients, members and staff: opening one, its letters, its team, its changes.

It may not know of patients, appointments or pages.
"""
