"""Bars over days, as templates/dashboard/_plot.html draws them: with a scale, and days below."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from practitioners.domain.date_words import in_words

# So many days fit under the bars on a phone, where the first and the last are written alone.
TICKS = 6


@dataclass(frozen=True, kw_only=True)
class Bar:
    """One bar: its height in percent, what is said of it, and what stands below it, if anything."""

    height: int
    title: str
    tick: str


def bars(plotted: Sequence[tuple[date, int, str]]) -> list[Bar]:
    """Make bars of days, heights in percent and figures; every few of them names its day."""
    step = max(1, -(-len(plotted) // TICKS))
    return [
        Bar(
            height=height,
            title=f"{day:%d/%m/%Y} · {figure}",
            tick=in_words(day, "j b") if n % step == 0 else "",
        )
        for n, (day, height, figure) in enumerate(plotted)
    ]
