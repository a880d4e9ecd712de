"""What the terminal shows already: of each picture only the cells that differ are sent.

Owns what was last sent for every cell. Textual sends the whole of what is marked; where one digit of a row
changed, that is ten times what a slow line has to carry. It draws nothing itself, and decides nothing about when.
"""

from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

from rich.cells import get_character_cell_size
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Size
from textual.strip import Strip

NEAR = 8
"""Cells that are the same between two that differ and are sent all the same: to go on behind them takes as many bytes."""

KNOWN_TEXTS = 512
"""Pieces of text beyond ASCII of which it is remembered whether each character takes one cell: some screens' frames, rows and bars."""

KNOWN_CELLS = 8192
"""Different cells that are remembered: several times what all screens have; strange names bring others."""

Cell = tuple[str, Style | None]
"""A character and how it looks."""


class Cells(dict[str, Cell]):
    """The cells of one look: of each character there is one, however often it is shown, and to compare cells is to compare names."""

    def __init__(self, look: Style | None) -> None:
        super().__init__()
        self._look = look

    def __missing__(self, character: str) -> Cell:
        cell = self[character] = (character, self._look)
        return cell


class Piece(NamedTuple):
    """A part of a line that is to be shown from a column on."""

    x: int
    y: int
    strip: Strip


class Changes(CompositorUpdate):
    """What is to be sent."""

    def __init__(self, sequences: str) -> None:
        self._sequences = sequences

    def render_segments(self, console: Console) -> str:
        """Return it."""
        del console
        return self._sequences


class Painting:
    """What a terminal was sent."""

    def __init__(self) -> None:
        self._size = Size()
        self._lines: dict[int, list[object]] = {}
        self._looks: dict[Style | None, Cells] = {}

    def forget(self) -> None:
        """Suppose that the terminal shows anything: the next picture is sent whole."""
        self._lines.clear()
        self._looks.clear()

    def changes(self, update: LayoutUpdate | ChopsUpdate, console: Console) -> str:
        """Return what makes the terminal show an update, and take it that it is sent."""
        if isinstance(update, LayoutUpdate) and update.region.size != self._size:
            # What was sent in between for the size before may have been put down elsewhere.
            self.forget()
            self._size = update.region.size
        elif sum(map(len, self._looks.values())) > KNOWN_CELLS:
            self.forget()
        return "".join(self._changed(piece, console) for piece in _pieces(update))

    def _changed(self, piece: Piece, console: Console) -> str:
        x, strip = piece.x, piece.strip
        if not all(_is_plain(segment.text) for segment in strip):
            # Terminals disagree about the width of such characters: the piece is sent whole, so that it stands as one.
            held = (x, tuple(strip))
            whole = [(held, place) for place in range(strip.cell_length)]
            shown = self._line(piece.y, x + len(whole))
            if shown[x : x + len(whole)] == whole:
                return ""
            shown[x : x + len(whole)] = whole
            return _at(x, piece.y) + strip.render(console)
        cells = self._cells(strip)
        shown = self._line(piece.y, x + len(cells))
        differing = [place for place, cell in enumerate(cells, x) if shown[place] is not cell]
        shown[x : x + len(cells)] = cells
        return "".join(
            _at(first, piece.y) + _drawn(cells[first - x : last + 1 - x]).render(console)
            for first, last in _runs(differing)
        )

    def _line(self, y: int, end: int) -> list[object]:
        """Return what a line shows, of as many cells at least; of one that was never sent it is not known."""
        line = self._lines.setdefault(y, [])
        line += [None] * (end - len(line))
        return line

    def _cells(self, strip: Strip) -> list[Cell]:
        cells: list[Cell] = []
        for text, style, _ in strip:
            known = self._looks.get(style)
            if known is None:
                known = self._looks[style] = Cells(style)
            cells += [known[character] for character in text]
        return cells


def _pieces(update: LayoutUpdate | ChopsUpdate) -> Iterator[Piece]:
    """Return what an update shows, as its own ``render_segments`` goes through it."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            yield Piece(update.region.x, y, Strip.join(line))
        return
    for y, left, right in update.spans:
        for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
            if strip is None or x > right or end <= left:
                continue
            yield Piece(
                x, y, strip if left <= x < right and end <= right else strip.crop(0, min(end, right) - x)
            )


def _runs(places: list[int]) -> Iterator[tuple[int, int]]:
    """Return the first and the last of those places that are near each other."""
    first = last = None
    for place in places:
        if first is None or last is None:
            first = place
        elif place - last > NEAR:
            yield first, last
            first = place
        last = place
    if first is not None and last is not None:
        yield first, last


def _drawn(cells: Iterable[Cell]) -> Strip:
    """Return cells as a strip, in as few segments as they have looks."""
    return Strip(
        Segment("".join(character for character, _ in alike), look)
        for look, alike in groupby(cells, key=itemgetter(1))
    )


def _at(x: int, y: int) -> str:
    """Return what makes a terminal go on at a cell."""
    return f"\x1b[{y + 1};{x + 1}H"


def _is_plain(text: str) -> bool:
    """Whether every character takes one cell."""
    return text.isascii() or _is_narrow(text)


@lru_cache(maxsize=KNOWN_TEXTS)
def _is_narrow(text: str) -> bool:
    return all(get_character_cell_size(character) == 1 for character in text)
