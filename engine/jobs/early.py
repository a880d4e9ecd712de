"""Compare two versions on as many examples as it takes: run what has not answered them yet, stop once they decide.

Owns which version is run and which one's answers on record are taken, and the order of the examples. When to stop is
`engine.evaluation.early`'s. It records no evaluation, because a part of the examples is none, and it counts and
decides nothing, as the job `compare` does not.
"""

import hashlib
from contextlib import ExitStack
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.data.fingerprint import preprocessing_sha256
from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.evaluation import early
from engine.evaluation.classes import SCALES
from engine.evaluation.comparison import RIGHT_OR_WRONG, Question, side
from engine.evaluation.early import BATCH, Answered, Stopped
from engine.evaluation.gate import evaluated_check, same_data
from engine.jobs import compare
from engine.jobs.companions import class_names, loader_source
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading import borrow, wanted_version
from engine.jobs.loading_record import mark_ready
from engine.jobs.reading import mappable
from engine.processes import endings
from engine.processes.client import ModelProcess
from engine.processes.endings import Activity
from engine.processes.protocol import AnswerSome
from storage.comparisons import Compared, Early
from storage.errors import JobError, RefusedError
from storage.records import Job, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import evaluations, events
from storage.vocabulary import CheckVerdict, OutputScale, Task

NONE: Final = np.zeros(0, "<u4")
"""Asks about no example, and so what the data are."""

Places = NDArray[np.uint32]
Right = NDArray[np.bool_]


class Work(NamedTuple):
    """One comparison under way."""

    context: Context
    job: Job
    report: Report
    settings: ModelSettings


class ReadAnewError(Exception):
    """A later answer shows that a model's earlier ones were read wrongly: all are asked for again."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Compare the version that the job names with the one it is to be held against."""
    settings = read_model_settings(context.workspace.model_settings(job.model))
    _check_figure(job.model, settings)
    after = wanted_version(context, job)
    before = wanted_version(context, msgspec.structs.replace(job, version=job.parameters.against))
    if not job.parameters.data and _both_on_record(context, before, after):
        # Nothing has to be run, so nothing can be saved: every example at the whole level.
        return compare.run(context, job, report)
    work = Work(context, job, report, settings)
    with ExitStack() as stack:
        old, new = _sides(work, (before, after), stack)
        order = _order(old.data, before, after)
        question = Question(new.data.metric(settings), settings.gate.margin, 1 - settings.gate.confidence)
        stopped = _compared(work, (old, new), order, question)
    return _outcome(work, (old, new), stopped, question)


class Data(NamedTuple):
    """What the examples are, as a model process sees them."""

    rows: int
    sha256: str
    several: bool

    def metric(self, settings: ModelSettings) -> str:
        """Return the figure that right and wrong answers make up."""
        return "subset_accuracy" if self.several else settings.gate.metric


class OnRecord:
    """A version whose answers to all examples are on record."""

    ran = False

    def __init__(self, version: Version, data: Data, right: Right) -> None:
        self.version = version
        self.data = data
        self._right = right

    def right(self, places: Places, done: int) -> Right:
        """Return which of the examples at some places it answered rightly."""
        del done  # nobody waits for it
        return self._right[places]


class Running:
    """A version that is asked."""

    ran = True

    def __init__(self, work: Work, version: Version, process: ModelProcess) -> None:
        self.version = version
        self._work = work
        self._process = process
        wanted = Wanted(
            version.model,
            locate(work.context.workspace, version.model, work.settings, work.job.parameters.data),
            process.loaded.inputs,
            work.settings,
        )
        self._source = str(mappable(work.context, wanted, work.report))
        self._scale: OutputScale | None = None
        self.data = Data(0, "", several=False)
        self.right(NONE, 0)

    def right(self, places: Places, done: int) -> Right:
        """Return which of the examples at some places it answers rightly; ``done`` is how many it answered before.

        Raises:
            ReadAnewError: its earlier answers have to be read otherwise.
        """
        context, report = self._work.context, self._work.report
        answered = self._process.answer_some(
            AnswerSome(
                data=self._source,
                labels=class_names(context.workspace, self.version.model, self._work.settings),
                preprocess=self._work.settings.preprocess,
                places=places.astype("<u4").tobytes(),
                batch_size=BATCH,
                output=self._work.settings.output,
                scale=self._scale,
            ),
            on_progress=lambda so_far, _total: report.progress(done + so_far, self.data.rows),
            deadline_s=context.settings.limits.evaluation_s,
            cancelled=report.cancelled,
        )
        data = Data(answered.rows, answered.dataset_sha256, answered.several)
        if self.data.rows and data != self.data:
            raise JobError("The data changed while they were read.", "Try again when they are complete.")
        self.data = data
        self._settle(answered.scale)
        return np.unpackbits(np.frombuffer(answered.right, np.uint8), count=len(places)).astype(np.bool_)

    def _settle(self, scale: OutputScale | None) -> None:
        before = self._scale
        if scale is None or scale is before:
            return
        if before is not None and SCALES[scale] < SCALES[before]:
            raise JobError(f"The model's outputs were read as {before} and are now said to be {scale}.")
        self._scale = scale
        if before is not None:
            raise ReadAnewError


