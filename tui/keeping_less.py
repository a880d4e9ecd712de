"""What Textual keeps of widgets and lines that are gone, and how it is brought to let go of them.

A console stays open for weeks; each screen that opens brings widgets of its own, and each change lines.
"""

import gc
from functools import lru_cache, partial
from typing import Any, Final

from rich import cells
from textual import dom, strip, widget
from textual.app import App
from textual.cache import FIFOCache, LRUCache
from textual.color import Color
from textual.filter import LineFilter
from textual.notifications import Notifications
from textual.strip import Strip
from textual.widgets._toast import ToastHolder, ToastRack

PAIRS: Final = 1024
"""Of background colours whose styles are remembered, as many as Textual has."""

WIDTHS: Final = 512
"""Texts whose cells are remembered: more than a screen has. Figures and times are new texts at each change, and Rich keeps four
thousand of them, a megabyte that an hour fills."""

BOXES: Final = 2
"""Of a widget, in how many situations its measures are remembered. Textual keeps sixteen, all but the last of styles that the
widget no longer has: together a megabyte, which an hour fills."""

PLACINGS: Final = 2
"""Of a widget, for how many situations the places of what is in it are remembered. Textual keeps four, and with them widgets that
are gone."""

FOUND: Final = 32
"""Of a widget, how many others are remembered that were asked for by name. Textual keeps a thousand: each time that something
comes or goes below, as whatever is said does, all are looked up anew, and those of before stay. On six screens that is two
megabytes, which an hour fills."""

GONE_S: Final = 0.3
"""After a dialog was closed its widgets are gone, and whoever closed it has seen what is below."""


def let_go() -> None:
    """Have lines end with their last use, and little remembered of what comes but once; call it before there are widgets."""
    _have_lines_remember_little()
    _remember_styles_by_colours()
    _remember_fewer_widths()
    widget.LRUCache = _few_boxes  # type: ignore[attr-defined,assignment]
    widget.FIFOCache = _few_placings  # type: ignore[attr-defined,assignment]
    dom.LRUCache = _few_found  # type: ignore[attr-defined,assignment]
    ToastRack.show = _show  # type: ignore[method-assign,assignment]


def look_for_waste(app: App[Any]) -> None:
    """Have what a closed dialog leaves looked for as soon as it is gone; it takes ten milliseconds.

    Its widgets hold each other, three thousand things of them for a page of help. Python looks for such waste when a quarter as
    much has come as stays, and until then the memory of a console grows by as much, for good: two megabytes.
    """
    # Where there is no terminal, others share the process, and with it what is looked through.
    if not app.is_headless:
        app.set_timer(GONE_S, _collect)


def _collect() -> None:
    gc.collect()


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


def _remember_fewer_widths() -> None:
    """Have fewer texts remembered with their cells, where Rich remembers them as it does (15.0)."""
    own = getattr(getattr(cells, "cached_cell_len", None), "__wrapped__", None)
    if own is not None:
        cells.cached_cell_len = lru_cache(WIDTHS)(own)


def _few_boxes(maxsize: int) -> LRUCache[object, object]:
    """Return a widget's own cache of its measures."""
    return LRUCache(min(maxsize, BOXES))


def _few_placings(maxsize: int) -> FIFOCache[object, object]:
    """Return a widget's own cache of the places of what is in it."""
    return FIFOCache(min(maxsize, PLACINGS))


def _few_found(maxsize: int) -> LRUCache[object, object]:
    """Return a widget's own cache of others that it was asked for."""
    return LRUCache(min(maxsize, FOUND))


_own_show: Final = ToastRack.show


def _show(rack: ToastRack, notifications: Notifications) -> None:
    """Show what is said now, and take away what is said no more with what stands around it.

    Textual (8.2) removes a toast alone where it ends in another way than by its own clock: what it stood in stays on the screen,
    and keeps it. Each of them takes 25 KiB, and at every key all of them are asked for their places.
    """
    said = {rack._toast_id(one) for one in notifications}  # noqa: SLF001 - Textual has no public place for it
    for holder in rack.query_children(ToastHolder):
        if holder.id not in said:
            holder.remove()
    _own_show(rack, notifications)


class _Nothing(FIFOCache[Any, Any]):
    """What a line has in the place of each of its caches."""

    def get(self, key: object, default: Any = None) -> Any:
        """Know of nothing."""
        del key
        return default

    def set(self, key: object, value: object) -> None:
        """Keep nothing."""

    def __setitem__(self, key: object, value: object) -> None:
        """Keep nothing."""


_NOTHING: Final = _Nothing(0)


def _nothing(maxsize: int) -> _Nothing:
    """Return what remembers nothing, whatever it might hold."""
    del maxsize
    return _NOTHING


_own_filter: Final = Strip.apply_filter


def _filter(line: Strip, wanted: LineFilter, background: Color) -> Strip:
    """Return a line in the colours that are shown, and remember it: of a widget that changes, each line is asked for again."""
    if line._filter_cache is _NOTHING:  # noqa: SLF001 - Textual has no public place for it
        line._filter_cache = FIFOCache(1)  # noqa: SLF001 - as above
    return _own_filter(line, wanted, background)


def _have_lines_remember_little() -> None:
    """Have a line keep no other line that was made of it, but for its colours.

    In Textual (8.2) each has seven caches, a kilobyte while they are empty, for what is cut, styled and padded of it. Our
    panels draw a line once and keep what came of it. Of a line that is cut nowhere its cache held the line itself: it
    ended when the whole heap was looked through for waste, and not before.
    """
    strip.FIFOCache = _nothing  # type: ignore[attr-defined,assignment]
    Strip.apply_filter = _filter  # type: ignore[method-assign,assignment]
