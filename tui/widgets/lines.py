"""Bordered text lines that repaint only where they changed: the base of every panel.

It is given finished lines and never markup: a model called ``[/]`` is four
characters. Textual repaints what is marked, so marking little is what keeps a console quiet over SSH.
"""

from collections.abc import Sequence
from typing import ClassVar, Self

from rich.style import Style
from rich.text import Span, Text
from textual.content import Content
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.literal import literal, printable

DIMMED = Style(dim=True)

Look = tuple[str, str, tuple[Span, ...]]


class Lines(Widget):
    """Lines of text in a frame with a title above and a subtitle below."""

    DEFAULT_CSS = """
    Lines {
        border: round $border;
        border-title-color: $accent;
        border-title-style: bold;
        border-subtitle-color: $text-muted;
        height: 1fr;
        width: 1fr;
    }
    Lines:focus { border: round $border; }
    """

    COMPONENT_CLASSES: ClassVar[set[str]] = set()

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._lines: list[Text] = []
        self._looks: list[Look] = []
        """What makes each line look as it does."""
        self._strips: list[Strip | None] = []
        """How each line was drawn last: a list that is scrolled shows most of its lines again, one row further."""
        self._drawn_in: tuple[Style, int, bool] | None = None
        """The look, the width and whether they were old, in which that was."""
        self._picture: tuple[tuple[Region, str], list[Strip]] | None = None
        """What was drawn last, of which region and in which theme: nothing since then asked for another one."""
        self._stale = False
        self._titles = ("", "")
        """What the frame says above and below."""

    @property
    def stale(self) -> bool:
        """Whether what is shown is old."""
        return self._stale

    @stale.setter
    def stale(self, stale: bool) -> None:
        if stale != self._stale:
            self._stale = stale
            self.refresh()

    def draw(self, lines: Sequence[Text], *, title: str | None = None, subtitle: str | None = None) -> None:
        """Show ``lines``; a title that is not given stays as it is."""
        self._entitle(title, subtitle)
        self._lines = [literal(line) for line in lines]
        before, self._looks = self._looks, [_look(line) for line in self._lines]
        known = dict(zip(before, self._strips, strict=True))
        self._strips = [known.get(look) for look in self._looks]
        changed = [
            row
            for row in range(max(len(before), len(self._looks)))
            if before[row : row + 1] != self._looks[row : row + 1]
        ]
        if changed:
            width = self.content_size.width
            self.refresh(*(Region(0, row, width, 1) for row in changed))

    def let_go(self) -> None:
        """Hold on to nothing that was drawn: it is out of sight, and is drawn again in less time than a key takes."""
        self._strips = [None] * len(self._lines)
        self._picture = None

    def refresh(
        self, *regions: Region, repaint: bool = True, layout: bool = False, recompose: bool = False
    ) -> Self:
        """Have what is marked drawn anew."""
        self._picture = None
        return super().refresh(*regions, repaint=repaint, layout=layout, recompose=recompose)

    def render_lines(self, crop: Region) -> list[Strip]:
        """Return the lines of a region: the same ones where only what stands beside this is drawn anew."""
        key = (crop, self.app.theme)
        if self._picture is None or self._picture[0] != key:
            drawn_in = (self.rich_style, self.content_size.width, self._stale)
            # In another look no line is as it was drawn.
            if drawn_in != self._drawn_in:
                self._drawn_in, self._strips = drawn_in, [None] * len(self._lines)
            self._picture = (key, super().render_lines(crop))
        return self._picture[1]

    def render_line(self, y: int) -> Strip:
        """Return one line, as wide as the panel."""
        if y >= len(self._lines):
            return self._strip_of(Text())
        strip = self._strips[y]
        if strip is None:
            strip = self._strips[y] = self._strip_of(self._lines[y])
        return strip

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Return how many lines there are, where the height is automatic."""
        del container, viewport, width
        return len(self._lines)

    def _strip_of(self, line: Text) -> Strip:
        look, width, stale = self._drawn_in or (self.rich_style, self.content_size.width, self._stale)
        console = self.app.console
        # Rich leaves out the style of a text as a whole where no part of it has one of its own.
        drawn = Strip(line.render(console)).apply_style(console.get_style(line.style))
        strip = drawn.adjust_cell_length(width).apply_style(look)
        return strip.apply_style(DIMMED) if stale else strip

    def _entitle(self, title: str | None, subtitle: str | None) -> None:
        above, below = self._titles
        width = self.outer_size.width
        # Textual's own setters have the whole panel painted anew, where one line of its frame says something else.
        if title is not None and title != above:
            self._border_title = Content(printable(title)).split()[0]
            self.refresh(Region(-1, -1, width, 1))
        if subtitle is not None and subtitle != below:
            self._border_subtitle = Content(printable(subtitle)).split()[0]
            self.refresh(Region(-1, self.content_size.height, width, 1))
        self._titles = (above if title is None else title, below if subtitle is None else subtitle)


def _look(line: Text) -> Look:
    """Return what makes a line look as it does; rich's own comparison leaves the base style out."""
    return (line.plain, str(line.style), tuple(line.spans))
