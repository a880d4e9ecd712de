"""Train a model, or build a first one: in a process of its own, on the workspace's data, in epochs that survive kills.

What comes of it is put into ``train/<model>/`` and takes the road of every other version from there. A training whose
process or engine was killed goes on from its last epoch; one that was cancelled ends.
"""

from pathlib import Path
from typing import Final

import msgspec

from engine.data import identity
from engine.data.naming import members
from engine.data.prepared import Wanted
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading import keep, trusted
from engine.jobs.reading import mappable
from engine.processes.endings import CANCELLED, LOST, NOT_KEPT, ModelProcessError
from engine.processes.training_process import TrainingProcess
from engine.repairs.afterwards import answered_for
from engine.repository.objects import Kept
from engine.training import command
from engine.training.folder import TrainingFolder
from engine.training.plan import Plan, plan
from engine.training.requests import EpochDone, Trained, TrainModel
from storage import jobs
from storage.errors import Error
from storage.records import Job
from storage.tables import events, training
from storage.text import NAME, clean
from storage.training_records import Epoch, TrainedOn, TrainingRun
from storage.vocabulary import RepairKind, Severity, TrainingState

CRASHED: Final = "crashed"
"""The code of what another process may do better: this one was killed."""

TRIES: Final = 3
"""How often in a row a training may be lost within one epoch before it counts as failed."""

CPU: Final = "cpu"

WEIGHTS_TIMES: Final = 8
"""Scratch space in sizes of the model: two checkpoints of weights, best weights and an optimiser's two moments."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Train or build the job's model."""
    with answered_for(context, job, RepairKind.RETRAIN) as answer_for:
        try:
            outcome, file = _trained(context, job, report)
        except Error as error:
            _tell_unasked(context, job, error)
            raise
        answer_for(file, "")
    return outcome


def _tell_unasked(context: Context, job: Job, error: Error) -> None:
    """Put on record that a training which nobody asked for came to nothing: nobody waits for its error."""
    if job.parameters.trigger is None or error.code == CANCELLED:
        return
    with context.writer.transaction() as connection:
        events.add(
            connection,
            "retraining-failed",
            f"the automatic training came to nothing: {error.message}",
            at=context.now(),
            severity=Severity.WARNING,
            model=job.model,
        )


def _trained(context: Context, job: Job, report: Report) -> tuple[Outcome, str]:
    """Do what the job asks for; return how it ended, and what was handed in."""
    wanted = plan(context, job)
    with context.writer.transaction() as connection:
        run = training.begin(
            connection,
            job.model,
            key=wanted.key,
            job_id=job.id,
            at=context.now(),
            how=wanted.how,
            base_version=wanted.base.number if wanted.base else None,
            base_sha256=(wanted.base.sha256 or "") if wanted.base else "",
            seed=wanted.settings.train.seed,
            settings=_decisive(wanted),
            trigger=job.parameters.reason if job.parameters.trigger else "",
            data_stamp=identity.stamp(wanted.train),
            data_bytes=identity.volume(wanted.train),
        )
        abandoned = training.abandon_others(connection, run, at=context.now())
    for number in abandoned:
        TrainingFolder(context.workspace, number).drop_checkpoint()
    work = Work(context, job, report, wanted, run)
    try:
        outcome = work.do()
    except Error as error:
        work.end(error)
        raise
    return outcome, f"train/{job.model}/{work.artefact}"


def _decisive(wanted: Plan) -> dict[str, object]:
    """Return what decided the outcome, as it is kept."""
    said = msgspec.to_builtins(wanted.settings.train.decisive)
    return {**said, "epochs": wanted.epochs, "layers": msgspec.to_builtins(wanted.settings.build.layers)}


