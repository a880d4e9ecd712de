"""A line of progress on standard error, on a terminal only; anything else gets no such line."""

import os
import time
from types import TracebackType
from typing import Self, TextIO

BAR_CELLS = 24
FALLBACK_COLUMNS = 80
REDRAW_S = 0.1
"""Ten times a second looks live; more is noise on a slow connection."""


class Progress:
    """One line that is drawn again as work goes on, and is gone at the end."""

    def __init__(self, stream: TextIO, what: str) -> None:
        self._stream = stream
        self._what = what
        self._shows = stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._drawn_at = 0.0
        self._drawn = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._draw("")

    def show(self, done: int, total: int, message: str) -> None:
        """Draw how far the work is, unless it was drawn a moment ago."""
        now = time.monotonic()
        if self._shows and now - self._drawn_at >= REDRAW_S:
            self._drawn_at = now
            self._draw(line(self._what, done, total, message))

    def _draw(self, text: str) -> None:
        if not self._shows or text == self._drawn:
            return
        text = text[: self._columns() - 1]
        # Spaces, not an escape sequence, take away the rest of a longer line: every terminal knows them.
        self._stream.write("\r" + text + " " * (len(self._drawn) - len(text)) + ("" if text else "\r"))
        self._stream.flush()
        self._drawn = text

    def _columns(self) -> int:
        try:
            return os.get_terminal_size(self._stream.fileno()).columns or FALLBACK_COLUMNS
        except OSError:
            # The terminal went away; what is drawn goes nowhere.
            return FALLBACK_COLUMNS


def line(what: str, done: int, total: int, message: str) -> str:
    """Return a line of progress: what is done, a bar with counts where they are known, and a word."""
    if total <= 0:
        return f"{what}  {message}"
    filled = min(BAR_CELLS, BAR_CELLS * done // total)
    return f"{what}  [{'#' * filled}{'.' * (BAR_CELLS - filled)}] {done}/{total}  {message}"
