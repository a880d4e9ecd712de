"""The base of every list: which lines are made when, and what a page is."""

from collections.abc import Hashable, Sequence
from functools import partial

from rich.text import Text
from textual.app import App, ComposeResult

from tui.widgets.table import Row, RowList

ROOM = 6
"""Rows in sight: a frame and a heading take the rest."""


class Counting(RowList):
    """Notes for which rows lines were made."""

    def __init__(self) -> None:
        super().__init__()
        self.made: list[Hashable] = []

    def lines_of(self, row: Row, width: int, *, chosen: bool) -> Sequence[Text]:
        """Return the lines, and note it."""
        self.made.append(row.key)
        return super().lines_of(row, width, chosen=chosen)


class Listed(App[None]):
    """A list of a hundred rows."""

    ENABLE_COMMAND_PALETTE = False

    def compose(self) -> ComposeResult:
        """Lay it out."""
        yield Counting()

    def on_mount(self) -> None:
        """Fill it."""
        self.put("row")

    def put(self, word: str) -> None:
        """Show rows that say a word."""
        rows = [Row(number, (partial(Text, f"{word} {number}"),)) for number in range(100)]
        self.query_one(Counting).show(Text("heading"), rows, nothing="", title="")


async def test_a_step_makes_the_two_rows_that_change() -> None:
    """The row that the cursor leaves and the one that it comes to; where all rows move, the one that comes into sight."""
    app = Listed()
    async with app.run_test(size=(40, ROOM + 3)) as pilot:
        await pilot.pause()
        table = app.query_one(Counting)
        table.made.clear()
        table.move(1)
        assert table.made == [0, 1]
        table.made.clear()
        table.move_to(ROOM - 1)
        table.made.clear()
        table.move(1)
        assert table.made == [ROOM]


async def test_only_lines_in_sight_are_made_and_kept() -> None:
    """However many rows there are, and whatever the cursor has passed: the lines of a screenful are there."""
    app = Listed()
    async with app.run_test(size=(40, ROOM + 3)) as pilot:
        await pilot.pause()
        table = app.query_one(Counting)
        asked: list[int] = []

        def line(number: int) -> Text:
            asked.append(number)
            return Text(f"row {number}")

        rows = [Row(number, (partial(line, number),)) for number in range(100)]
        table.show(Text("heading"), rows, nothing="", title="")
        assert asked == list(range(ROOM))
        for _ in range(10):
            table.page(1)
        assert {place for place, _ in table._drawn} == set(range(60 - ROOM + 1, 61))


async def test_rows_that_are_put_anew_say_what_is_new() -> None:
    """Nothing of the rows before stays, whatever the cursor has passed."""
    app = Listed()
    async with app.run_test(size=(40, ROOM + 3)) as pilot:
        table = app.query_one(Counting)
        table.move(2)
        app.put("other")
        await pilot.pause()
        shown = [strip.text for strip in app.screen._compositor.render_strips()]
        assert sum("other" in line for line in shown) == ROOM
        assert not any("row" in line for line in shown)
        assert any("> other 2" in line for line in shown)


async def test_a_title_is_painted_without_the_rows() -> None:
    """Another title is on the screen at once, and so is none."""
    app = Listed()
    async with app.run_test(size=(40, ROOM + 3)) as pilot:
        table = app.query_one(Counting)
        for title in ("first", "[b]second[/b]", ""):
            table.draw([Text("line")], title=title, subtitle=title)
            await pilot.pause()
            above, *_, below = [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]
            assert (title in above, title in below) == (True, True)
            assert ("─" * 38 in above) is (not title)
