"""Messages and documents between patients and practices, all of it sealed.

It may not know of appointments or pages.
"""
