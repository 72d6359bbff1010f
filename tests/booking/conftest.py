"""What the tests of pages share."""

from tests.support.kinds_of_patients import anyone, control, first

__all__ = ["anyone", "control", "first"]
