"""Where a person is in the console: which screen is on top, which model is selected, and whether the display stands still.

It hands every open screen what it is to show, and reads and formats nothing itself.
"""

from collections.abc import Sequence
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING

from textual.timer import Timer

from storage.paired import Wanted
from storage.records import Model, Version
from storage.text import clean
from storage.workspace import Workspace
from tui import pairs
from tui.beside import Charted
from tui.console_screen import ConsoleScreen
from tui.feed import Feed, News
from tui.key import Where
from tui.list_screen import ListScreen
from tui.listing import ORDERS, USUAL, Listing, listed
from tui.screens.overview import Overview
from tui.spans import ALL, SPANS
from tui.view import View
from tui.writing import Writing

if TYPE_CHECKING:
    from tui.screens.detail import Detail
    from tui.screens.devices import Devices

RESTED_S = 0.08
"""Without another key until the figures of the model under the cursor are read and drawn.

A key that is held comes each 25 to 40 ms, and what a hand passes over need not be read; a tenth of a second is no wait yet.
"""

HALF_MADE_S = 0.02
"""Between two looks at a screen that opens: it takes some hundredths of a second."""


class Navigation(Writing):
    """The part of the application that shows."""

    def __init__(
        self,
        workspace: Workspace,
        feed: Feed,
        *,
        host: str,
        read_only: bool,
        owner: str | None,
        ansi_color: bool | None,
    ) -> None:
        super().__init__(workspace, feed.news, read_only=read_only, owner=owner, ansi_color=ansi_color)
        self._feed = feed
        self._host = host
        self._paused = False
        self._listing = USUAL
        self._span = ALL
        self._shown = feed.news
        self._selected: str | None = None
        self._resting: Timer | None = None
        self._compared: Wanted | None = None
        self._left: ConsoleScreen | None = None
        """The screen that was left last."""
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
            self.now() if self._shown.replay is None else self._shown.replay.at,
            self._host,
            clean(str(self.workspace.root)),
            self._selected,
            self.read_only,
            self._paused,
            self._listing,
            self._span,
            self._compared,
            self.marked,
            self.owner,
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
        if news.snapshot is not None and news.replay is None:
            self.follow(news.snapshot)
        if not self._paused or _is_problem(news) != _is_problem(self._shown):
            self._show_news()

    def see_to_problem(self) -> None:
        """Cover the panels with the page that says what is missing, or uncover them; what was open above closes."""
        covered = any(isinstance(s, ConsoleScreen) and s.WHERE is Where.PROBLEM for s in self.screen_stack)
        if covered == _is_problem(self._shown):
            return
        while len(self.screen_stack) > 1:
            self._close()
        if not covered:
            page = opened(Where.PROBLEM)
            page.show(self.view())
            self.push_screen(page)

    def on_overview_selected(self, message: Overview.Selected) -> None:
        """Point at the model under the cursor."""
        self._point_at(message.name)
        view = self.view()
        for screen in self.screen_stack:
            if isinstance(screen, Overview):
                screen.follow(view)

    async def on_overview_opened(self) -> None:
        """Open the model under the cursor."""
        await self.action_go(Where.DETAIL)

    def on_overview_filtered(self, message: Overview.Filtered) -> None:
        """List the models that are wanted."""
        self._list(self._listing._replace(typed=message.typed))

    def on_overview_marked(self, message: Overview.Marked) -> None:
        """Mark a model, or every one in the list, or take marks away."""
        if message.name is None:
            self.mark_listed()
        else:
            self.mark(message.name)
        self.refresh_view()

    def on_overview_unmarked(self) -> None:
        """Take every mark away."""
        self.unmark()
        self.refresh_view()

    def action_return(self) -> None:
        """Go back to the screen below, before the next key is looked at."""
        if isinstance(self.screen, ConsoleScreen):
            self._close()

    async def on_list_screen_wanted(self, message: ListScreen.Wanted) -> None:
        """Open the screen of a model that a job or an event is about."""
        if any(model.name == message.model for model in self.view().models):
            self._select(message.model)
            self.refresh_view()
            await self.action_go(Where.DETAIL)
        else:
            self.say(
                f"There is no model {message.model} any more."
                if message.model
                else "This row is not about a model."
            )

    def on_detail_stepped(self, message: "Detail.Stepped") -> None:
        """Go to the model before or after."""
        names = self.listed()
        if names:
            place = names.index(self._selected) + message.step if self._selected in names else 0
            self._point_at(names[place % len(names)])
            self.refresh_view()

    def on_devices_pointed(self, message: "Devices.Pointed") -> None:
        """Read what the chart of the devices shows, unless that was closed meanwhile."""
        if Where.DEVICES in self._open_ones():
            self._feed.chart(Charted(message.device, message.reading))

    async def action_go(self, name: str) -> None:
        """Show a screen: the one that is open below comes up again, another one opens above.

        A new one is complete before the next key is looked at: what is typed ahead is for it.
        """
        where = Where(name)
        if not isinstance(self.screen, ConsoleScreen):
            return
        if not all(screen.is_made for screen in self.screen_stack if isinstance(screen, ConsoleScreen)):
            # Each screen does by itself what was typed on it; closed half-made, one that opens would be waited for for ever.
            self.set_timer(HALF_MADE_S, partial(self.action_go, name))
            return
        for above, screen in enumerate(reversed(self.screen_stack)):
            if isinstance(screen, ConsoleScreen) and screen.WHERE is where:
                for _ in range(above):
                    self._close()
                return
        if where is Where.COMPARE and not self._choose_pair(self._selected_version()):
            return
        if where is Where.DETAIL and self.model() is None:
            self.say("No model is selected.")
            return
        await self._open(where)
        self._deepen()

    def action_order(self) -> None:
        """Sort the models by the next column."""
        self._list(self._listing._replace(order=(self._listing.order + 1) % len(ORDERS), reverse=False))

    def action_reverse(self) -> None:
        """Sort the models the other way round."""
        self._list(self._listing._replace(reverse=not self._listing.reverse))

    def action_span(self, step: int) -> None:
        """Show less or more time in the charts."""
        self._span = min(max(self._span + step, 0), ALL)
        self._feed.look_back(SPANS[self._span].seconds)
        self.refresh_view()

    async def action_palette(self) -> None:
        """Ask for an action of this screen by its words, and do it."""
        from tui.dialogs.palette import Palette

        below = self.screen
        if not isinstance(below, ConsoleScreen):
            return

        async def chosen(action: str | None) -> None:
            if action is not None:
                await self.run_action(action, default_namespace=below)

        await self.push_screen(Palette(below.WHERE, read_only=self.read_only), chosen)

    def action_help(self) -> None:
        """Show the keys of this screen."""
        from tui.dialogs.help import Help

        if isinstance(self.screen, ConsoleScreen):
            self.push_screen(Help(self.screen.WHERE, read_only=self.read_only))

    def action_pause(self) -> None:
        """Let the display stand still, or go on; nothing else stops."""
        if self._shown.replay is not None:
            self.say("The past stands still already: L goes back to the present.")
            return
        self._paused = not self._paused
        self._show_news()

    def _show_news(self) -> None:
        self._shown = self.news
        self._keep_selection()
        self.see_to_problem()
        self.refresh_view()

    async def _open(self, where: Where) -> None:
        """Open a screen: one that was open before was kept, because to build one takes longer than anything else that a key does."""
        if self.is_screen_installed(where.value):
            kept = self.get_screen(where.value, ConsoleScreen)
            kept.show(self.view())
            kept.begin()
            await self.push_screen(kept)
            kept.show(self.view())
            return
        new = opened(where)
        new.show(self.view())
        await self.push_screen(new)
        # One that was closed before it was whole is gone, and is built again.
        if new.is_made and new in self.screen_stack:
            self.install_screen(new, where.value)

    def _close(self) -> None:
        """Go back to the screen below."""
        closed = self.screen
        if len(self.screen_stack) > 1:
            self.pop_screen()
            if isinstance(closed, ConsoleScreen):
                closed.let_go()
        self._deepen()

    def on_console_screen_left(self, message: ConsoleScreen.Left) -> None:
        """Have the screen that was left before forget its lines: people go to and fro between two."""
        before, self._left = self._left, message.screen
        # When the console ends, no screen is left.
        if before is not None and before is not self._left and before not in self.screen_stack[-1:]:
            before.forget_lines()

    def _deepen(self) -> None:
        """Have jobs and events read from further back while somebody looks at them, and the rest only then."""
        open_ones = self._open_ones()
        self._feed.deepen(deep=bool(open_ones & {Where.JOBS, Where.EVENTS}))
        self._feed.list_settings(wanted=Where.SETTINGS in open_ones)
        if Where.COMPARE not in open_ones:
            self._compared = None
        self._feed.compare(self._compared)
        if Where.DEVICES not in open_ones:
            self._feed.chart(None)

    def _open_ones(self) -> set[Where]:
        return {screen.WHERE for screen in self.screen_stack if isinstance(screen, ConsoleScreen)}

    def _numbers(self) -> Sequence[int]:
        """Return the numbers of the selected model's versions, as far as they are read."""
        detail = self._shown.detail
        return detail.versions.numbers if detail is not None and detail.model.name == self._selected else ()

    def _choose_pair(self, chosen: Version | None) -> bool:
        """Choose which two versions of the selected model are compared; where there are none, say why."""
        model = self.model()
        found = "No model is selected." if model is None else pairs.usual(model, self._numbers(), chosen)
        if isinstance(found, str):
            self.say(found)
            return False
        self._compared = found
        return True

    def _list(self, listing: Listing) -> None:
        self._listing = listing
        self.refresh_view()

    def _select(self, name: str | None) -> None:
        self._selected = name
        self._feed.select(name)

    def _point_at(self, name: str | None) -> None:
        """Select a model (or none) and read it; while the hand goes on, the one where it rests is read."""
        self._selected = name
        if self._resting is None:
            self._read_selected()
        else:
            self._resting.stop()
        self._resting = self.set_timer(RESTED_S, self._rested)

    def _rested(self) -> None:
        self._resting = None
        self._read_selected()

    def _read_selected(self) -> None:
        self._feed.select(self._selected)

    def _keep_selection(self) -> None:
        """Keep the cursor on its model; where that is gone, or none was chosen yet, take the one in most trouble."""
        if self.model() is None and self._shown.snapshot is not None:
            self._select(next(iter(self.listed()), None))

    def listed(self) -> list[str]:
        """Return the models' names in the order of the table, which is always below and has its rows."""
        snapshot = self._shown.snapshot
        if snapshot is None:
            return []
        below = next((screen for screen in self.screen_stack if isinstance(screen, Overview)), None)
        found = listed if below is None else below.listed
        return [row.name for row in found(snapshot, self.now(), self._listing)]


def _is_problem(news: News) -> bool:
    """Whether there is nothing to put into panels; a past without models is an answer."""
    return news.snapshot is None or (not news.snapshot.models and news.replay is None)


PLACES = {
    Where.DETAIL: ("detail", "Detail"),
    Where.DEVICES: ("devices", "Devices"),
    Where.JOBS: ("jobs", "Jobs"),
    Where.EVENTS: ("events", "Events"),
    Where.COMPARE: ("compare", "Compare"),
    Where.SETTINGS: ("settings", "Settings"),
    Where.PROBLEM: ("problem", "Problem"),
}
"""Where each screen but the first is, by its module in `tui.screens` and its class."""


def opened(where: Where) -> ConsoleScreen:
    """Return a new screen; each is loaded when it is first wanted."""
    if where not in PLACES:
        return Overview()
    module, name = PLACES[where]
    made: ConsoleScreen = getattr(import_module(f"tui.screens.{module}"), name)()
    return made
