"""The console: one application, its screens, and the feed that they are shown from.

Owns which screen is on top, which model is selected, and how the program ends. It formats nothing and reads
nothing; what the keys ask of the engine is `tui.actions`'.
"""

import os
import platform
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.message import Message

from storage.records import Model
from storage.text import clean
from storage.workspace import Workspace
from tui import ending, rows, terminal
from tui.actions import Actions
from tui.console_screen import ConsoleScreen
from tui.feed import Feed, News
from tui.screens.overview import Overview
from tui.theme import COLOURS, OWN, TERMINAL
from tui.view import View

if TYPE_CHECKING:
    from tui.screens.detail import Detail

TICK_S = 1.0
"""Between two looks at the clock; what shows minutes only is painted once a minute."""


class Arrived(Message):
    """The feed has read something new."""

    def __init__(self, news: News) -> None:
        super().__init__()
        self.news = news


class Console(Actions):
    """The application; its exit status is 0, or 128 and the signal that ended it."""

    ENABLE_COMMAND_PALETTE = False
    TITLE = "modeltender"

    def __init__(
        self,
        workspace: Workspace,
        feed: Feed,
        *,
        read_only: bool = False,
        host: str = "",
        clock: Callable[[], float] = time.time,
    ) -> None:
        ansi = terminal.own_palette(os.environ)
        super().__init__(workspace, feed.news, read_only=read_only, ansi_color=ansi or None)
        self.register_theme(TERMINAL if ansi else OWN)
        self.theme = (TERMINAL if ansi else OWN).name
        self.ansi_theme_dark = COLOURS
        self.failure: BaseException | None = None
        self._feed = feed
        self._clock = clock
        self._host = host or clean(platform.node(), 30)
        self._paused = False
        self._shown = feed.news
        self._selected: str | None = None
        self._keep_selection()

    def get_default_screen(self) -> ConsoleScreen:
        """Return what is shown first, filled: the first paint is complete."""
        return self._base()

    def on_mount(self) -> None:
        """Begin to read, to tick, and to listen to signals."""
        ending.on_signals(self.exit)
        if not self.is_headless:
            self.set_interval(ending.TERMINAL_CHECK_S, ending.end_without_terminal)
        self.set_interval(TICK_S, self.refresh_view)
        self._feed.start(lambda news: self.post_message(Arrived(news)), self._failed)

    def view(self) -> View:
        """Return what the screens are to show now."""
        return View(
            self._shown,
            self._clock(),
            self._host,
            clean(str(self.workspace.root)),
            self._selected,
            self.read_only,
            self._paused,
        )

    def model(self) -> Model | None:
        """Return the selected model as it is shown."""
        return self.view().model

    def refresh_view(self) -> None:
        """Let every open screen show the latest; one that is covered does so when it is uncovered."""
        view = self.view()
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.show(view)

    def on_arrived(self, message: Arrived) -> None:
        """Take the news, tell how jobs ended, and show it all unless the display is paused."""
        self.news = message.news
        if self.news.snapshot is not None:
            self.follow(self.news.snapshot)
        if not self._paused or _is_problem(self.news) != _is_problem(self._shown):
            self._take_news()

    def on_overview_selected(self, message: Overview.Selected) -> None:
        """Read the model under the cursor."""
        self._select(message.name)
        self.refresh_view()

    def on_overview_opened(self) -> None:
        """Open the model under the cursor."""
        self.action_detail()

    def on_detail_closed(self) -> None:
        """Go back to the overview."""
        self.action_overview()

    def on_detail_stepped(self, message: "Detail.Stepped") -> None:
        """Go to the model before or after."""
        names = self._listed()
        if self._selected in names:
            self._select(names[(names.index(self._selected) + message.step) % len(names)])
            self.refresh_view()

    def action_overview(self) -> None:
        """Show the overview."""
        if len(self.screen_stack) > 1:
            self.pop_screen()

    def action_detail(self) -> None:
        """Show the selected model's screen."""
        if len(self.screen_stack) == 1 and self.model() is not None:
            from tui.screens.detail import Detail

            detail = Detail()
            detail.show(self.view())
            self.push_screen(detail)

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from tui.dialogs.help import Help

        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(Help(self.screen.WHERE, read_only=self.read_only))

    def action_pause(self) -> None:
        """Freeze the display, or let it go on; nothing else stops."""
        self._paused = not self._paused
        self._take_news()

    def action_retry(self) -> None:
        """Look at the database again now."""
        self._feed.retry()

    def action_leave(self) -> None:
        """Leave; the engine and its jobs go on."""
        self.exit(0)

    def _take_news(self) -> None:
        self._shown = self.news
        self._keep_selection()
        self._change_base()
        self.refresh_view()

    def _select(self, name: str | None) -> None:
        self._selected = name
        self._feed.select(name)

    def _keep_selection(self) -> None:
        """Keep the cursor on its model; where that is gone, or none was chosen yet, take the one in most trouble."""
        if self.model() is None and self._shown.snapshot is not None:
            self._select(next(iter(self._listed()), None))

    def _listed(self) -> list[str]:
        """Return the models' names in the order of the table."""
        snapshot = self._shown.snapshot
        return [] if snapshot is None else [row.name for row in rows.model_rows(snapshot, self._clock())]

    def _base(self) -> ConsoleScreen:
        screen: ConsoleScreen = Overview()
        if _is_problem(self._shown):
            from tui.screens.problem import Problem

            screen = Problem()
        screen.show(self.view())
        return screen

    def _change_base(self) -> None:
        """Change between the panels and the page that says what is missing; dialogs close with what they were about."""
        if isinstance(self.screen_stack[0], Overview) == _is_problem(self._shown):
            while len(self.screen_stack) > 1:
                self.pop_screen()
            self.switch_screen(self._base())

    def _failed(self, failure: BaseException) -> None:
        """End with a defect of this program, which is told when the terminal is restored."""
        self.failure = failure
        self.call_from_thread(self.exit)


def run(workspace: Workspace, *, read_only: bool = False) -> int:
    """Show a workspace's console until the person leaves it, and return the exit status."""
    feed = Feed(workspace)
    feed.look()
    console = Console(workspace, feed, read_only=read_only)
    try:
        console.run()
    finally:
        feed.stop()
    if console.failure is not None:
        raise console.failure
    return console.return_code or 0


def _is_problem(news: News) -> bool:
    """Whether there is nothing to put into panels."""
    return news.snapshot is None or not news.snapshot.models
