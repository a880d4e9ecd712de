"""What Textual keeps of widgets and lines that are gone, and how it is brought to let go of them.

A console stays open for weeks; each screen that opens brings widgets of its own, and each change lines.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache, partial
from typing import Any, Final

from textual.strip import Strip

PAIRS: Final = 1024
"""Of background colours whose styles are remembered, as many as Textual has."""


def let_go() -> None:
    """Have lines end with their last use, and styles of background colours remembered by colours alone."""
    Strip.divide = _divide  # type: ignore[method-assign,assignment]
    _remember_styles_by_colours()


def _remember_styles_by_colours() -> None:
    """Have no widget remembered with the styles of its colours.

    Textual (8.2, its issue 6665) remembers them by the widget's cache too, and so keeps the drawn lines of the last thousand
    widgets, a megabyte for each few screens that were opened. Where it does not any more, nothing is done.
    """
    try:
        from textual._styles_cache import StylesCache
    except ImportError:
        # Another Textual has it elsewhere; a console that keeps more than it needs works as well.
        return
    known: Any = StylesCache.get_inner_outer
    own = getattr(known, "__wrapped__", None)
    if own is not None:
        remembered = lru_cache(PAIRS)(partial(own, StylesCache))
        StylesCache.get_inner_outer = staticmethod(remembered)  # type: ignore[method-assign,assignment]


_own_divide: Final = Strip.divide


def _divide(strip: Strip, cuts: Iterable[int]) -> Sequence[Strip]:
    """Return the parts of a line, and a line that is cut nowhere as it is.

    Textual (8.2) remembers in such a line that its only part is itself: it ends when the whole heap is looked through for
    waste, and not before. Nearly every line that is painted is one, and some thousand of them would lie about.
    """
    found = [cut for cut in cuts if cut <= strip.cell_length]
    return [strip] if found == [strip.cell_length] else _own_divide(strip, found)
