"""What the console's screens have in common: they are given a view, and show it when they can be seen.

Owns when a screen is filled (news, another size, uncovered again) and the one line of a terminal that is too
small for panels. What a screen shows is its own.
"""

from typing import ClassVar

from rich.text import Text
from textual import events
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.geometry import Size
from textual.message import Message
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from tui import layout, notices
from tui.key import Where
from tui.view import View
from tui.widgets.lines import Lines


class ConsoleScreen(Screen[None]):
    """A screen of the console."""

    WHERE: ClassVar[Where]

    DEFAULT_CSS = """
    ConsoleScreen {
        overflow: hidden;
        #room { height: 1fr; }
        #small { display: none; padding: 0 1; height: auto; }
        &.-small #room { display: none; }
        &.-small #small { display: block; }
        .line { height: 1; padding: 0 1; }
        .line.-hidden { display: none; }
    }
    """

    class Left(Message):
        """Another screen is in the place of this one, or above it."""

        def __init__(self, screen: "ConsoleScreen") -> None:
            super().__init__()
            self.screen = screen

    def __init__(self) -> None:
        super().__init__()
        self.latest: View | None = None
        self._composed = False
        self._filled: Size | None = None
        """The size in which the latest is shown, ``None`` before that: news, a mount, a size and an uncovering come together,
        and one of them is enough."""
        self._left_in: str | None = None
        """The theme in which it was last left: in another one its widgets have another look when it is seen again."""

    @property
    def is_made(self) -> bool:
        """Whether its widgets are there."""
        return self._composed

    def compose(self) -> ComposeResult:
        """Lay out the screen's own room."""
        with Vertical(id="room"):
            yield from self.compose_room()

    def compose_room(self) -> ComposeResult:
        """Lay out the screen."""
        raise NotImplementedError

    def fill(self, view: View, width: int, height: int) -> None:
        """Put the latest into the widgets, in a terminal of this size."""
        raise NotImplementedError

    def begin(self) -> None:
        """Be as it was when it was new: it was kept while it was closed, and is opened again."""

    def let_go(self) -> None:
        """Hold on to nothing that was read: this is closed, and a model's versions alone are a megabyte."""
        self.latest = self._filled = None

    def forget_lines(self) -> None:
        """Hold on to no line that was drawn: to draw them again takes some milliseconds, and to keep them a third of a megabyte."""
        for widget in self.walk_children(Widget, with_self=True):
            if isinstance(widget, Lines):
                widget.let_go()
            widget._styles_cache.clear()  # noqa: SLF001 - Textual has no public place for it

    def show(self, view: View) -> None:
        """Show the latest, at once or when the screen can be seen again."""
        if view is not self.latest:
            self.latest, self._filled = view, None
        self._fill_if_old()

    def on_mount(self) -> None:
        """Show what was known before the screen was there."""
        # One that a key typed ahead closes in the moment in which it opens is never laid out.
        self._composed = bool(self.children)
        self._fill_if_old()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Do nothing for a key that comes when this is closed: it was typed ahead, and the widgets go one by one."""
        return super().check_action(action, parameters) if self.is_current else False

    def on_resize(self) -> None:
        """Fill the screen for its new size."""
        self._fill_if_old()

    def on_screen_suspend(self) -> None:
        """Remember what it looks like, and say so where it is out of sight."""
        self._left_in = self.app.theme
        # When the console ends, no screen is left.
        if any(isinstance(top, ConsoleScreen) and top is not self for top in self.app.screen_stack[-1:]):
            self.post_message(self.Left(self))

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        """Show what happened while another screen was on top."""
        if self._left_in == self.app.theme:
            # Textual works out anew what each widget looks like, which takes as long as to draw them all.
            event.refresh_styles = False
        self._fill_if_old()

    def lines(self) -> list[str]:
        """Return what is on the screen as text."""
        # As export_screenshot does it: Textual has no public way to a screen's text.
        return [strip.text for strip in self._compositor.render_strips()]

    def refill(self) -> None:
        """Show the latest anew."""
        view = self.latest
        # While the console is taken down its screens lose their widgets one by one, and news may still come.
        if view is None or not self._composed or not self.app.is_running or not self._is_visible():
            return
        self._filled = self.app.size
        width, height = self.app.size
        small = layout.too_small(width, height)
        self.set_class(small, "-small")
        if small:
            self._tell_too_small(notices.too_small(view, width, height))
        else:
            self.fill(view, width, height)

    def _tell_too_small(self, said: Text) -> None:
        """Say in the place of everything else that a terminal is too small; hardly any ever is, so that it is made here."""
        there = self.query("#small").results(Static)
        if (line := next(there, None)) is not None:
            line.update(said)
        else:
            self.mount(Static(said, id="small"))

    def _fill_if_old(self) -> None:
        """Show the latest, unless just this is shown in just this size."""
        if self._is_old():
            self.refill()

    def _is_old(self) -> bool:
        """Whether something else is shown than the latest, or in another size."""
        return self._filled != self.app.size

    def _is_visible(self) -> bool:
        """Whether nothing or only a dialog is above this screen."""
        above = [screen for screen in self.app.screen_stack if isinstance(screen, ConsoleScreen)]
        return bool(above) and above[-1] is self
