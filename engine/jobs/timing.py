"""The latency part of an evaluation: a short slice inside the job, the rest when nobody waits.

A person who asks for an evaluation gets its result at once, with the percentiles that a twentieth of a second
can tell; the 99th needs hundreds of queries. So the lane goes on timing the same evaluation after the job,
slice by slice, until it has enough or another job waits.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median

from engine.evaluation.percentiles import STABLE_WINDOWS, agree, distribution
from engine.jobs.context import Context
from engine.jobs.loading import borrow
from engine.processes.client import ModelProcess
from engine.processes.protocol import MeasureLatency
from storage.records import LatencyReport, Version
from storage.settings import Preprocess
from storage.tables import evaluations
from storage.vocabulary import Scenario

QUERIES = 662
"""Timed queries in all: p99 with one outlier set aside (LoadGen's early stopping)."""

SLICE_S = 0.05
"""What a person who presses ``r`` waits for, and what a waiting job waits for at the most."""

WHOLE_S = 5.0
"""The longest that all slices may take; slow models get fewer percentiles, and are told so."""


class Timing:
    """One evaluation's latency measurement under way."""

    def __init__(
        self,
        context: Context,
        version: Version,
        *,
        device: str,
        evaluation_id: int,
        data: Path,
        preprocess: Preprocess,
        throughput: float,
    ) -> None:
        self.evaluation_id = evaluation_id
        self._context = context
        self._version = version
        self._device = device
        self._data = data
        self._preprocess = preprocess
        self._throughput = throughput
        self._latencies: list[float] = []
        self._medians: list[float] = []
        self._stable = True

    def begin(self, process: ModelProcess, cancelled: Callable[[], bool]) -> None:
        """Time the first slice and record what it says."""
        self._slice(process, cancelled)
        self._record()

    @property
    def key(self) -> int:
        """The version: of two evaluations only the later one's latency is shown."""
        return self._version.id

    def refine(self, wanted: Callable[[], bool]) -> bool:
        """Time further slices until there are enough queries or the time is over; stop early when a job waits."""
        if not self._finished():
            with borrow(self._context, self._version, self._device, _never) as process:
                while not self._finished() and not wanted():
                    self._slice(process, _never)
            self._record()
        return self._finished()

    def _finished(self) -> bool:
        return len(self._latencies) >= QUERIES or len(self._medians) >= WHOLE_S / SLICE_S

    def _slice(self, process: ModelProcess, cancelled: Callable[[], bool]) -> None:
        left = QUERIES - len(self._latencies)
        measured = process.measure_latency(
            MeasureLatency(data=str(self._data), preprocess=self._preprocess, queries=left, budget_s=SLICE_S),
            on_progress=_silent,
            deadline_s=self._context.settings.limits.evaluation_s,
            cancelled=cancelled,
        )
        self._latencies += measured.latencies_ms
        self._medians.append(median(measured.latencies_ms))
        if len(self._medians) < STABLE_WINDOWS:
            self._stable = measured.stable
        else:
            self._stable = agree(self._medians[-STABLE_WINDOWS:])

    def _record(self) -> None:
        report = summarise(self._latencies, throughput=self._throughput, stable=self._stable)
        with self._context.writer.transaction() as connection:
            evaluations.add_latency(connection, self.evaluation_id, report)


def summarise(latencies_ms: Sequence[float], *, throughput: float, stable: bool) -> LatencyReport:
    """Return the latency report of an evaluation.

    Args:
        latencies_ms: at least one duration.
        throughput: examples a second, of the evaluation in batches.
        stable: whether the last windows agreed.
    """
    found = distribution(latencies_ms)
    return LatencyReport(
        scenario=Scenario.SINGLE_STREAM,
        batch_size=1,
        n=found.n,
        p50_ms=found.p50_ms,
        p90_ms=found.p90_ms,
        p95_ms=found.p95_ms,
        p99_ms=found.p99_ms,
        mean_ms=found.mean_ms,
        stdev_ms=found.stdev_ms,
        throughput=throughput,
        stable=stable,
    )


def _never() -> bool:
    """A slice is short: it is waited for, because cancelling it would end the warm process."""
    return False


def _silent(_done: int, _total: int) -> None:
    """Report nothing: a slice is over before its progress could be read."""
