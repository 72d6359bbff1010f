"""How figures are rounded, wherever they are read: pages and files show the same ones."""

from decimal import ROUND_HALF_UP, Decimal


def to_tenth(number: float) -> Decimal:
    """Round to one decimal, halves away from zero, as people do by hand."""
    return Decimal(str(number)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP)
