"""Addresses of accounts: proving one by a code or a link, and changing it."""
