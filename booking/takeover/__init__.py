"""Taking a practice's patients and appointments over from another software.

It may not know of pages.
"""
