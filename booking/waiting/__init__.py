"""The waiting list: whom a slot that has come free is offered to, and their answers.

It may not know of pages.
"""
