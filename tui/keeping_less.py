"""What Textual keeps of widgets that are gone, and how it is brought to let go of them.

A console stays open for weeks, and each screen that opens brings widgets of its own.
"""

from functools import lru_cache, partial
from typing import Any, Final

PAIRS: Final = 1024
"""Of background colours whose styles are remembered, as many as Textual has."""


def let_go() -> None:
    """Have styles of background colours remembered by colours alone.

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
