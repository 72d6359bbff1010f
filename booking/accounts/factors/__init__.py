"""Factors of an account: passwords, codes, recovery codes and passkeys."""
