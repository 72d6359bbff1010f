"""Accounts: the account itself, its sign-ins and devices, and what changes how one signs in.

The second factors stay in `booking/models/factors.py`: a migration imports them from there.
"""
