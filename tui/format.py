"""Figures as a narrow column shows them: pure, of a width that does not jump; what is not known is ``n/a``."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tui.commands.figures import NOT_KNOWN

BLOCKS = "▁▂▃▄▅▆▇█"

GIB = 1024**3

MINUTE_S = 60

FIVES_FROM = 10
"""Minutes from which on an age goes on in fives: to nobody a quarter of an hour and 17 minutes are two things."""


def figure(value: float | None) -> str:
    """Return a quality figure with four places."""
    return NOT_KNOWN if value is None else f"{value:.4f}"


def half_width(low: float | None, high: float | None) -> str:
    """Return half the width of an interval without its leading zero: ``.0143``."""
    return "" if low is None or high is None else f"{(high - low) / 2:.4f}".removeprefix("0")


def short_ms(value: float | None) -> str:
    """Return milliseconds in at most six cells, to three digits that mean something: fast models differ in the last ones."""
    if value is None:
        return NOT_KNOWN
    if value >= 10:
        return f"{value:.1f}" if value < 1000 else f"{value / 1000:.0f}s"
    places = 2 if value >= 1 else 3 if value >= 0.1 else 4
    return f"{value:.{places}f}"


def elapsed(at: float, now: float) -> float:
    """Return how long ago something was by a clock that shows minutes: the ages on a screen change together, and with its clock.

    Each by itself is a picture of its own, with all that it takes to put a digit into its place.
    """
    return now // MINUTE_S * MINUTE_S - at // MINUTE_S * MINUTE_S


def short_age(seconds: float) -> str:
    """Return an age in at most three cells, to the minute, then to five: what changes each second would repaint its row."""
    minutes = max(0, int(seconds)) // MINUTE_S
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes if minutes < FIVES_FROM else minutes // 5 * 5}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def clock(at: float, now: float) -> str:
    """Return a time of today to the minute, or another day's date, in UTC and in five cells: ``14:23``, ``11-24``."""
    then = datetime.fromtimestamp(at, UTC)
    return f"{then:%H:%M}" if then.date() == datetime.fromtimestamp(now, UTC).date() else f"{then:%m-%d}"


def gibibytes(value: int | None) -> str:
    """Return an amount of memory in GiB with one place below ten."""
    if value is None:
        return NOT_KNOWN
    amount = value / GIB
    return f"{amount:.1f}" if amount < 10 else f"{amount:.0f}"


def counted(title: str, shown: int, known: int) -> str:
    """Return a list's title with how many rows it has, and of how many where some are left out: ``Jobs 3 of 20``."""
    return f"{title} {shown}" if shown == known else f"{title} {shown} of {known}"


def bar(share: float | None, width: int) -> str:
    """Return a bar of a share between 0 and 1; nothing known is a row of dots."""
    if share is None:
        return "·" * width
    filled = round(min(max(share, 0.0), 1.0) * width)
    return "█" * filled + "░" * (width - filled)


def sparkline(
    values: Sequence[float], width: int, *, low: float | None = None, high: float | None = None
) -> str:
    """Return the latest values as blocks of a height; without limits the values' own range is used, and a flat line is low."""
    shown = list(values)[-width:]
    if not shown:
        return ""
    bottom, top = (min(shown) if low is None else low), (max(shown) if high is None else high)
    span = top - bottom
    if span <= 0:
        return BLOCKS[0] * len(shown)
    steps = len(BLOCKS) - 1
    return "".join(BLOCKS[round(min(max((value - bottom) / span, 0.0), 1.0) * steps)] for value in shown)


def left(seconds: float) -> str:
    """Return a time that is left: ``0:41``."""
    whole = max(0, round(seconds))
    return f"{whole // 60}:{whole % 60:02d}"
