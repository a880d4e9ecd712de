"""What is asked of several models at once: which are marked, and what the keys do with all of them.

A mark belongs to a model, not to a row: sorting, filtering and looking elsewhere leave it. Where models are marked,
what can be done to each alike is about them while the list of models is shown, and a question names every one first: they are
evaluated, checked, measured, trained and restored, and their jobs cancelled. What deploys a version, allows one, or has to be
chosen from what a model has stays with the model under the cursor: what it would change fills a question of its own.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from storage import jobs
from storage.records import Job, Model, Version
from storage.workspace import Workspace
from tui import requests
from tui.actions import ENDS, QUEUED
from tui.console_screen import ConsoleScreen
from tui.feed import News
from tui.key import Where
from tui.making import Making
from tui.mending import behind, none_of, unfinished

if TYPE_CHECKING:
    from tui.dialogs.confirm import Confirm


class Marking(Making):
    """The part of the application that acts on what is marked."""

    def __init__(
        self,
        workspace: Workspace,
        news: News,
        *,
        read_only: bool,
        owner: str | None,
        ansi_color: bool | None,
    ) -> None:
        super().__init__(workspace, news, read_only=read_only, owner=owner, ansi_color=ansi_color)
        self._marks: frozenset[str] = frozenset()

    def listed(self) -> Sequence[str]:
        """Return the names of the models in the list, in its order."""
        raise NotImplementedError

    @property
    def marked(self) -> frozenset[str]:
        """The names of the marked models; one that is gone is marked no more."""
        snapshot = self.news.snapshot
        # Asked several times for a key: thousands of names are gone through only where one of them may be marked.
        return (
            self._marks
            if snapshot is None or not self._marks
            else self._marks & {model.name for model in snapshot.models}
        )

    def mark(self, name: str) -> None:
        """Mark a model, or take its mark away."""
        self._marks = self.marked ^ {name}

    def mark_listed(self) -> None:
        """Mark every model in the list; where all of them are, take their marks away."""
        names = frozenset(self.listed())
        self._marks = self.marked - names if names <= self.marked else self.marked | names

    def unmark(self) -> None:
        """Take every mark away."""
        self._marks = frozenset()

    def action_evaluate(self) -> None:
        """Ask, then evaluate the marked models; without marks evaluate the selected one."""
        models = self._meant()
        if not models:
            super().action_evaluate()
        elif self._may_act():
            from tui.dialogs.marked import evaluate

            self._ask_about(models, requests.evaluated_by_key, evaluate, requests.evaluate)

    def action_latency(self) -> None:
        """Ask, then measure the marked models; without marks measure the selected one."""
        models = self._meant()
        if not models:
            super().action_latency()
        elif self._may_act():
            from tui.dialogs.marked import measure

            self._ask_about(models, requests.evaluated_by_key, measure, requests.measure)

    def action_repair(self) -> None:
        """Ask, then restore what is deployed of the marked models; without marks mend or restore the selected one.

        What else mends a fault is chosen for one model at a time: it may deploy another version, or train one.
        """
        models = self._meant()
        if not models:
            super().action_repair()
        elif self._may_act():
            from tui.dialogs.marked import restore

            self._ask_about(models, lambda model: model.current, restore, _restored)

    def action_check(self) -> None:
        """Ask, then have the marked models checked; without marks check the selected one."""
        models = self._meant()
        if not models:
            model = self._actable()
            if model is not None:
                self._ask(partial(requests.check, self.workspace, model.name))
        elif self._may_act():
            from tui.dialogs.marked import check

            self._ask_of_each(models, check, requests.check)

    def action_train(self) -> None:
        """Ask, then train a version of each of the marked models; without marks train the selected one."""
        models = self._meant()
        if not models:
            super().action_train()
        elif self._may_act():
            from tui.dialogs.marked import train

            self._ask_of_each(models, train, requests.train)

    def action_cancel(self) -> None:
        """Ask, then cancel what waits or runs for the marked models; without marks the selected one's job."""
        models, snapshot = self._meant(), self.news.snapshot
        if not models or snapshot is None:
            super().action_cancel()
        elif self._may_act():
            names = [model.name for model in models]
            found = [job for job in unfinished(snapshot) if job.model in names]
            if not found:
                self.say(none_of("the marked models", snapshot))
                return
            from tui.dialogs.marked import cancel

            busy = {job.model for job in found}
            without = [name for name in names if name not in busy]
            question = cancel(found, without, self._out_of_sight(models), behind(snapshot))
            self._ask_once(question, [partial(jobs.cancel, self.workspace, job.id) for job in found], ENDS)

    def _ask_about(
        self,
        models: Sequence[Model],
        meant: Callable[[Model], Version | None],
        question: Callable[[Sequence[Version], Sequence[str], Collection[str]], "Confirm"],
        ask: Callable[[Workspace, Version], Job],
    ) -> None:
        """Name the version of each model that is meant, and ask for a job about each."""
        found = [version for model in models if (version := meant(model))]
        without = [model.name for model in models if meant(model) is None]
        if not found:
            self.say("None of the marked models has a version for that.")
            return
        asks = [partial(ask, self.workspace, version) for version in found]
        self._ask_once(question(found, without, self._out_of_sight(models)), asks)

    def _ask_of_each(
        self,
        models: Sequence[Model],
        question: Callable[[Sequence[str], Collection[str]], "Confirm"],
        ask: Callable[[Workspace, str], Job],
    ) -> None:
        """Name each model, and ask for a job about each."""
        names = [model.name for model in models]
        asks = [partial(ask, self.workspace, name) for name in names]
        self._ask_once(question(names, self._out_of_sight(models)), asks)

    def _ask_once(
        self, question: "Confirm", asks: Sequence[Callable[[], Job]], become: tuple[str, str] = QUEUED
    ) -> None:
        """Put one question about several jobs, and ask for all of them where the answer is yes."""

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask_all(asks, become)

        self.push_screen(question, answered)

    def _meant(self) -> list[Model]:
        """Return the marked models, as long as the list is shown in which they were marked."""
        snapshot = self.news.snapshot
        if snapshot is None or not isinstance(self.screen, ConsoleScreen):
            return []
        if self.screen.WHERE is not Where.OVERVIEW:
            return []
        marked = self.marked
        return [model for model in snapshot.models if model.name in marked]

    def _out_of_sight(self, models: Sequence[Model]) -> frozenset[str]:
        """Return those of the models that the filter leaves out of the list."""
        return frozenset(model.name for model in models).difference(self.listed())


def _restored(workspace: Workspace, current: Version) -> Job:
    return requests.repair(workspace, current.model, None)
