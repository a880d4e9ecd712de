"""Aligned columns of plain text: pure, and as wide as what they hold."""

import unicodedata
from collections.abc import Sequence

GAP = "  "


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = ()) -> str:
    """Return rows under their headings, columns aligned; those named in ``right`` are aligned to the right."""
    grid = [list(headings), *(list(row) for row in rows)]
    widths = [max(cells(row[column]) for row in grid) for column in range(len(headings))]
    lines = []
    for row in grid:
        parts = [
            _pad(cell, width, to_right=heading in right)
            for cell, width, heading in zip(row, widths, headings, strict=True)
        ]
        lines.append(GAP.join(parts).rstrip())
    return "\n".join(lines)


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )


def _pad(text: str, width: int, *, to_right: bool) -> str:
    space = " " * (width - cells(text))
    return space + text if to_right else text + space
