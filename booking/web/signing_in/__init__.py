"""Signing in and up, by password, code, link or passkey."""
