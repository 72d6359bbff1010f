"""The breach drill: a month of traffic and a theft, replayed against the real watch and record.

What makes traffic lives here and knows nothing of what detects: no import of audit.watch and none
of its numbers. A test holds that.
"""
