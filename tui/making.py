"""What the keys ask about a version: measure its speed, train the next one, export it, trust or release what was refused.

As `tui.actions`, it asks and captures what the person saw, and decides nothing.
"""

from functools import partial

from storage.exported import WAYS
from storage.records import Model, Quarantined
from storage.vocabulary import JobKind, JobState, Quantization
from tui import requests
from tui.mending import Mending

NUMBERS = {
    None: "its numbers as they are",
    Quantization.FLOAT16: "float16: weights in half precision",
    Quantization.DYNAMIC: "dynamic: weights in 8 bits",
    Quantization.INT8: "int8: everything in 8 bits, fitted on validation data",
}
"""What an export may do to a version's numbers, as the list to choose from says it."""


class Making(Mending):
    """The part of the application that has versions measured, made and allowed."""

    def action_latency(self) -> None:
        """Measure how fast the selected version answers, or the selected model's deployed one."""
        model = self._actable()
        if model is None:
            return
        version = self._selected_version() or requests.evaluated_by_key(model)
        if version is None:
            self.say(f"{model.name} has no version that can be measured.")
        else:
            self._ask(partial(requests.measure, self.workspace, version))

    def action_train(self) -> None:
        """Say what a training begins from and how long the last one took, and ask."""
        model = self._actable()
        if model is not None:
            from tui.dialogs.questions import train

            question = train(model, self._last_training_s(model))
            self._confirm(question, partial(requests.train, self.workspace, model.name))

    def action_export(self) -> None:
        """Offer what can be made of the selected version, or of the selected model's deployed one, then ask."""
        model = self._actable()
        if model is None:
            return
        version = requests.exportable(model, self._selected_version())
        if isinstance(version, str) or version.format is None:
            self.say(str(version))
            return
        ways = WAYS[version.format]
        from tui.dialogs.choose import Choose
        from tui.dialogs.questions import export

        def chosen(place: int | None) -> None:
            if place is not None:
                to, numbers = ways[place]
                ask = partial(requests.export, self.workspace, version, to, numbers)
                self._confirm(export(version, to, NUMBERS[numbers]), ask)

        dialog = Choose(
            f"Export {model.name} v{version.number} ({version.format})",
            [(to, NUMBERS[numbers]) for to, numbers in ways],
            heading=("FORMAT", "WHAT BECOMES A NEW VERSION"),
            does="asks first",
        )
        self.push_screen(dialog, chosen)

    def action_trust(self) -> None:
        """Show what the selected version was refused for, and ask for the reason to allow it."""
        model = self._actable()
        if model is None:
            return
        version = requests.trustable(model, self._selected_version())
        if isinstance(version, str):
            self.say(version)
            return
        from tui.dialogs.questions import trust

        dialog = trust(version)

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask(partial(requests.trust, self.workspace, version, dialog.reason))

        self.push_screen(dialog, answered)

    def action_quarantine(self) -> None:
        """Offer what can become of each thing that was taken out of the selected model's inbox and kept, then ask."""
        model, snapshot = self._actable(), self.news.snapshot
        if model is None or snapshot is None:
            return
        kept = [entry for entry in snapshot.quarantined if entry.model == model.name]
        ways = [(kind, entry) for entry in kept for kind in requests.ways_out(entry)]
        if not ways:
            self.say(f"Nothing that arrived in train/{model.name} is in quarantine.")
            return

        def chosen(place: int | None) -> None:
            if place is not None:
                self._let_out(*ways[place])

        if len(ways) == 1:
            chosen(0)
            return
        from tui.dialogs.choose import Choose

        dialog = Choose(
            f"In quarantine: what arrived in train/{model.name}",
            [(kind, _named(entry)) for kind, entry in ways],
            heading=("ACTION", "FILE, AND WHY IT IS KEPT"),
            does="asks first",
        )
        self.push_screen(dialog, chosen)

    def _let_out(self, kind: JobKind, entry: Quarantined) -> None:
        """Say what would become of a thing in quarantine, and ask for the reason."""
        from tui.dialogs.questions import delete, release

        dialog = release(entry) if kind is JobKind.RELEASE else delete(entry)

        def answered(yes: bool | None) -> None:  # noqa: FBT001 - what a screen's result is
            if yes:
                self._ask(partial(requests.let_out, self.workspace, kind, entry, dialog.reason))

        self.push_screen(dialog, answered)

    def _last_training_s(self, model: Model) -> float | None:
        """Return how long the last training of a model took that is still among the jobs."""
        snapshot = self.news.snapshot
        return next(
            (
                job.finished_at - job.started_at
                for job in (snapshot.jobs if snapshot else ())
                if job.kind is JobKind.TRAIN and job.model == model.name and job.state is JobState.SUCCEEDED
                if job.finished_at is not None and job.started_at is not None
            ),
            None,
        )


def _named(entry: Quarantined) -> str:
    """Return what a thing in quarantine is called and why it is there; most reasons begin with the name."""
    return entry.reason if entry.reason.startswith(entry.name) else f"{entry.name}: {entry.reason}"
