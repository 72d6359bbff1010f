"""How often Python looks for garbage in a process that lives long."""

import gc


def collect_seldom() -> None:
    """Call once everything is loaded.

    What start-up allocated stays for good, and a request leaves few cycles behind: collecting as
    often as Python does by default costs a tenth of a booking (bench/booking.py), and a fifth of
    a test.
    """
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
