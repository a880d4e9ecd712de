"""What a console holds on to while somebody looks around for weeks: of each kind as many things as before, and no waste.

Counted are things, not bytes: what a process takes depends on the machine, and how soon waste is looked for on chance.
"""

import gc
import weakref
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich import cells
from textual._styles_cache import StylesCache
from textual.cache import FIFOCache, LRUCache
from textual.message import Message
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import Input
from textual.widgets._toast import ToastRack

from storage.database import Writer
from storage.tables import events, models
from storage.workspace import Workspace
from tests.console.conftest import Open
from tests.console.opening import opened, shows_all
from tests.console.screen import shows
from tests.console.stage import NOW, Played, add_evaluation
from tui import keeping_less
from tui.app import Arrived
from tui.console_screen import ConsoleScreen
from tui.dialogs.framed import Framed
from tui.feed import NO_NEWS, News
from tui.view import View
from tui.widgets.table import Row

PLACES = (("5", " > events"), ("1", "Models 6"), ("2", "Versions"), ("6", " > compare"), ("1", "Models 6"))
"""Keys, and what then is on the screen."""

IN_PASSING = 4
"""What was just read, while what was read before is still shown; there were three times as many when each screen held its own."""


@pytest.fixture
def tidy(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have Textual let go as the console has it, and nobody look for waste meanwhile."""
    # What is changed here is put back when the test ends.
    monkeypatch.setattr("textual.strip.FIFOCache", FIFOCache)
    monkeypatch.setattr(Strip, "apply_filter", Strip.apply_filter)
    monkeypatch.setattr("textual.widget.LRUCache", LRUCache)
    monkeypatch.setattr("textual.widget.FIFOCache", FIFOCache)
    monkeypatch.setattr("textual.dom.LRUCache", LRUCache)
    monkeypatch.setattr(ToastRack, "show", ToastRack.show)
    monkeypatch.setattr(StylesCache, "get_inner_outer", StylesCache.get_inner_outer)
    monkeypatch.setattr(cells, "cached_cell_len", cells.cached_cell_len)
    keeping_less.let_go()
    # What tests before this one have left is no business of this console's.
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def look_around(pilot: Pilot[int], writer: Writer, rounds: range) -> None:
    """Go through the screens, each time after mnist was evaluated anew."""
    for number in rounds:
        with writer.transaction() as connection:
            [newest, *_] = models.versions(connection, "mnist")
            add_evaluation(connection, newest.id, Played(3, (), 0.7), 0.97 + number / 10_000, NOW)
            events.add(connection, "told", f"this is the turn {number}", at=NOW)
        for key, told in PLACES:
            await pilot.press(key)
            await shows(pilot, told)
            if key == "5":
                await shows(pilot, f"this is the turn {number}")
        # What is said ends early where somebody goes to another moment.
        for key, told in (("}", "This is the present"), ("{", "REPLAY"), ("L", "Models 6")):
            await pilot.press(key)
            await shows(pilot, told)


def held() -> Counter[type]:
    """Return how many things there are of each kind that is made while somebody looks around."""
    things = gc.get_objects()
    found = Counter(map(type, things))
    # A widget that has ended is waste, which is looked for now and then; one that has not stays for ever.
    widgets = sum(isinstance(one, Widget) and one.is_running for one in things)
    return Counter({kind: found[kind] for kind in (News, View, Row, Strip)}) + Counter({Widget: widgets})


@pytest.mark.usefixtures("tidy")
async def test_looking_around_keeps_nothing(open_console: Open, staged: Workspace, writer: Writer) -> None:
    """After many turns as many widgets, rows and drawn lines are there as after two, and of what was read only the latest."""
    elsewhere = held()
    async with open_console(staged).run_test(size=(80, 24), notifications=True) as pilot:
        await shows(pilot, "Models 6")
        await look_around(pilot, writer, range(2))
        before = held()
        await look_around(pilot, writer, range(2, 7))
        after = held()
    assert after[Widget] <= before[Widget]
    assert after[Row] <= before[Row]
    assert after[Strip] <= before[Strip] * 1.2
    assert after[News] - elsewhere[News] <= 1 + IN_PASSING
    assert after[View] - elsewhere[View] <= 1 + IN_PASSING


async def test_a_screen_that_was_left_long_ago_holds_no_lines_and_is_the_same_again(
    open_console: Open, staged: Workspace
) -> None:
    """The one that was left last keeps what was drawn, and any other does not; below a dialog it is seen, and keeps it."""
    async with open_console(staged).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Models 6")
        overview = pilot.app.screen
        assert isinstance(overview, ConsoleScreen)
        before = overview.lines()
        assert drawn(overview) > 0
        await pilot.press("question_mark")
        await shows(pilot, "Keys: overview")
        assert drawn(overview) > 0
        await pilot.press("escape", "5")
        await shows(pilot, " > events")
        assert drawn(overview) > 0
        await pilot.press("4")
        await shows(pilot, " > jobs")
        assert drawn(overview) == 0
        await pilot.press("1")
        await shows(pilot, "Models 6")
        assert overview.lines() == before
        assert drawn(overview) > 0


def drawn(screen: ConsoleScreen) -> int:
    """Return how many lines the widgets of a screen hold as they were drawn."""
    return sum(len(widget._styles_cache._cache) for widget in screen.walk_children(Widget, with_self=True))


async def test_nobody_who_had_a_key_is_held_for_it(open_console: Open, staged: Workspace) -> None:
    """The line of a dialog is gone with the dialog, though letters were handed to it."""
    async with open_console(staged).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Models 6")
        await pilot.press("colon", "d", "e")
        await shows(pilot, " de ")
        line = weakref.ref(pilot.app.focused)
        assert isinstance(line(), Input)
        await pilot.press("escape")
        await shows(pilot, "Models 6")
        await pilot.press("j")
        gc.collect()
        assert line() is None


async def test_what_a_dialog_leaves_is_looked_for(
    open_console: Open, staged: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At a terminal, once for each that is closed and when it is gone: its widgets hold each other."""
    looked: list[bool] = []
    async with open_console(staged).run_test(size=(80, 24)) as pilot:
        await shows(pilot, "Models 6")
        monkeypatch.setattr(type(pilot.app), "is_headless", property(lambda _app: False))
        monkeypatch.setattr(
            "tui.keeping_less.gc.collect", lambda: looked.append(isinstance(pilot.app.screen, Framed))
        )
        for key in ("question_mark", "colon"):
            before = len(looked)
            await pilot.press(key)
            assert isinstance(pilot.app.screen, Framed)
            await pilot.press("escape")
            while len(looked) == before:
                await pilot.pause(0.01)
        await pilot.pause(2 * keeping_less.GONE_S)
        assert looked == [False, False]


def test_news_give_way_to_later_ones() -> None:
    """A console that comes to it late takes what was read last; it gives way to nothing else."""
    assert Arrived(NO_NEWS).can_replace(Arrived(NO_NEWS))
    assert not Arrived(NO_NEWS).can_replace(Message())


def test_a_console_has_no_encryption_loaded(staged: Workspace) -> None:
    """The library that encrypts connections is no part of the process."""
    with opened(staged) as terminal:
        shows_all(terminal)
        mapped = {Path(each.path).name.partition(".")[0] for each in terminal.process().memory_maps()}
    assert "_ssl" not in mapped
