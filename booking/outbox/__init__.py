"""Mails and text messages: queued with their cause, sent once, given up in time.

It may not know of the pages that cause a message, nor of the tasks that send it.
"""
