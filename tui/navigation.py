"""Where a person is in the console: which screen is on top, which model is selected, and whether the display stands still.

It hands every open screen what it is to show, and reads and formats nothing itself.
"""

from typing import TYPE_CHECKING

from storage.records import Model
from storage.text import clean
from storage.workspace import Workspace
from tui import rows
from tui.actions import Actions
from tui.console_screen import ConsoleScreen
from tui.feed import Feed, News
from tui.keys import Where
from tui.screens.overview import Overview
from tui.view import View

if TYPE_CHECKING:
    from tui.screens.detail import Detail


class Navigation(Actions):
    """The part of the application that shows."""

    def __init__(
        self,
        workspace: Workspace,
        feed: Feed,
        *,
        host: str,
        read_only: bool,
        ansi_color: bool | None,
    ) -> None:
        super().__init__(workspace, feed.news, read_only=read_only, ansi_color=ansi_color)
        self._feed = feed
        self._host = host
        self._paused = False
        self._shown = feed.news
        self._selected: str | None = None
        self._keep_selection()
        # The selected model is known now: with its detail, too, the first paint is complete.
        self._shown = self.news = feed.look() or feed.news

    def now(self) -> float:
        """Return the time that ages are counted from."""
        raise NotImplementedError

    def view(self) -> View:
        """Return what the screens are to show now."""
        return View(
            self._shown,
            self.now(),
            self._host,
            clean(str(self.workspace.root)),
            self._selected,
            self.read_only,
            self._paused,
        )

    def model(self) -> Model | None:
        """Return the selected model as it is shown."""
        return self.view().model

    def get_default_screen(self) -> ConsoleScreen:
        """Return what is shown first, filled: the first paint is complete."""
        screen = Overview()
        screen.show(self.view())
        return screen

    def refresh_view(self) -> None:
        """Let every open screen show the latest; one that is covered does so when it is uncovered."""
        view = self.view()
        for screen in self.screen_stack:
            if isinstance(screen, ConsoleScreen):
                screen.show(view)

    def take(self, news: News) -> None:
        """Take what was read, tell how jobs ended, and show it all unless the display stands still."""
        self.news = news
        if news.snapshot is not None:
            self.follow(news.snapshot)
        if not self._paused or _is_problem(news) != _is_problem(self._shown):
            self._show_news()

    def see_to_problem(self) -> None:
        """Cover the panels with the page that says what is missing, or uncover them; what was open above closes."""
        covered = any(isinstance(s, ConsoleScreen) and s.WHERE is Where.PROBLEM for s in self.screen_stack)
        if covered == _is_problem(self._shown):
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if not covered:
            from tui.screens.problem import Problem

            page = Problem()
            page.show(self.view())
            self.push_screen(page)

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
        """Let the display stand still, or go on; nothing else stops."""
        self._paused = not self._paused
        self._show_news()

    def _show_news(self) -> None:
        self._shown = self.news
        self._keep_selection()
        self.see_to_problem()
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
        return [] if snapshot is None else [row.name for row in rows.model_rows(snapshot, self.now())]


def _is_problem(news: News) -> bool:
    """Whether there is nothing to put into panels."""
    return news.snapshot is None or not news.snapshot.models
