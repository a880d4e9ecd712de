"""What the action keys do: ask the engine for work on the selected model, and say what came of it.

An action never blocks: the job is written by a thread, its number is shown at once, and how it ended is told
when the database says so. Dialogs are loaded when they are first needed.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from storage import launch
from storage.errors import Error
from storage.promotion_records import PromotionTarget
from storage.records import Job, Model, Version
from storage.snapshot import Snapshot
from storage.vocabulary import FINISHED, JobState
from storage.workspace import Workspace
from tui import requests
from tui.ahead import TypedAhead
from tui.feed import News
from tui.widgets.literal import printable

if TYPE_CHECKING:
    from tui.dialogs.confirm import Confirm

ENGINE_DOWN = "The engine is not running: s starts it."
REPLAYING = "This is the past: nothing can be changed there. L goes back to the present."

NAMED = 6
"""Jobs of those that were asked for together that are told by number; the others are in the list of jobs."""

QUEUED, ENDS = ("queued", "queued"), ("is asked to end", "are asked to end")
"""What is said of a job, and of several, when the engine was asked."""

FAILURE_S = 20.0
"""How long a failure stays on the screen: long enough for two sentences; it is in the events, too."""


@runtime_checkable
class ShowsVersions(Protocol):
    """A screen on which one version of a model is selected."""

    def selected_version(self) -> Version | None:
        """Return that version."""


class Actions(TypedAhead):
    """The part of the application that acts."""

    def __init__(
        self,
        workspace: Workspace,
        news: News,
        *,
        read_only: bool,
        owner: str | None,
        ansi_color: bool | None,
    ) -> None:
        super().__init__(ansi_color=ansi_color)
        self.workspace = workspace
        self.news = news
        self.read_only = read_only
        self.owner = owner
        """Whose workspace it is, where this user may only look at it."""
        self._followed: set[int] = set()
        self._followed_together: set[int] = set()
        """Of these only failures are told one by one, and the end of the last."""

    @property
    def read_only_because(self) -> str:
        """What a read-only console says to a key that acts."""
        because = f"the workspace belongs to {self.owner}" if self.owner else "it was opened with --read-only"
        return f"This console is read-only: {because}."

    def model(self) -> Model | None:
        """Return the selected model as it was last read."""
        raise NotImplementedError

    def action_evaluate(self) -> None:
        """Evaluate the selected version, or the selected model's deployed one."""
        model = self._actable()
        if model is None:
            return
        version = self._selected_version() or requests.evaluated_by_key(model)
        if version is None:
            self.say(f"{model.name} has no version that can be evaluated.")
        else:
            self._ask(partial(requests.evaluate, self.workspace, version))

    def action_evaluate_all(self) -> None:
        """Ask, then evaluate every model that can be."""
        snapshot = self.news.snapshot
        if not self._may_act() or snapshot is None:
            return
        found = [version for model in snapshot.models if (version := requests.evaluated_by_key(model))]
        if not found:
            self.say("There is no model that can be evaluated.")
            return
        from tui.dialogs.questions import evaluate_all

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask_all([partial(requests.evaluate, self.workspace, version) for version in found])

        self.push_screen(evaluate_all(found), answered)

    def action_promote(self) -> None:
        """Show what promoting the candidate would change, and ask."""
        model = self._actable()
        if model is None:
            return
        wanted = requests.promotable(model, self._selected_version())
        if isinstance(wanted, str):
            self.say(wanted)
            return
        candidate, current = wanted, model.current
        if candidate.gate is not None and candidate.gate.lacks_figures:
            from tui.dialogs.evaluate_first import evaluate_first

            question = evaluate_first(candidate.gate, candidate)
            self._confirm(question, partial(requests.promote, self.workspace, candidate, current))
            return
        from tui.dialogs.promote import Change, Promote

        dialog = Promote(Change(current, candidate, self._targets(model), self._labels(model)))

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask(partial(requests.promote, self.workspace, candidate, current, reason=dialog.reason))

        self.push_screen(dialog, answered)

    def action_roll_back(self) -> None:
        """State which version would come back, and ask."""
        model = self._actable()
        if model is None:
            return
        found = requests.restorable(model)
        if isinstance(found, str):
            self.say(found)
            return
        from tui.dialogs.rollback import rollback

        current, previous = found
        self._confirm(
            rollback(current, previous, self._targets(model)),
            partial(requests.roll_back, self.workspace, current, previous),
        )

    def action_start_engine(self) -> None:
        """Start the engine, if none runs."""
        if self.read_only:
            self.say(self.read_only_because)
        elif self.news.replay is not None:
            self.say(REPLAYING)
        elif self.news.engine_running:
            self.say("The engine is running.")
        else:
            self.say("Starting the engine ...")
            self.run_worker(self._start_engine, thread=True, group="engine", exclusive=True)

    def follow(self, snapshot: Snapshot) -> None:
        """Tell how the jobs ended that this console asked for."""
        for job in snapshot.jobs:
            if job.id in self._followed and job.state in FINISHED:
                self._followed.discard(job.id)
                self._tell(job)
        self._follow_together(snapshot)

    def say(self, sentence: str, *, failed: bool = False) -> None:
        """Show a sentence for a while; nothing in it is taken for markup."""
        sentence = printable(sentence)
        if failed:
            self.notify(sentence, severity="error", timeout=FAILURE_S, markup=False)
        else:
            self.notify(sentence, markup=False)

    def _actable(self) -> Model | None:
        """Return the selected model if something may be asked about it; otherwise say why not."""
        if not self._may_act():
            return None
        model = self.model()
        if model is None:
            self.say("No model is selected.")
        return model

    def _may_act(self) -> bool:
        if self.read_only:
            self.say(self.read_only_because)
        elif self.news.replay is not None:
            self.say(REPLAYING)
        elif not self.news.engine_running:
            self.say(ENGINE_DOWN)
        else:
            return True
        return False

    def _selected_version(self) -> Version | None:
        return self.screen.selected_version() if isinstance(self.screen, ShowsVersions) else None

    def _targets(self, model: Model) -> tuple[PromotionTarget, ...] | None:
        """Return what else is told of a model's promotions, or ``None`` where that is not read yet."""
        detail = self.news.detail
        return detail.targets if detail is not None and detail.model.name == model.name else None

    def _labels(self, model: Model) -> tuple[str, ...]:
        """Return the names of a model's classes; none where its settings are not read yet."""
        from tui.about import labels

        detail = self.news.detail
        return labels(self.news.settings) if detail is not None and detail.model.name == model.name else ()

    def _confirm(self, dialog: "Confirm", ask: Callable[[], Job], word: str = "queued") -> None:
        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask(ask, word)

        self.push_screen(dialog, answered)

    def _ask(self, ask: Callable[[], Job], word: str = "queued") -> None:
        self.run_worker(partial(self._submit, ask, word), thread=True, group="asking")

    def _submit(self, ask: Callable[[], Job], word: str) -> None:
        try:
            job = ask()
        except Error as error:
            self.call_from_thread(self.say, f"{error.message} {error.hint}".strip(), failed=True)
        else:
            self.call_from_thread(self._submitted, job, word)

    def _submitted(self, job: Job, word: str) -> None:
        self._followed.add(job.id)
        self.say(f"J{job.id} {word}: {_named(job)}")

    def _ask_all(self, asks: Sequence[Callable[[], Job]], become: tuple[str, str] = QUEUED) -> None:
        """Ask for several jobs, and say so once."""
        self.run_worker(partial(self._submit_all, asks, become), thread=True, group="asking")

    def _submit_all(self, asks: Sequence[Callable[[], Job]], become: tuple[str, str]) -> None:
        asked: list[Job] = []
        try:
            for ask in asks:
                asked.append(ask())
        except Error as error:
            self.call_from_thread(self.say, f"{error.message} {error.hint}".strip(), failed=True)
        if asked:
            self.call_from_thread(self._submitted_all, asked, become)

    def _submitted_all(self, asked: Sequence[Job], become: tuple[str, str]) -> None:
        one, several = become
        if len(asked) == 1:
            self._submitted(asked[0], one)
            return
        if become == QUEUED:
            # That one which was to end has ended is no news.
            self._followed_together |= {job.id for job in asked}
        named = ", ".join(f"J{job.id}" for job in asked[:NAMED])
        more = f" and {len(asked) - NAMED} more" if len(asked) > NAMED else ""
        self.say(f"{len(asked)} jobs {several}: {named}{more}. 4 shows them.")

    def _follow_together(self, snapshot: Snapshot) -> None:
        ended = [job for job in snapshot.jobs if job.id in self._followed_together and job.state in FINISHED]
        self._followed_together -= {job.id for job in ended}
        for job in ended:
            if job.state is not JobState.SUCCEEDED:
                self._tell(job)
        if ended and not self._followed_together:
            self.say("All jobs that were asked for together have ended.")

    def _start_engine(self) -> None:
        try:
            launch.start(self.workspace)
        except Error as error:
            self.call_from_thread(self.say, f"{error.message} {error.hint}".strip(), failed=True)

    def _tell(self, job: Job) -> None:
        if job.state is JobState.SUCCEEDED:
            self.say(f"J{job.id} done: {job.message or _named(job)}")
        elif job.state is JobState.CANCELLED:
            self.say(f"J{job.id} cancelled: {_named(job)}")
        else:
            said = f"{job.error} {job.hint}".strip()
            self.say(f"J{job.id} {job.state}: {said or _named(job)}", failed=True)


def _named(job: Job) -> str:
    version = "" if job.version is None else f" v{job.version}"
    return f"{job.kind} {job.model}{version}"
