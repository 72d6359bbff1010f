"""What the tests of pages share."""

from tests.booking.views.kinds_of_patients import anyone, control, first

__all__ = ["anyone", "control", "first"]
