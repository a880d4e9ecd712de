"""Rows with a cursor that follows what it is on through every re-sorting: the base of every list to choose from.

A row is known by its key, never by its place. What a row says is made elsewhere; here are the cursor, the part
that is in sight, and what a click means.
"""

from collections.abc import Callable, Hashable, Sequence
from typing import ClassVar, Generic, NamedTuple, Protocol, TypeVar

from rich.text import Text
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip

from tui.widgets.lines import Lines

MARK = 2
"""Cells in front of a row: the cursor and a space."""


class Keyed(Protocol):
    """What a row is known by."""

    @property
    def key(self) -> Hashable:
        """Return what stays the same while the row's figures change."""


RowT = TypeVar("RowT", bound=Keyed)


class Table(Lines, Generic[RowT], can_focus=True):
    """Rows to choose from."""

    DEFAULT_CSS = """
    Table > .table--cursor { background: $primary 22%; text-style: bold; }
    Table:ansi > .table--cursor { background: ansi_default; text-style: bold; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = {"table--cursor"}

    class Highlighted(Message):
        """The cursor went to another row, or, where there is none any more, to none (``None``)."""

        def __init__(self, key: Hashable) -> None:
            super().__init__()
            self.key = key

    class Opened(Message):
        """A row was clicked while the cursor was on it."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._rows: tuple[RowT, ...] = ()
        self._key: Hashable = None
        self._place = 0
        """Where that was last: looked at first, because among thousands of rows to search takes longer than to draw."""
        self._first = 0
        self._tall = 1
        self._room = 1
        """Rows that there is room for."""
        self._drawn: dict[tuple[int, bool], Sequence[Text]] = {}
        """The lines of the rows in sight, by place and whether the cursor is there: it moves without making the others anew."""

    @property
    def key(self) -> Hashable:
        """What the cursor is on, or ``None`` where there are no rows."""
        return self._key

    @property
    def position(self) -> int | None:
        """The place of the row that the cursor is on."""
        if self._place >= len(self._rows) or self._rows[self._place].key != self._key:
            found = (index for index, row in enumerate(self._rows) if row.key == self._key)
            place = next(found, None)
            if place is None:
                return None
            self._place = place
        return self._place

    def put(self, rows: Sequence[RowT]) -> None:
        """Show ``rows``; the cursor stays on what it is on, or goes to its neighbour when that is gone."""
        position = self.position
        self._rows = tuple(rows)
        self._drawn.clear()
        if self._rows and self.position is None:
            self._select(min(position or 0, len(self._rows) - 1))
        elif not self._rows and self._key is not None:
            # What nobody sees is not what keys may act on.
            self._key = None
            self.post_message(self.Highlighted(None))
        self._draw()

    def begin(self) -> None:
        """Have no rows, and so no cursor: the next ones are shown from the first on."""
        self._rows, self._key, self._first = (), None, 0
        self._drawn.clear()

    def move(self, step: int) -> None:
        """Move the cursor by ``step`` rows, not beyond the ends."""
        if self._rows:
            self._select(min(max((self.position or 0) + step, 0), len(self._rows) - 1))
            self._draw()

    def move_to(self, index: int) -> None:
        """Move the cursor to a row, counted from the end where negative."""
        if self._rows:
            self._select(min(index, len(self._rows) - 1) % len(self._rows))
            self._draw()

    def page(self, step: int) -> None:
        """Move the cursor by as many rows as are in sight, ``step`` times, not beyond the ends."""
        self.move(step * self._room)

    def turn(self, step: int) -> None:
        """Move the cursor by ``step`` rows, from the last one on to the first."""
        if self._rows:
            self._select(((self.position or 0) + step) % len(self._rows))
            self._draw()

    def on_resize(self) -> None:
        """Choose what is in sight anew."""
        self._drawn.clear()
        self._draw()

    def on_focus(self) -> None:
        """Show the cursor."""
        self._draw()

    def on_blur(self) -> None:
        """Hide the cursor: keys go elsewhere."""
        self._draw()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor on the row that was clicked; a second click opens it."""
        offset = event.get_content_offset(self)
        if offset is None or offset.y < 1:
            return
        row = self._first + (offset.y - 1) // self._tall
        if row >= len(self._rows):
            return
        if row == self.position:
            self.post_message(self.Opened())
        else:
            self.move_to(row)

    def render_line(self, y: int) -> Strip:
        """Return one line, the cursor's on a background of its own."""
        strip = super().render_line(y)
        if self._marked is not None and y in self._marked:
            return strip.apply_style(self.get_component_rich_style("table--cursor", partial=True))
        return strip

    _marked: range | None = None
    """The lines of the row that the cursor is on."""

    def heading(self, width: int) -> Text:
        """Return the line above the rows."""
        raise NotImplementedError

    def lines_of(self, row: RowT, width: int, *, chosen: bool) -> Sequence[Text]:
        """Return the lines of a row; every row has as many."""
        raise NotImplementedError

    def told(self, hidden: int) -> tuple[str | None, str | None]:
        """Return the title and the subtitle, where ``hidden`` rows are out of sight; ``None`` leaves one as it is."""
        raise NotImplementedError

    def _select(self, index: int) -> None:
        key = self._rows[index].key
        self._place = index
        if key != self._key:
            self._key = key
            self.post_message(self.Highlighted(key))

    def _draw(self) -> None:
        size = self.content_size
        if not size.width or size.height < 2:
            return
        position = self.position
        room = self._room = max((size.height - 1) // self._tall, 1)
        # Keep the cursor in sight, and no empty line at the end while rows are hidden above.
        self._first = min(max(self._first, (position or 0) - room + 1), position or 0)
        self._first = max(0, min(self._first, len(self._rows) - room))
        visible = self._rows[self._first : self._first + room]
        lines = [self.heading(size.width)]
        in_sight = range(self._first, self._first + len(visible))
        self._drawn = {drawn: made for drawn, made in self._drawn.items() if drawn[0] in in_sight}
        for place, row in zip(in_sight, visible, strict=True):
            chosen = place == position and self._shows_cursor()
            if (place, chosen) not in self._drawn:
                self._drawn[place, chosen] = self.lines_of(row, size.width, chosen=chosen)
            lines += self._drawn[place, chosen]
        title, subtitle = self.told(len(self._rows) - len(visible))
        self.draw(lines, title=title, subtitle=subtitle)
        self._mark(None if position is None or not self._shows_cursor() else position - self._first)

    def _mark(self, place: int | None) -> None:
        """Paint the cursor's background on a row in sight, and take it from where it was."""
        before = self._marked
        self._marked = None if place is None else range(1 + place * self._tall, 1 + (place + 1) * self._tall)
        if self._marked != before:
            width = self.content_size.width
            self.refresh(*(Region(0, each[0], width, len(each)) for each in (before, self._marked) if each))

    def _shows_cursor(self) -> bool:
        return True


class Row(NamedTuple):
    """A row, whose lines are made when it comes into sight: of thousands of rows a screenful is ever looked at."""

    key: Hashable
    made_by: tuple[Callable[[], Text], ...]
    """What makes each of its lines, but for the cursor in front of it."""

    @property
    def lines(self) -> tuple[Text, ...]:
        """Its lines, made anew."""
        return tuple(make() for make in self.made_by)


class RowList(Table[Row]):
    """Rows that are finished elsewhere; the cursor is shown while keys go here."""

    def __init__(self, *, id: str | None = None, tall: int = 1) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._tall = tall
        self._heading, self._nothing = Text(), Text()
        self._about = ("", "")

    def show(
        self, heading: Text, rows: Sequence[Row], *, nothing: str, title: str, subtitle: str = ""
    ) -> None:
        """Show rows below a heading, or a sentence where there are none."""
        self._heading = heading if rows else Text(nothing, "dim")
        self._about = (title, subtitle)
        self.put(rows)

    def heading(self, width: int) -> Text:
        """Return the heading where the rows' lines begin."""
        del width
        return Text.assemble(" " * MARK, self._heading)

    def lines_of(self, row: Row, width: int, *, chosen: bool) -> Sequence[Text]:
        """Return the row's lines behind the cursor."""
        del width
        mark = (">" if chosen else " ", "bold cyan")
        return [Text.assemble(mark if not place else " ", " ", line) for place, line in enumerate(row.lines)]

    def told(self, hidden: int) -> tuple[str | None, str | None]:
        """Return the titles, and how many rows are out of sight."""
        title, subtitle = self._about
        return title, "   ".join(part for part in (f"{hidden} more" if hidden else "", subtitle) if part)

    def _shows_cursor(self) -> bool:
        return self.has_focus
