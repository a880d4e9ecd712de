"""What the console lets go of."""

import gc
import weakref

import pytest
from rich.segment import Segment
from textual._styles_cache import StylesCache
from textual.color import Color
from textual.strip import Strip

from tui import keeping_less


def test_a_widget_that_is_gone_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """The drawn lines of a widget go with it; colours are remembered all the same, and mean the same styles."""
    base, background = Color(1, 2, 3), Color(200, 100, 50)
    before = StylesCache().get_inner_outer(base, background)
    # What is changed here is put back when the test ends.
    monkeypatch.setattr(StylesCache, "get_inner_outer", StylesCache.get_inner_outer)
    keeping_less.let_go()
    cache = StylesCache()
    found = cache.get_inner_outer(base, background)
    gone = weakref.ref(cache)
    del cache
    gc.collect()
    assert gone() is None
    assert found == before
    assert StylesCache().get_inner_outer(base, background) is found


LINES = 200


def test_a_line_that_is_cut_nowhere_ends_with_its_last_use(monkeypatch: pytest.MonkeyPatch) -> None:
    """No line waits for a look through the heap; lines are cut as ever, and what is beyond their end cuts nothing."""
    cut = [(4,), (2, 4), (1, 2), (4, 9), (2, 4, 9)]
    before = [[part.text for part in line().divide(cuts)] for cuts in cut]
    # What is changed here is put back when the test ends.
    monkeypatch.setattr(Strip, "divide", Strip.divide)
    monkeypatch.setattr(StylesCache, "get_inner_outer", StylesCache.get_inner_outer)
    keeping_less.let_go()
    assert [[part.text for part in line().divide(cuts)] for cuts in cut] == before
    gc.collect()
    gc.disable()
    try:
        for _ in range(LINES):
            line().divide([4])
        assert gc.collect() < LINES
    finally:
        gc.enable()


def line() -> Strip:
    """Return a line of four cells in two pieces."""
    return Strip([Segment("ab"), Segment("cd")])
