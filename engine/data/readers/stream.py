"""Rows of a format that can only be read from its start, by their numbers.

Owns the place that a pass has reached: it goes on where the last read ended, skips forward, and begins
again where somebody goes back or wants other columns. It must not know any format.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import JobError

Rows = dict[str, NDArray[Any]]
"""Some rows of some columns, of equal length."""

Begin = Callable[[Sequence[str]], Iterator[Rows]]
"""Begins a pass over some columns; pieces may be of any length."""


class Stream:
    """Reads by row numbers from passes."""

    def __init__(self, file: str, begin: Begin) -> None:
        self._file = file
        self._begin = begin
        self._names: tuple[str, ...] = ()
        self._pieces: Iterator[Rows] = iter(())
        self._piece: Rows = {}
        self._left = 0
        """Rows of the piece that were not read yet: its last ones."""
        self._position = -1

    def read(self, start: int, stop: int, names: Sequence[str]) -> Rows:
        """Return the rows from ``start`` to before ``stop``.

        Raises:
            JobError: there are not so many rows any more, or the file is damaged.
        """
        wanted = tuple(names)
        if wanted != self._names or start < self._position or self._position < 0:
            self.close()
            self._names, self._position, self._left = wanted, 0, 0
            self._pieces = self._begin(wanted)
        while self._position < start:
            self._move(start - self._position)
        parts = []
        while self._position < stop:
            parts.append(self._move(stop - self._position))
        if len(parts) == 1:
            return parts[0]
        return {name: np.concatenate([part[name] for part in parts]) for name in wanted}

    def close(self) -> None:
        """Give the present pass up, and with it the file that it reads."""
        self._position = -1
        if isinstance(self._pieces, Generator):
            self._pieces.close()

    def _move(self, rows: int) -> Rows:
        """Move on by at most ``rows`` rows, within one piece, and return them."""
        while not self._left:
            self._next()
        count = min(rows, self._left)
        first = self._length() - self._left
        self._left -= count
        self._position += count
        return {name: self._piece[name][first : first + count] for name in self._names}

    def _next(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            self._position = -1
            raise JobError(f"{self._file} changed while it was read.", "Try again when it is complete.")
        self._piece = piece
        self._left = self._length()

    def _length(self) -> int:
        return len(self._piece[self._names[0]])
