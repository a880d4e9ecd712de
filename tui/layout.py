"""Where the panels of a screen go at a terminal's size: pure arithmetic.

What gives way first when there is little room: the latency chart and the list of jobs, then the events, then
the chart's height. The models and the footer never do.
"""

from itertools import pairwise
from typing import NamedTuple

MINIMUM = (60, 16)
"""Below this no panel is readable; the console says so in one line, with the states in words."""

WIDE, TALL = 120, 30
"""From here on there is room for a second chart and for a list of jobs of its own."""

FRAME = 2
"""Rows, and columns, that a panel's border takes."""

LEAST_CHART = 8
"""Rows below which a chart with its frame says nothing; the devices beside it need as many."""

LEAST_TABLE = 7
"""Rows of a table with its frame and heading below which its lines are too few to choose from."""

LEAST_DEVICES = 5
"""Rows of a list of devices, with its frame and heading, that shows one of them: each takes two."""

LEAST_ABOUT = 5
"""Rows of the sentences about one row, with their frame, where something else is shown of it, too."""

MOST_ABOUT = 14
"""Rows, with the frame, beyond which the sentences about one row would be a page."""


class Spot(NamedTuple):
    """A panel's place in a plan, and the room inside its border."""

    panel: str
    span: int
    width: int
    height: int


class Plan(NamedTuple):
    """A grid: the widths of its columns, the heights of its rows, and its panels in their order."""

    columns: tuple[int, ...]
    rows: tuple[int, ...]
    spots: tuple[Spot, ...]

    def room(self, panel: str) -> tuple[int, int]:
        """Return the columns and rows inside a panel's border; nothing where it is not shown."""
        return next(((spot.width, spot.height) for spot in self.spots if spot.panel == panel), (0, 0))


def too_small(width: int, height: int) -> bool:
    """Whether no panel is readable."""
    return width < MINIMUM[0] or height < MINIMUM[1]


def overview(width: int, height: int, models: int, devices: int) -> Plan:
    """Return the main screen's plan; ``height`` is what is left for panels."""
    table = max(models, 1) + 1 + FRAME
    if _roomy(width, height):
        lower = max(9, height // 4)
        top = min(max(table, 2 * devices + FRAME, 8), height - lower - 12)
        panels = (("models", 3), ("devices", 1), ("accuracy", 2), ("latency", 2), ("jobs", 2), ("events", 2))
        return _plan(_columns(width, 1, 1, 1, 1), (top, height - top - lower, lower), panels)
    events = 3 if height < TALL - 2 else 6 + (height - TALL) // 3
    if height - LEAST_CHART - events < min(table, LEAST_TABLE):
        events = 0
    top = min(table, height - LEAST_CHART - events)
    narrow: tuple[tuple[str, int], ...] = (("models", 2), ("accuracy", 1), ("devices", 1))
    rows: tuple[int, ...] = (top, height - top - events)
    if events:
        narrow, rows = (*narrow, ("events", 2)), (*rows, events)
    return _plan(_columns(width, 3, 2), rows, narrow)


def detail(width: int, height: int, versions: int) -> Plan:
    """Return the plan of a model's screen."""
    if _roomy(width, height):
        lower = max(11, height // 4)
        upper = (height - lower - 2) // 2
        return _plan(
            _columns(width, 5, 3),
            (upper, height - lower - upper - 3, 3, lower),
            (
                ("accuracy", 1),
                ("versions", 1),
                ("latency", 1),
                ("confusion", 1),
                ("figures", 2),
                ("evaluations", 1),
                ("about", 1),
            ),
        )
    tall = height >= TALL - 2
    figures = 3 if height >= LEAST_CHART + LEAST_TABLE + 3 else 0
    lower = max(6, height // 4) if tall else 0
    middle = min(
        max(versions + 1 + FRAME, LEAST_TABLE + 1), 14 if tall else 9, height - LEAST_CHART - figures
    )
    panels: tuple[tuple[str, int], ...] = (("accuracy", 2), ("versions", 1), ("confusion", 1))
    rows: tuple[int, ...] = (height - middle - figures - lower, middle)
    if figures:
        panels, rows = (*panels, ("figures", 2)), (*rows, figures)
    if lower:
        panels, rows = (*panels, ("evaluations", 2)), (*rows, lower)
    return _plan(_columns(width, 1, 1), rows, panels)


def share(height: int, least: int) -> int:
    """Return how many of a screen's rows what is known of the chosen one gets: a third, and not more than are read at a glance."""
    return min(max(least, min(height // 3, MOST_ABOUT)), height // 2)


def listing(width: int, height: int, *lists: tuple[str, int], about: int) -> Plan:
    """Return the plan of lists above each other, each with its rows, and below them ``about`` rows for what is chosen.

    The last list takes what is left, so that nothing moves while rows come and go.
    """
    *upper, (last, _) = lists
    rows = [min(max(count, 1) + 1 + FRAME, (height - about) // 2) for _, count in upper]
    panels = tuple((name, 1) for name, _ in upper)
    return _plan((width,), (*rows, height - about - sum(rows), about), (*panels, (last, 1), ("about", 1)))


def beside(width: int, height: int, rows: str, *, about: int) -> Plan:
    """Return the plan of a list with what is known of it to the right, or below it where there is little room."""
    if not _roomy(width, height):
        return listing(width, height, (rows, 0), about=about)
    return _plan(_columns(width, 5, 3), (height,), ((rows, 1), ("about", 1)))


def devices(width: int, height: int, rows: int) -> Plan:
    """Return the plan of a list of ``rows`` lines, and below it the chosen one's chart and what is known of it."""
    if _roomy(width, height):
        top = min(rows, height // 2)
        return _plan(_columns(width, 5, 3), (top, height - top), (("rows", 2), ("chart", 1), ("about", 1)))
    most = height - LEAST_CHART - LEAST_ABOUT
    if most < LEAST_DEVICES:
        return listing(width, height, ("rows", rows), about=max(share(height, LEAST_CHART), height - rows))
    top = min(rows, most)
    known = min(max(LEAST_ABOUT, (height - top) // 2), height - top - LEAST_CHART, MOST_ABOUT)
    return _plan((width,), (top, height - top - known, known), (("rows", 1), ("chart", 1), ("about", 1)))


def zoomed(width: int, height: int, panel: str = "accuracy") -> Plan:
    """Return the plan in which one panel has all the room."""
    return _plan((width,), (height,), ((panel, 1),))


def _roomy(width: int, height: int) -> bool:
    return width >= WIDE and height >= TALL - 2


def _columns(width: int, *shares: int) -> tuple[int, ...]:
    whole = sum(shares)
    edges = [width * sum(shares[:index]) // whole for index in range(len(shares) + 1)]
    return tuple(right - left for left, right in pairwise(edges))


def _plan(columns: tuple[int, ...], rows: tuple[int, ...], panels: tuple[tuple[str, int], ...]) -> Plan:
    spots, column, row = [], 0, 0
    for panel, span in panels:
        if column == len(columns):
            column, row = 0, row + 1
        width = sum(columns[column : column + span])
        spots.append(Spot(panel, span, width - FRAME, rows[row] - FRAME))
        column += span
    return Plan(columns, rows, tuple(spots))
