"""The console as a program: it joins the feed, the screens and the keys, and owns how all of it begins and ends.

What is shown is `tui.navigation`'s, what the keys ask of the engine `tui.actions`', what is copied and kept of a
screen `tui.keeping`'s, what it looks like `tui.theme`'s.
"""

import gc
import os
import platform
import sys
import time
from collections.abc import Callable
from typing import Any

from rich.console import RenderableType
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.message import Message
from textual.screen import Screen

from storage.console_settings import ConsoleSettings
from storage.text import clean
from storage.vocabulary import Look
from storage.workspace import Workspace
from tui import ending, escaped, keeping_less, terminal
from tui.calling import GIVE_BACK_TITLE, Caller
from tui.feed import Feed, News
from tui.keeping import Keeping
from tui.painting import Changes, Painting
from tui.theme import PALETTES, THEMES, TOASTS, after

TICK_S = 1.0
"""Between two looks at the clock; what shows minutes only is painted once a minute."""

HOST_CELLS = 30


class Arrived(Message):
    """The feed has read something new."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news

    def can_replace(self, message: Message) -> bool:
        """Give way to what was read after this, where the console comes to it late: each holds everything that is shown."""
        return isinstance(message, Arrived)


class Console(Keeping):
    """The application; its exit status is 0, or 128 and the signal that ended it."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "modeltender"
    CSS = TOASTS

    def __init__(
        self,
        workspace: Workspace,
        feed: Feed,
        *,
        read_only: bool = False,
        owner: str | None = None,
        wanted: Look = Look.AUTO,
        host: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clock = clock
        self._kept_to_own_colours = terminal.kept_to_own_colours(os.environ)
        super().__init__(
            workspace,
            feed,
            host=host or clean(platform.node(), HOST_CELLS),
            read_only=read_only,
            owner=owner,
            # Only this switches every colour off where NO_COLOR asks for it; a theme that is set later is too late.
            ansi_color=True if self._kept_to_own_colours else None,
        )
        for theme in THEMES.values():
            self.register_theme(theme)
        self._painting = Painting()
        self._look = Look.TERMINAL
        self._put_on(terminal.look(os.environ, wanted))
        self.failure: BaseException | None = None
        self.caller = Caller(self._say_to_terminal)
        if feed.news.snapshot is not None:
            self.caller.hear(feed.news.snapshot.told)

    def now(self) -> float:
        """Return the time that ages are counted from."""
        return self._clock()

    def on_mount(self) -> None:
        """Begin to read, to tick, and to listen to signals."""
        self.see_to_problem()
        ending.on_signals(self.exit)
        if not self.is_headless:
            self.set_interval(ending.TERMINAL_CHECK_S, ending.end_without_terminal)
        self.set_interval(TICK_S, self.refresh_view)
        # Whoever had the terminal while this was suspended has left it as they liked.
        self.app_resume_signal.subscribe(self, lambda _app: self.action_redraw())
        self._feed.start(lambda news: self.post_message(Arrived(news)), self._failed)

    def on_ready(self) -> None:
        """Set what is there by now apart from what is looked through for waste: it stays, and a key would wait for that."""
        # Where there is no terminal, others share the process: their waste would stay as well.
        if not self.is_headless:
            gc.freeze()

    def on_arrived(self, message: Arrived) -> None:
        """Show what was read, and call whoever looks elsewhere."""
        self.take(message.news)
        if message.news.snapshot is not None:
            self.caller.hear(message.news.snapshot.told)

    def action_retry(self) -> None:
        """Look at the database again now."""
        self._feed.retry()

    def action_theme(self) -> None:
        """Put on the next theme, and say how it is kept."""
        if self._kept_to_own_colours:
            self.say(self._kept_to_own_colours)
            return
        self._put_on(after(self._look))
        self.say(
            f'Theme: {self._look}. To keep it, write theme = "{self._look}" below [console] in modeltender.toml.'
        )

    def action_redraw(self) -> None:
        """Paint everything again: something else may have written to the terminal."""
        self._painting.forget()
        self.refresh(layout=True)

    def on_resize(self) -> None:
        """Paint everything again: a terminal of another size shows what it likes."""
        self._painting.forget()

    def action_leave(self) -> None:
        """Leave; the engine and its jobs go on."""
        self.exit(0)

    def _say_to_terminal(self, sequence: str) -> None:
        """Write what is no part of any screen."""
        if self._driver is not None and not self.is_headless:
            self._driver.write(sequence)

    def _display(self, screen: Screen[Any], renderable: RenderableType | None) -> None:
        """Send what differs from what the terminal shows, and nothing at all where nothing does."""
        # As Textual's own `_display`, which sends everything that is marked; there is no public way.
        if self.is_headless or self._batch_count or not isinstance(renderable, (LayoutUpdate, ChopsUpdate)):
            super()._display(screen, renderable)
            return
        changes = self._painting.changes(renderable, self.console)
        stays = self._previous_cursor_position == self.screen.outer_size.clamp_offset(self.cursor_position)
        update: Any = (
            Changes(changes) if changes or not stays else None
        )  # typed by Textual as what Rich prints
        super()._display(screen, update)

    def _put_on(self, look: Look) -> None:
        """Show everything in a theme; the colour names in lines mean its colours."""
        self._look = look
        if look in PALETTES:
            self.ansi_theme_dark = self.ansi_theme_light = PALETTES[look].names
        self.theme = THEMES[look].name

    def _fatal_error(self) -> None:
        """End with a defect of this program: Textual would print the values of all variables around it."""
        self.failure = self.failure or self._exception
        self._close_messages_no_wait()

    def _failed(self, failure: BaseException) -> None:
        """End with a defect of this program, which is told when the terminal is restored."""
        self.failure = failure
        self.call_from_thread(self.exit)


def run(
    workspace: Workspace, *, chosen: ConsoleSettings, read_only: bool = False, owner: str | None = None
) -> int:
    """Show a workspace's console until the person leaves it, and return the exit status.

    ``owner`` is whose workspace it is, where this user may only look at it.
    """
    keeping_less.let_go()
    escaped.tell_apart()
    feed = Feed(workspace)
    feed.look()
    console = Console(workspace, feed, read_only=read_only, owner=owner, wanted=chosen.theme)
    if not terminal.is_browser(os.environ):
        from tui.terminal_driver import TerminalDriver

        console.driver_class = TerminalDriver
    try:
        console.run(mouse=chosen.mouse and not terminal.is_gnu_screen(os.environ))
    finally:
        feed.stop()
        if console.caller.titled and not terminal.is_browser(os.environ) and sys.__stderr__ is not None:
            sys.__stderr__.write(GIVE_BACK_TITLE)
            sys.__stderr__.flush()
    if console.failure is not None:
        raise console.failure
    return console.return_code or 0
