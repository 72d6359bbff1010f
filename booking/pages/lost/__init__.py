"""Answers where something is gone, or where the reader's session has ended."""
