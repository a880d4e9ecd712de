"""Figures as a narrow column shows them: pure, of a width that does not jump; what is not known is ``n/a``."""

from collections.abc import Sequence
from datetime import UTC, datetime

from tui.commands.figures import NOT_KNOWN

BLOCKS = "▁▂▃▄▅▆▇█"

GIB = 1024**3

LARGE = ((1e3, "k"), (1e6, "M"), (1e9, "G"))
"""What is written behind a number that was divided because it has too many digits."""

MOMENT_CELLS = 11
"""Of a time with its date."""

NEAR_S = 12 * 3600.0
"""A time of less than half a day ago is known by its hour, though midnight lies between: who is called at 03:10 needs that."""

MINUTE_S = 60

DAYS_FROM_S = 48 * 3600

SECONDS_MATTER_S = 120
"""Until then what is silent may just be busy, and one looks whether it comes back."""

FIVES_FROM = 10
"""Minutes from which on an age goes on in fives: to nobody a quarter of an hour and 17 minutes are two things."""

SCORES = {"accuracy": "ACC", "subset_accuracy": "ACC", "r2": "R2"}
"""What headline figures are called where there is no room for their names."""


def figure(value: float | None) -> str:
    """Return a quality figure in six cells, with four places where they fit."""
    return NOT_KNOWN if value is None else placed(value, 6)


def half_width(low: float | None, high: float | None) -> str:
    """Return half the width of an interval without its leading zero: ``.0143``."""
    if low is None or high is None:
        return ""
    half = (high - low) / 2
    return placed(half, 6 if half < 1 else 5).removeprefix("0")


def placed(value: float, cells: int, most: int = 4) -> str:
    """Return a number with ``most`` places, or as many as there are cells for; a large one in thousands, millions, and so on."""
    told = (f"{value:.{places}f}" for places in range(most, -1, -1))
    short = (f"{value / scale:.0f}{sign}" for scale, sign in LARGE)
    return next((one for one in (*told, *short) if len(one) <= cells), f"{value:.0e}")


def short_ms(value: float | None) -> str:
    """Return milliseconds in at most six cells, to three digits that mean something: fast models differ in the last ones.

    They stay milliseconds however many they are: whatever shows them says so once.
    """
    if value is None:
        return NOT_KNOWN
    return placed(value, 6, sum(value < least for least in (1000, 10, 1, 0.1)))


def elapsed(at: float, now: float) -> float:
    """Return how long ago something was by a clock that shows minutes: the ages on a screen change together, and with its clock.

    Each by itself is a picture of its own, with all that it takes to put a digit into its place.
    """
    return now // MINUTE_S * MINUTE_S - at // MINUTE_S * MINUTE_S


def span(seconds: float) -> str:
    """Return how long something has lasted, in its two largest units."""
    minutes = max(0, int(seconds)) // 60
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days}d{hours:02d}h"
    if hours:
        return f"{hours}h{minutes % 60:02d}m"
    return f"{minutes}m" if minutes else "<1m"


def lasted(seconds: float) -> str:
    """Return how long something has lasted, in seconds only while each of them matters: the line is painted when it changes."""
    return f"{seconds:.0f} s" if seconds < SECONDS_MATTER_S else span(seconds)


def short_age(seconds: float) -> str:
    """Return an age in at most three cells, to the minute, then to five: what changes each second would repaint its row."""
    minutes = max(0, int(seconds)) // MINUTE_S
    if minutes < 1:
        return "now"
    if minutes < 60:
        return f"{minutes if minutes < FIVES_FROM else minutes // 5 * 5}m"
    return f"{minutes // 60}h" if minutes < 48 * 60 else f"{minutes // 1440}d"


def clock(at: float, now: float) -> str:
    """Return a time of today or of the last hours to the minute, or another day's date, in UTC and in five cells: ``14:23``, ``11-24``."""
    then = datetime.fromtimestamp(at, UTC)
    near = then.date() == datetime.fromtimestamp(now, UTC).date() or 0 <= now - at < NEAR_S
    return f"{then:%H:%M}" if near else f"{then:%m-%d}"


def moment(at: float, now: float) -> str:
    """Return a time of today to the minute, another day's with its date, in UTC and in eleven cells at most.

    ``14:23``, ``11-24 09:05``, and of another year the date alone.
    """
    then, today = datetime.fromtimestamp(at, UTC), datetime.fromtimestamp(now, UTC)
    if then.date() == today.date():
        return f"{then:%H:%M}"
    return f"{then:%m-%d %H:%M}" if then.year == today.year else f"{then:%Y-%m-%d}"


def when(at: float, now: float, cells: int) -> str:
    """Return a time with its date where there are cells for both, otherwise one of them."""
    return moment(at, now) if cells >= MOMENT_CELLS else clock(at, now)


def when_cells(oldest: float, now: float, narrow: int) -> int:
    """Return the cells of a column of times: wider where the oldest of them is of another day."""
    return MOMENT_CELLS + 1 if moment(oldest, now) != clock(oldest, now) else narrow


def second(at: float) -> str:
    """Return a time of the day to the second, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%H:%M:%S}"


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
    """Return a time that is left: ``0:41``, ``1:04:30``, and ``2d03h`` where no minute of it matters."""
    if seconds >= DAYS_FROM_S:
        return span(seconds)
    minutes, rest = divmod(max(0, round(seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"
