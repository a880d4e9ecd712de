"""A scatter of a few labelled points in plain characters, for any terminal and any width: pure."""

from collections.abc import Sequence
from typing import NamedTuple

HEIGHT = 12
"""Rows of the drawing without its axis: enough to tell ten points apart, and half of the smallest terminal."""

NARROWEST = 40
WIDEST = 100
"""Cells of a line between which a drawing can be read; wider ones only pull the points apart."""


class Point(NamedTuple):
    """A point and the short text that stands in its place."""

    x: float
    y: float
    label: str


def scatter(points: Sequence[Point], *, width: int, x_title: str, y_title: str) -> str:
    """Return points over two axes that begin at zero, or nothing where fewer than two points make no picture.

    Args:
        points: what to draw; where two fall together the later one is moved up, else left out.
        width: cells of a line that there are; the drawing takes no more.
        x_title: what the lower axis means.
        y_title: what the left axis means.
    """
    if len(points) < 2:
        return ""
    top = max(point.y for point in points) or 1.0
    right = max(point.x for point in points) or 1.0
    marks = [f"{top * (HEIGHT - row) / HEIGHT:.3g}" if row % 4 == 0 else "" for row in range(HEIGHT)]
    margin = max(map(len, marks)) + 1
    cells = min(max(width, NARROWEST), WIDEST) - margin - 2
    grid = [[" "] * cells for _ in range(HEIGHT)]
    for point in points:
        _put(grid, point, right, top)
    lines = [y_title]
    lines += [f"{mark:>{margin}}|{''.join(row)}".rstrip() for mark, row in zip(marks, grid, strict=True)]
    lines.append(" " * margin + "+" + "-" * cells)
    end = f"{right:,.4g}" if right < 1e4 else f"{right:,.0f}"
    title = x_title[: max(cells - len(end) - 2, 0)]
    lines.append(" " * margin + f"0 {title:^{max(cells - len(end) - 1, 0)}}{end}")
    return "\n".join(lines)


def _put(grid: list[list[str]], point: Point, right: float, top: float) -> None:
    height, cells = len(grid), len(grid[0])
    label = point.label[:cells]
    column = min(round(point.x / right * (cells - 1)), cells - len(label))
    lowest = min(height - 1, max(0, round((1 - point.y / top) * (height - 1))))
    for row in [*range(lowest, -1, -1), *range(lowest + 1, height)]:
        place = grid[row][max(column - 1, 0) : column + len(label) + 1]
        if not "".join(place).strip():
            grid[row][column : column + len(label)] = label
            return
