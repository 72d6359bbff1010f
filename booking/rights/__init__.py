"""Rights under the GDPR: a copy of all that is held about somebody, and its erasure.

It may not know of pages.
"""