class Work:
    """One training under way."""

    def __init__(self, context: Context, job: Job, report: Report, wanted: Plan, run: TrainingRun) -> None:
        self._context = context
        self._job = job
        self._report = report
        self._plan = wanted
        self._run = run
        self._folder = TrainingFolder(context.workspace, run.id)
        self._last = run.curve[-1] if run.curve else None
        self._batches = 0
        """Of the whole training, as far as it is known."""
        self._folder.make()

    def do(self) -> Outcome:
        """Train, deliver, and say what came of it."""
        if not self._run.artefact:
            cut = f", from epoch {self._last.number} on" if self._last else ""
            self._folder.note(f"training {self._run.id} of {self._job.model}: {self._plan.how}{cut}")
            if self._plan.how == command.HOW:
                self._by_command()
            else:
                self._by_process()
        with self._context.writer.transaction() as connection:
            run = self._run = training.read_one(connection, self._run.id)
        self._deliver(run)
        return self._succeed(run)

    @property
    def artefact(self) -> str:
        """What lies in the inbox now."""
        return self._run.artefact

    def end(self, error: Error) -> None:
        """Record why it came to nothing; what only stops with the engine, or for want of room, is gone on with another time."""
        with self._context.writer.transaction() as connection:
            asked = jobs.cancelled(connection, self._job.id)
            if error.code == NOT_KEPT or (error.code == CANCELLED and not asked):
                return
            state = TrainingState.CANCELLED if error.code == CANCELLED else TrainingState.FAILED
            training.finish(connection, self._run.id, state, at=self._context.now(), message=error.message)
        self._folder.drop_checkpoint()

    def _by_command(self) -> None:
        made = command.train(
            self._context,
            self._job,
            self._plan,
            self._folder,
            on_epoch=self._epoch_told,
            cancelled=self._report.cancelled,
        )
        self._set_result(None, {}, made)

    def _by_process(self) -> None:
        self._report.progress(0, self._plan.epochs, "loading model and data")
        lost = 0
        while True:
            known = self._last
            try:
                self._attempt()
            except ModelProcessError as error:
                if self._report.cancelled() or error.code not in {CRASHED, LOST}:
                    raise
                lost = 1 if self._last != known else lost + 1
                self._folder.note(error.message)
                if lost >= TRIES:
                    raise
                self._tell(f"the training continues from its last epoch: {error.message}")
            else:
                return

    def _attempt(self) -> None:
        context, wanted = self._context, self._plan
        inputs = wanted.base.loading.inputs if wanted.base and wanted.base.loading else ()
        train, validation = (
            source
            and mappable(context, Wanted(self._job.model, source, inputs, wanted.settings), self._report)
            for source in (wanted.train, wanted.validation)
        )
        kept = keep(context, wanted.base) if wanted.base else None
        try:
            self._in_process(kept, train or wanted.train, validation)
        finally:
            if kept is not None:
                kept.close()

    def _in_process(self, kept: Kept | None, train: Path, validation: Path | None) -> None:
        context, wanted = self._context, self._plan
        checkpoint = self._folder.checkpoint if self._folder.checkpoint.exists() else None
        readable = [
            *([kept.folder] if kept else []),
            *_files(train),
            *(_files(validation) if validation else []),
            *([checkpoint] if checkpoint else []),
        ]
        size = (wanted.base.bytes or 0) if wanted.base else 0
        process = context.hosts.open_training(
            wanted.runtime, CPU, readable, scratch_bytes=WEIGHTS_TIMES * size
        )
        try:
            self._folder.note(f"process {process.pid}, isolation {process.isolation}")
            trained = process.train(
                self._request(kept, train, validation, checkpoint),
                on_progress=self._progress,
                on_epoch=lambda done: self._epoch_of(process, done),
                deadline_s=wanted.settings.train.max_duration_s,
                cancelled=self._report.cancelled,
                held=context.hosts.measuring.is_set,
            )
            process.end()
            made = self._folder.made(trained.artefact)
            with self._folder.keeping():
                process.take(trained.artefact, made)
        finally:
            process.close()
        self._set_result(_trained_on(trained), trained.versions, made, best_epoch=trained.best_epoch or None)

    def _request(
        self, kept: Kept | None, train: Path, validation: Path | None, checkpoint: Path | None
    ) -> TrainModel:
        wanted, asked = self._plan, self._job.parameters
        base, settings = wanted.base, wanted.settings
        return TrainModel(
            artefact=str(kept.artefact.absolute()) if kept else "",
            runtime=wanted.runtime,
            device=CPU,
            formats=(base.format,) if base and base.format else wanted.runtime.formats,
            train=str(train),
            validation=str(validation) if validation else "",
            task=settings.task,
            labels=wanted.labels,
            preprocess=settings.preprocess,
            output=settings.output,
            settings=settings.train,
            epochs=wanted.epochs,
            fresh=asked.from_scratch,
            layers=settings.build.layers,
            untrained=asked.untrained,
            checkpoint=str(checkpoint) if checkpoint else "",
            trusted=trusted(self._context, base) if base else False,
            every_wall=self._context.settings.trust.require_sandbox,
        )

    def _epoch_of(self, process: TrainingProcess, done: EpochDone) -> None:
        self._epoch(done.epoch)
        # Last: what was recorded twice is recorded alike, what was skipped would be missing.
        with self._folder.keeping():
            process.take(done.checkpoint, self._folder.checkpoint)
        total = self._batches or self._plan.epochs
        self._report.progress(done.epoch.number * total // self._plan.epochs, total, self._words(done.epoch))

    def _epoch_told(self, epoch: Epoch) -> None:
        self._epoch(epoch)
        total = max(self._plan.epochs, epoch.number)
        self._report.progress(epoch.number, total, self._words(epoch))

    def _epoch(self, epoch: Epoch) -> None:
        self._last = epoch
        self._folder.note(f"{self._words(epoch)} ({epoch.duration_s:.3g} s)")
        with self._context.writer.transaction() as connection:
            training.add_epoch(connection, self._run.id, epoch)

    def _progress(self, done: int, total: int) -> None:
        self._batches = total
        number = max(done - 1, 0) * self._plan.epochs // max(total, 1) + 1
        last = f", {_figures(self._last)}" if self._last else ""
        self._report.progress(done, total, f"epoch {number}/{self._plan.epochs}{last}")

    def _words(self, epoch: Epoch) -> str:
        return f"epoch {epoch.number}/{self._plan.epochs}, {_figures(epoch)}"

    def _set_result(
        self, data: TrainedOn | None, versions: dict[str, str], made: Path, *, best_epoch: int | None = None
    ) -> None:
        sha256 = self._folder.sha256(made) if made.is_file() else ""
        suffix = "".join(made.suffixes) if made.is_file() else ""
        inbox = self._context.workspace.train / self._job.model
        name = f"trained-{self._run.id}{suffix}"
        if (inbox / name).exists():
            name = f"trained-{self._run.id}-{sha256[:8]}{suffix}"
        with self._context.writer.transaction() as connection:
            training.set_result(
                connection,
                self._run.id,
                data=data,
                versions=versions,
                best_epoch=best_epoch,
                artefact=name,
                sha256=sha256,
            )

    def _deliver(self, run: TrainingRun) -> None:
        made = (
            command.result(self._folder) if self._plan.how == command.HOW else self._folder.made(run.artefact)
        )
        # Not there: an engine that was killed had delivered it already.
        if made is not None and made.exists():
            self._folder.deliver(made, self._job.model, run.artefact)

    def _succeed(self, run: TrainingRun) -> Outcome:
        best = next((epoch for epoch in run.curve if epoch.number == run.best_epoch), self._last)
        figures = f", {_figures(best)}" if best else ""
        passed = f"{len(run.curve)} epochs" if len(run.curve) != 1 else "1 epoch"
        message = (
            f"{self._plan.how}: {passed}{figures}; train/{self._job.model}/{run.artefact} is the next version"
        )
        self._folder.note(message)
        with self._context.writer.transaction() as connection:
            training.finish(
                connection, run.id, TrainingState.SUCCEEDED, at=self._context.now(), message=message
            )
        self._folder.drop_checkpoint()
        self._tell(f"trained: {message}", Severity.INFO)
        return Outcome(message=message, result=msgspec.json.encode({"run": run.id}).decode())

    def _tell(self, message: str, severity: Severity = Severity.WARNING) -> None:
        with self._context.writer.transaction() as connection:
            events.add(
                connection,
                "trained" if severity is Severity.INFO else "training-lost",
                clean(message),
                at=self._context.now(),
                severity=severity,
                model=self._job.model,
            )


def _files(source: Path) -> list[Path]:
    """Return what a process must be able to read of data that it maps: a folder, or the files that belong together."""
    return [source] if source.is_dir() else list(members(source).values())


def _trained_on(trained: Trained) -> TrainedOn:
    return TrainedOn(
        trained.train_rows, trained.train_sha256, trained.validation_rows, trained.validation_sha256
    )


def _figures(epoch: Epoch | None) -> str:
    """Return the figures of an epoch as a person reads them; those on the validation data are the ones that count."""
    found = epoch.figures if epoch else {}
    shown = {
        name.removeprefix("val_"): found[name]
        for name in sorted(found, key=lambda name: name.startswith("val_"))
    }
    return ", ".join(
        f"{clean(name, NAME)} {value:.4g}" for name, value in sorted(shown.items(), reverse=True)
    )
