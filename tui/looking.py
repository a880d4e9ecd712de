"""Other views of the same models: as they were at an earlier moment, and two versions beside each other.

It asks the reader for what is wanted and captures what a person chose; what is read and shown is not its own.
"""

from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from storage import jobs
from storage.errors import Error
from storage.paired import Pair, Wanted
from storage.records import Job, JobParameters
from storage.vocabulary import FINISHED, JobKind
from tui import pairs
from tui.feed import News
from tui.key import Where
from tui.moments import written
from tui.navigation import Navigation
from tui.replaying import HOUR_S, Way, Wish
from tui.requests import requester

if TYPE_CHECKING:
    from tui.screens.compare import Compare


@runtime_checkable
class ShowsMoment(Protocol):
    """A screen on which something is selected that has its time."""

    def selected_moment(self) -> float | None:
        """Return that time."""


class Looking(Navigation):
    """The part of the application that looks at other moments, and at two versions at once."""

    _told_turn: int | None = None
    """The last wish for a moment whose answer was told."""
    _asked: object = None
    """The comparison that was asked for by itself: never twice for the same evaluations."""

    def take(self, news: News) -> None:
        """Take what was read; say why it is not the moment that was asked for, and have compared what was not yet."""
        if (news.replay is None) != (self._shown.replay is None):
            # Whoever goes to another moment wants to see it, and what was said of the one before holds no more.
            self._paused = False
            self.clear_notifications()
        super().take(news)
        replay = news.replay
        if replay is not None and replay.said and replay.turn != self._told_turn:
            self.say(replay.said)
        self._told_turn = None if replay is None else replay.turn
        self._see_to_comparison()

    def action_replay_step(self, step: int) -> None:
        """Show the moment before or after at which something was recorded."""
        if step > 0 and self._shown.replay is None:
            self.say("This is the present: { goes back.")
        else:
            self._feed.replay(Wish(Way.FORTH if step > 0 else Way.BACK, self.now()))

    def action_replay_hours(self, step: int) -> None:
        """Show an hour earlier or later."""
        if step > 0 and self._shown.replay is None:
            self.say("This is the present: ( goes back by an hour.")
        else:
            self._feed.replay(Wish(Way.BY, self.now(), step * HOUR_S))

    def action_replay_at(self) -> None:
        """Ask for a moment, and show it."""
        from tui.dialogs.moment import AskMoment

        known = self.screen.selected_moment() if isinstance(self.screen, ShowsMoment) else None

        def chosen(at: float | None) -> None:
            if at is not None:
                self._feed.replay(Wish(Way.TO, self.now(), at))

        self.push_screen(
            AskMoment(self.now(), "" if known is None else written(known)[: -len(" UTC")]), chosen
        )

    def action_replay_end(self) -> None:
        """Show how things stand now."""
        if self._shown.replay is None:
            self.say("This is the present.")
        else:
            self._feed.replay(Wish(Way.LIVE, self.now()))

    async def on_detail_compared(self) -> None:
        """Hold the selected version against what is deployed."""
        if self._choose_pair(self._selected_version()):
            await self.action_go(Where.COMPARE)

    def on_compare_turned(self, message: "Compare.Turned") -> None:
        """Put another version on one side."""
        numbers = self._numbers()
        if self._compared is not None and numbers:
            self._compare(pairs.turned(self._compared, numbers, after=message.after, before=message.before))

    def action_compare_again(self) -> None:
        """Have the two versions compared now."""
        pair = self.view().pair
        if not self._may_act():
            return
        if pair is None:
            self.say("The two versions are not read yet.")
        elif pair.unmeasured:
            self.say(f"v{pair.unmeasured[0].number} has no figures: r on the model's screen evaluates it.")
        else:
            self._ask(partial(self._comparison, pair))

    def _compare(self, wanted: Wanted) -> None:
        self._compared = wanted
        self._feed.compare(wanted)
        self.refresh_view()

    def _select(self, name: str | None) -> None:
        """Select a model; what is compared is two versions of it."""
        other = name != self._selected
        super()._select(name)
        if other and self._compared is not None and self.model() is not None and self._choose_pair(None):
            self._feed.compare(self._compared)

    def _see_to_comparison(self) -> None:
        """Have two versions compared that somebody looks at, where that is not on record: it reads records, and changes nothing."""
        view = self.view()
        pair = view.pair
        if pair is None or not view.acts or pair.answer is not None or pair.unmeasured:
            return
        if pair.job is not None and pair.job.state not in FINISHED:
            return
        key = (pair.wanted, pair.before.evaluation, pair.after.evaluation)
        if key != self._asked:
            self._asked = key
            self.run_worker(partial(self._compare_by_itself, pair), thread=True, group="asking")

    def _compare_by_itself(self, pair: Pair) -> None:
        try:
            self._comparison(pair)
        except Error as error:
            self.call_from_thread(self.say, f"{error.message} {error.hint}".strip(), failed=True)

    def _comparison(self, pair: Pair) -> Job:
        return jobs.submit(
            self.workspace,
            JobKind.COMPARE,
            pair.after.model,
            pair.after.number,
            requested_by=requester(),
            parameters=JobParameters(against=pair.before.number),
        )
