"""Shared by the pages of patients and practices: access, files, streams, names.

It may not know of any one page of either side.
"""
