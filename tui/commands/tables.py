"""Aligned columns of plain text: pure, and as wide as what they hold, or on a narrow terminal as wide as that.

What gives way there is said, so that nobody takes a column that is not shown for one that does not exist.
"""

import textwrap
import unicodedata
from collections.abc import Sequence

GAP = "  "

LEAST_PROSE = 24
"""Cells below which a column of sentences is a column of single words."""


def table(
    headings: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    right: Sequence[str] = (),
    room: int | None = None,
    spare: Sequence[str] = (),
    prose: str = "",
) -> str:
    """Return rows under their headings, columns aligned; those named in ``right`` are aligned to the right.

    Where ``room`` is too narrow the columns in ``spare`` give way, the first one first, and the last column, if it is
    the one of ``prose``, goes on below itself.
    """
    left_out = _left_out(headings, rows, room, spare, prose)
    kept = [column for column, heading in enumerate(headings) if heading not in left_out]
    grid = [[row[column] for column in kept] for row in (headings, *rows)]
    widths = [max(cells(row[column]) for row in grid) for column in range(len(kept))]
    shown = [headings[column] for column in kept]
    if room is not None and prose and shown[-1] == prose:
        widths[-1] = min(widths[-1], max(room - _whole(widths[:-1]) - len(GAP), LEAST_PROSE))
        grid = [line for row in grid for line in _folded(row, widths[-1])]
    lines = []
    for row in grid:
        parts = [
            _pad(cell, width, to_right=heading in right)
            for cell, width, heading in zip(row, widths, shown, strict=True)
        ]
        lines.append(GAP.join(parts).rstrip())
    if left_out:
        lines.append(f"(no room here for {', '.join(left_out)})")
    return "\n".join(lines)


def folded(text: str, room: int | None) -> str:
    """Return a sentence that goes on below itself where a terminal's ``room`` is too narrow, whole words on each line."""
    if room is None:
        return text
    return textwrap.fill(text, room, subsequent_indent=GAP, break_long_words=False, break_on_hyphens=False)


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _left_out(
    headings: Sequence[str], rows: Sequence[Sequence[str]], room: int | None, spare: Sequence[str], prose: str
) -> list[str]:
    """Return which columns give way, the last one's sentences being as narrow as they may be."""
    if room is None:
        return []
    widths = {
        heading: max(cells(heading), *(cells(row[column]) for row in rows), 0)
        for column, heading in enumerate(headings)
    }
    if prose in widths:
        widths[prose] = min(widths[prose], LEAST_PROSE)
    left_out: list[str] = []
    for heading in spare:
        if _whole(list(widths.values())) <= room:
            break
        del widths[heading]
        left_out.append(heading)
    return left_out


def _whole(widths: Sequence[int]) -> int:
    return sum(widths) + len(GAP) * (len(widths) - 1)


def _folded(row: Sequence[str], width: int) -> list[list[str]]:
    """Return a row as the lines that its last cell takes."""
    first, *more = textwrap.wrap(row[-1], width, break_on_hyphens=False) or [""]
    return [[*row[:-1], first], *([*[""] * (len(row) - 1), line] for line in more)]


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - cells(text))
    return space + text if to_right else text + space
