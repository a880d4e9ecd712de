"""What is asked of several models at once: which are marked, and what the keys do with all of them.

A mark belongs to a model, not to a row: sorting, filtering and looking elsewhere leave it. Where models are marked,
evaluating, checking and measuring are about them while the list of models is shown, and a question names every one first.
"""

from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import TYPE_CHECKING

from storage.records import Job, Model, Version
from storage.workspace import Workspace
from tui import requests
from tui.console_screen import ConsoleScreen
from tui.feed import News
from tui.key import Where
from tui.making import Making

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
            return
        from tui.dialogs.questions import evaluate_marked

        self._ask_about(models, evaluate_marked, requests.evaluate)

    def action_latency(self) -> None:
        """Ask, then measure the marked models; without marks measure the selected one."""
        models = self._meant()
        if not models:
            super().action_latency()
            return
        from tui.dialogs.questions import measure_marked

        self._ask_about(models, measure_marked, requests.measure)

    def action_check(self) -> None:
        """Ask, then have the marked models checked; without marks check the selected one."""
        models = self._meant()
        if not models:
            model = self._actable()
            if model is not None:
                self._ask(partial(requests.check, self.workspace, model.name))
            return
        if not self._may_act():
            return
        from tui.dialogs.questions import check_marked

        names = [model.name for model in models]

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask_all([partial(requests.check, self.workspace, name) for name in names])

        self.push_screen(check_marked(names, self._out_of_sight(models)), answered)

    def _ask_about(
        self,
        models: Sequence[Model],
        question: Callable[[Sequence[Version], Sequence[str], Collection[str]], "Confirm"],
        ask: Callable[[Workspace, Version], Job],
    ) -> None:
        """Name the version of each model that is meant, and ask for a job about each."""
        if not self._may_act():
            return
        found = [version for model in models if (version := requests.evaluated_by_key(model))]
        without = [model.name for model in models if requests.evaluated_by_key(model) is None]
        if not found:
            self.say("None of the marked models has a version that can be run.")
            return

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask_all([partial(ask, self.workspace, version) for version in found])

        self.push_screen(question(found, without, self._out_of_sight(models)), answered)

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