Compares = OnRecord | Running


def _check_figure(model: str, settings: ModelSettings) -> None:
    if settings.task is Task.REGRESSION or settings.gate.metric not in RIGHT_OR_WRONG:
        figure = "regression" if settings.task is Task.REGRESSION else settings.gate.metric
        raise RefusedError(
            f"An early decision is made of right and wrong answers, and {model} is judged by {figure}.",
            "Leave --early out.",
        )


def _both_on_record(context: Context, before: Version, after: Version) -> bool:
    """Whether both versions have answered the same examples already."""
    if any(
        check.verdict is not CheckVerdict.PASS for check in (evaluated_check(after), same_data(before, after))
    ):
        return False
    with context.writer.transaction() as connection:
        return all(
            version.evaluation is not None
            and evaluations.outcomes(connection, version.evaluation.id) is not None
            for version in (before, after)
        )


def _sides(work: Work, both: tuple[Version, Version], stack: ExitStack) -> tuple[Compares, Compares]:
    """Return both versions; the second one's process tells what the data are."""
    before, after = both
    new = _running(work, after, stack)
    old = _on_record(work, before, new.data) or _running(work, before, stack)
    if old.data != new.data:
        raise JobError("The data changed while they were read.", "Try again when they are complete.")
    return old, _on_record(work, after, new.data) or new


def _running(work: Work, version: Version, stack: ExitStack) -> Running:
    device = work.job.parameters.device
    process = stack.enter_context(borrow(work.context, version, device, work.report.cancelled))
    mark_ready(work.context, version, process, device)
    return Running(work, version, process)


def _on_record(work: Work, version: Version, data: Data) -> OnRecord | None:
    """Return a version that has answered these very examples as they are prepared now, or ``None``."""
    found, settings = version.evaluation, work.settings
    loader = loader_source(work.context.workspace, version.model, settings)
    prepared = preprocessing_sha256(settings.preprocess, settings.data, settings.runtime, loader=loader)
    if found is None or (
        found.artefact_sha256,
        found.dataset_sha256,
        found.dataset_rows,
        found.preprocessing_sha256,
    ) != (version.sha256, data.sha256, data.rows, prepared):
        return None
    with work.context.writer.transaction() as connection:
        right = side(version, evaluations.outcomes(connection, found.id), {}).right
    return None if right is None else OnRecord(version, data, right)


def _order(data: Data, before: Version, after: Version) -> Places:
    """Return all places in the order in which they are drawn: at random, and the same whenever these two are compared."""
    digest = hashlib.sha256(f"{data.sha256} {before.sha256} {after.sha256}".encode()).digest()
    return np.random.default_rng(int.from_bytes(digest)).permutation(data.rows).astype(np.uint32)


def _compared(work: Work, both: tuple[Compares, Compares], order: Places, question: Question) -> Stopped:
    old, new = both

    def more(start: int, stop: int) -> Answered:
        if work.report.cancelled():
            raise endings.cancelled(Activity.EVALUATING)
        places = order[start:stop]
        answered = Answered(old.right(places, start), new.right(places, start))
        work.report.progress(stop, len(order), f"{stop:,} of {len(order):,} examples compared")
        return answered

    while True:
        try:
            return early.stop(len(order), more, question, work.settings.gate.mode)
        except ReadAnewError:
            # At most twice for each version: there are three ways to read outputs, and none goes back.
            continue


def _outcome(work: Work, both: tuple[Compares, Compares], stopped: Stopped, question: Question) -> Outcome:
    before, after = (one.version for one in both)
    seen, rows = early.told(stopped, question), both[1].data.rows
    answer = Compared(
        after.model,
        before.number,
        after.number,
        seen.verdict,
        seen.metric,
        question.margin,
        seen.discordance.gained if seen.discordance else None,
        seen.discordance.lost if seen.discordance else None,
        (compare.figure(seen),),
        None,
        early=Early(
            seen.n,
            rows,
            stopped.verdict is not None,
            tuple(one.version.number for one in both if one.ran),
        ),
    )
    message = (
        f"version {after.number} beside version {before.number}: {seen.verdict} "
        f"after {seen.n:,} of {rows:,} examples"
    )
    with work.context.writer.transaction() as connection:
        events.add(
            connection,
            "compared",
            message,
            at=work.context.now(),
            model=after.model,
            version=after.number,
        )
    return Outcome(message=message, result=msgspec.json.encode(answer).decode())
