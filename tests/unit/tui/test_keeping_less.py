"""What the console lets go of."""

import gc
import weakref

import pytest
from textual._styles_cache import StylesCache
from textual.color import Color

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
