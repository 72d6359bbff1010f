"""Oversight of reveals: the watch's reasons, staff's own openings, concerns, incidents.

It may not know of pages; nothing that it guards may work around it.
"""
