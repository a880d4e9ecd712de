"""What the console lets go of."""

import gc
import weakref

import pytest
from rich import cells
from rich.segment import Segment
from rich.style import Style
from textual._styles_cache import StylesCache
from textual.app import App
from textual.cache import FIFOCache, LRUCache
from textual.color import Color
from textual.filter import Monochrome
from textual.strip import Strip
from textual.widgets import Label
from textual.widgets._toast import Toast, ToastRack

from tui import keeping_less


@pytest.fixture(autouse=True)
def put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put back what is changed, when a test ends."""
    monkeypatch.setattr("textual.strip.FIFOCache", FIFOCache)
    monkeypatch.setattr(Strip, "apply_filter", Strip.apply_filter)
    monkeypatch.setattr("textual.widget.LRUCache", LRUCache)
    monkeypatch.setattr("textual.widget.FIFOCache", FIFOCache)
    monkeypatch.setattr("textual.dom.LRUCache", LRUCache)
    monkeypatch.setattr(ToastRack, "show", ToastRack.show)
    monkeypatch.setattr(StylesCache, "get_inner_outer", StylesCache.get_inner_outer)
    monkeypatch.setattr(cells, "cached_cell_len", cells.cached_cell_len)


def test_a_widget_that_is_gone_is_not_kept() -> None:
    """The drawn lines of a widget go with it; colours are remembered all the same, and mean the same styles."""
    base, background = Color(1, 2, 3), Color(200, 100, 50)
    before = StylesCache().get_inner_outer(base, background)
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


def test_a_line_keeps_nothing_that_is_made_of_it() -> None:
    """A line and what is cut, styled or padded of it end each with its last use, and look as ever."""
    before = [look(made) for made in made_of(line())]
    keeping_less.let_go()
    assert [look(made) for made in made_of(line())] == before
    gc.collect()
    gc.disable()
    try:
        kept = [line() for _ in range(LINES)]
        there = count_lines()
        for each in kept:
            made_of(each)
        # Whoever draws meanwhile may have a line or two of their own.
        assert count_lines() < there + LINES
        del kept
        assert count_lines() < there
    finally:
        gc.enable()


def test_the_colours_of_a_line_are_made_once() -> None:
    """A line that stays is shown again in the colours of the theme without being made anew."""
    keeping_less.let_go()
    drawn, black, red = line(), Color(0, 0, 0), Color(255, 0, 0)
    wanted = Monochrome()
    shown = drawn.apply_filter(wanted, black)
    assert drawn.apply_filter(wanted, black) is shown
    assert look(drawn.apply_filter(wanted, red)) == look(shown)


def test_few_texts_are_remembered_with_their_widths() -> None:
    """Of texts that are measured once, as many as a screen has stay; each is as wide as ever."""
    texts = [f"{number:04} 二重" for number in range(2 * keeping_less.WIDTHS)]
    keeping_less.let_go()
    assert {cells.cell_len(text) for text in texts} == {9}
    assert cells.cached_cell_len.cache_info().currsize == keeping_less.WIDTHS


async def test_a_widget_remembers_the_measures_it_has() -> None:
    """However often it looks otherwise, it holds those of now and those of before."""
    keeping_less.let_go()
    app: App[None] = App()
    async with app.run_test() as pilot:
        label = Label("text")
        await app.mount(label)
        for width in range(8, 20):
            label.styles.width = width
            await pilot.pause()
            assert label.outer_size.width == width
        assert len(label._box_model_cache) == keeping_less.BOXES


async def test_what_is_gone_is_neither_found_nor_placed() -> None:
    """A screen remembers few widgets that it was asked for by name, however often something comes and goes on it."""
    keeping_less.let_go()
    app: App[None] = App()
    async with app.run_test() as pilot:
        await app.mount(Label("stays", id="stays"))
        for number in range(2 * keeping_less.FOUND):
            gone = Label("goes", id=f"gone-{number}")
            await app.mount(gone)
            assert app.screen.query_one(f"#gone-{number}") is gone
            assert str(app.screen.query_one("#stays", Label).content) == "stays"
            await gone.remove()
            await pilot.pause()
        assert len(app.screen._query_one_cache) == keeping_less.FOUND
        assert len(app.screen._arrangement_cache) <= keeping_less.PLACINGS


async def test_what_is_said_no_more_leaves_nothing() -> None:
    """However a notification ends, nothing of it stays on the screen; two that are said at once are both shown."""
    keeping_less.let_go()
    app: App[None] = App()
    async with app.run_test(notifications=True) as pilot:
        for number in range(3):
            app.notify(f"the first of {number}")
            app.notify(f"the second of {number}")
            await pilot.pause()
            assert len(app.screen.query(Toast)) == 2
            app.clear_notifications()
            await pilot.pause()
        assert [type(each) for each in app.screen.walk_children()] == [ToastRack]


def line() -> Strip:
    """Return a line of four cells in two pieces."""
    return Strip([Segment("ab", Style()), Segment("cd", Style())])


def made_of(line: Strip) -> list[Strip]:
    """Return what a panel and the screen make of a line."""
    cuts = [(4,), (2, 4), (1, 2), (4, 9), (2, 4, 9)]
    return [
        *(part for each in cuts for part in line.divide(each)),
        line.crop(1, 3),
        line.crop_extend(1, 6, None),
        line.adjust_cell_length(6),
        line.apply_style(Style(bold=True)),
        line.apply_offsets(1, 2),
    ]


def look(line: Strip) -> list[tuple[str, str]]:
    """Return what a line shows, and how."""
    return [(segment.text, str(segment.style)) for segment in line]


def count_lines() -> int:
    """Return how many lines there are."""
    return sum(type(each) is Strip for each in gc.get_objects())
