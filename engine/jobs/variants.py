"""What one variant of a version is worth beside the original: quality on the same examples, speed in turns, size, memory.

Owns measuring. It must not choose, and it records nothing: figures of what may never be kept are not the model's.
"""

import time
from collections.abc import Collection
from typing import Final, NamedTuple

import msgspec

from engine.data.prepared import Wanted
from engine.devices import noise
from engine.evaluation.comparison import Comparison, NotComparableError, Question, Side, compare
from engine.evaluation.facts import deciding_metric
from engine.evaluation.turns import Ratio, ratio
from engine.jobs.companions import class_names
from engine.jobs.context import Report
from engine.jobs.exporting import Made, Origin, opened
from engine.jobs.reading import mappable
from engine.jobs.side_by_side import Turns
from engine.jobs.timing import summarise
from engine.jobs.unrecorded import evaluation_of, side_of
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import Evaluate, Evaluated
from storage.errors import JobError
from storage.objectives import judge
from storage.records import Evaluation, Job, LatencyReport, Metric, Version
from storage.vocabulary import Task

ROUNDS: Final = 7
"""Fewer than between two candidates: variants differ by factors, and there are several of them."""


class Answered(NamedTuple):
    """What a process came to on the data."""

    evaluation: Evaluation
    evaluated: Evaluated

    def side(self, version: Version) -> Side:
        """Return it as comparisons read it."""
        return side_of(msgspec.structs.replace(version, evaluation=self.evaluation), self.evaluated)


class Measured(NamedTuple):
    """What one variant, or the original, came to."""

    metric: Metric
    """The figure that the gate decides by."""
    latency: LatencyReport
    bytes: int
    load_s: float
    peak_rss_bytes: int | None
    missed: tuple[str, ...]
    """Objectives that it misses, each as a sentence."""


class Beside(NamedTuple):
    """A variant beside the original."""

    measured: Measured
    original: LatencyReport
    """Of the original, in the same turns."""
    compared: Comparison
    faster: Ratio
    """How many times as fast as the original."""
    noisy: str
    """Why that is not to be relied on, or empty."""


class Bench:
    """The original in a process of its own, and one variant after another beside it."""

    def __init__(
        self, origin: Origin, job: Job, report: Report, process: ModelProcess, cores: Collection[int]
    ) -> None:
        self._origin = origin
        self._job = msgspec.structs.replace(
            job, parameters=msgspec.structs.replace(job.parameters, data=origin.split)
        )
        self._process = process
        self._cores = cores
        self._gate = origin.settings.gate
        self._original = self._evaluated(process, report)
        self._side = self._original.side(origin.version)

    @property
    def metric(self) -> Metric:
        """The figure that decides, of the original."""
        return self._metric(self._original)

    @property
    def alive(self) -> bool:
        """Whether the original can be asked."""
        return self._process.alive

    def original(self, latency: LatencyReport) -> Measured:
        """Return what the original came to, its latency having been measured beside a variant."""
        return self._measured(self._original, latency, self._process, self._origin.version.bytes or 0)

    def beside(self, variant: Made, report: Report) -> Beside:
        """Load a variant and measure it beside the original.

        Raises:
            JobError: it does not load, or fails on the data, or cannot be compared.
        """
        with opened(self._origin, variant.artefact, report, self._cores) as process:
            own = self._evaluated(process, report)
            question = Question(self._metric(own).name, self._gate.margin, 1 - self._gate.confidence)
            try:
                compared = compare(self._side, own.side(self._origin.version), question)
            except NotComparableError as error:
                raise JobError(f"{variant.way.name} cannot be compared with the original: {error}.") from None
            turns = Turns(self._origin.context, self._job, report, self._origin.settings, rounds=ROUNDS)
            watch = noise.Watch(process.pid, tuple(self._cores), beside=(self._process.pid,))
            began = time.monotonic()
            rounds = turns.measured(self._process, process)
            noisy = noise.doubts(watch.end(), time.monotonic() - began)
            after = _report([ms for one in rounds for ms in (*one.second, *one.third)], own)
            before = _report([ms for one in rounds for ms in (*one.first, *one.last)], self._original)
            slower = ratio(rounds, self._gate.confidence)
            return Beside(
                self._measured(own, after, process, variant.artefact.content.bytes),
                before,
                compared,
                Ratio(1 / slower.value, 1 / slower.high, 1 / slower.low),
                noisy,
            )

    def _measured(self, own: Answered, latency: LatencyReport, process: ModelProcess, size: int) -> Measured:
        evaluation = msgspec.structs.replace(own.evaluation, latency=latency)
        judged = judge(self._origin.settings.objectives, evaluation)
        return Measured(
            self._metric(own),
            latency,
            size,
            process.loaded.load_s,
            process.peak_rss_bytes() or process.loaded.peak_rss_bytes or None,
            tuple(one.sentence() for one in judged if one.met is False),
        )

    def _metric(self, own: Answered) -> Metric:
        name = deciding_metric(self._gate, own.evaluation)
        found = own.evaluation.metric(name)
        if found is None:
            raise JobError(
                f"{self._origin.version.model} has no figure '{name}', which [gate] metric in its model.toml says.",
                "Name one that modeltender evaluate shows.",
            )
        return found

    def _evaluated(self, process: ModelProcess, report: Report) -> Answered:
        """Return what a process comes to on the data."""
        origin = self._origin
        settings, context = origin.settings, origin.context
        wanted = Wanted(origin.version.model, origin.source, process.loaded.inputs, settings)
        request = Evaluate(
            data=str(mappable(context, wanted, report)),
            task=settings.task or Task.CLASSIFICATION,
            labels=class_names(context.workspace, origin.version.model, settings),
            preprocess=settings.preprocess,
            output=settings.output,
            top_k=settings.metrics.top_k,
        )
        evaluated = process.evaluate(
            request,
            on_progress=report.progress,
            deadline_s=context.settings.limits.evaluation_s,
            cancelled=report.cancelled,
        )
        evaluation = evaluation_of(
            origin.version, evaluated, process, dataset=origin.dataset, at=context.now()
        )
        return Answered(evaluation, evaluated)


def _report(latencies_ms: list[float], own: Answered) -> LatencyReport:
    throughput = own.evaluated.rows / max(own.evaluated.duration_s, 1e-9)
    return summarise(latencies_ms, throughput=throughput, stable=True)
