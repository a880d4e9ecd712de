"""What is measured of versions, as frozen records: quality, speed, and what loading took; `storage.records` has the rest."""

from typing import Literal

import msgspec

from storage.record import Record
from storage.vocabulary import OutputScale, Scenario


class Metric(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One quality figure with its confidence interval (95 %), measured on ``n`` examples."""

    name: str
    value: float
    low: float | None
    high: float | None
    n: int
    slice: str = ""
    """The part of the examples that it stands for, as ``column=value`` or ``class=label``; empty for all of them."""


LESS_IS_BETTER = frozenset(
    {
        "log_loss",
        "brier",
        "ece",
        "hamming_loss",
        "mae",
        "rmse",
        "mse",
        "mape",
        "median_absolute_error",
        "absolute_error_p90",
        "absolute_error_p95",
        "max_error",
    }
)
"""Figures of which a smaller one is the better one; of every other, also of people's own, it is the larger one."""


ValueKind = Literal["f4", "u1", "u2", "u4"]
"""How the numbers of `ExampleValues` are written, as numpy calls it: little-endian floats or counts."""


class ExampleValues(msgspec.Struct, frozen=True, gc=False):
    """One number of each example, in the data's order."""

    name: str
    """The metric whose mean over the examples it is, or one of `storage.vocabulary.Column`."""
    kind: ValueKind
    data: bytes


class TensorSpec(msgspec.Struct, frozen=True, gc=False):
    """One input or output of a model: its name, its shape (``None`` where free) and its numpy dtype."""

    name: str
    shape: tuple[int | None, ...] | None
    """``None`` where the format does not tell (TorchScript)."""
    dtype: str
    """Empty where the format does not tell."""

    def describe(self) -> str:
        """Return it as people write it: ``float32 [?, 28, 28, 1]``."""
        if self.shape is None:
            return f"{self.dtype or 'an array'} of unknown shape"
        return f"{self.dtype} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"


class Loading(Record, frozen=True, kw_only=True):
    """What a version turned out to be when it was last loaded, and what that took."""

    runtime: str
    runtime_version: str
    device: str
    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    load_s: float
    """From the request to the answer, in a process whose framework was imported already."""
    peak_rss_bytes: int | None
    """The most resident memory that its process has had, loading and evaluating; the framework's pages included,
    an accelerator's memory not."""


class EvaluationFailure(Record, frozen=True, kw_only=True):
    """Why the last evaluation of a version did not work, while that is so."""

    at: float
    message: str
    hint: str
    proposal: str = ""
    """Lines of TOML that would make the data fit, for a person to judge and write down; empty where there are none."""


class LatencyReport(Record, frozen=True, kw_only=True):
    """How fast a version answered under a scenario; a percentile is ``None`` with too few queries to mean it."""

    scenario: Scenario
    batch_size: int
    n: int
    p50_ms: float | None
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    mean_ms: float
    stdev_ms: float
    throughput: float
    """Examples a second."""
    stable: bool


class Surroundings(msgspec.Struct, frozen=True, gc=False):
    """What went on around a latency measurement; ``None`` where the machine does not tell."""

    cores: int
    """Cores that the model's process was pinned to; shares below are of their time."""
    others: float | None = None
    """Share of the cores' time that other processes used, 0 to 1."""
    stolen: float | None = None
    """Share that the hypervisor gave to other machines, 0 to 1."""
    held_back_s: float | None = None
    """How long the control group's quota kept its processes waiting."""
    clock_low_mhz: float | None = None
    clock_high_mhz: float | None = None
    """The slowest and the fastest that the cores were seen to run."""
    too_hot: int | None = None
    """How often the processor slowed itself down because of its temperature."""


class NewLatencyMeasurement(Record, frozen=True, kw_only=True):
    """A latency measurement of its own, not part of an evaluation, as the engine records it."""

    scenario: Scenario
    batch_size: int
    """Examples of a query; in the server scenario the most queries that are answered together."""
    device: str
    seed: int
    n: int
    """Queries whose durations are told; in the offline scenario each is a batch."""
    warmup: int
    duration_s: float
    p50_ms: float
    p90_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    p999_ms: float | None
    mean_ms: float
    stdev_ms: float
    throughput: float
    """Examples a second."""
    stable: bool
    noisy: str
    """Why these figures are not to be relied on, or empty."""
    surroundings: Surroundings
    target_qps: float | None
    """Queries a second that were sent, in the server scenario."""
    achieved_qps: float | None
    """Queries a second that were answered, in the server scenario."""
    objective_ms: float | None
    """What p99 was to be at most."""
    max_qps: float | None
    """The most queries a second that were found to keep the objective, where that was searched for."""
    unserved: int
    """Queries that had arrived and were not answered when the measurement ended: their ages count, as lower bounds."""
    load_s: float
    first_ms: float
    """Of the cold process: how long it loaded, and how long its first inference took."""
    peak_rss_bytes: int | None
    dataset_name: str
    artefact_sha256: str
    preprocessing_sha256: str
    runtime: str
    runtime_version: str
    isolation: str


class LatencyMeasurement(NewLatencyMeasurement, frozen=True, kw_only=True):
    """A latency measurement on record."""

    id: int
    version_id: int
    version: int
    job_id: int | None
    at: float
    requested_by: str


class Evaluation(Record, frozen=True, kw_only=True, array_like=True):
    """One evaluation: its figures and the fingerprint that makes it comparable with another."""

    id: int
    version_id: int
    job_id: int | None
    at: float
    requested_by: str
    dataset_name: str
    dataset_rows: int
    dataset_sha256: str
    artefact_sha256: str
    preprocessing_sha256: str
    runtime: str
    runtime_version: str
    device: str
    batch_size: int
    isolation: str
    duration_s: float
    confusion: tuple[tuple[int, ...], ...] | None
    metrics: tuple[Metric, ...]
    """The figures of all examples."""
    latency: LatencyReport | None = None
    slices: tuple[Metric, ...] = ()
    """The figures of parts of the examples, where they were read: the worst part of each column first."""
    scale: OutputScale | None = None
    """How the outputs were read; ``None`` where the task has no classes."""
    notes: tuple[str, ...] = ()
    """What somebody who reads the figures should know."""

    def metric(self, name: str) -> Metric | None:
        """Return the metric of all examples called ``name``, or ``None`` where this evaluation has none."""
        return next((metric for metric in self.metrics if metric.name == name), None)


class NewEvaluation(Record, frozen=True, kw_only=True):
    """An evaluation as the engine records it: its fingerprint and its figures."""

    dataset_name: str
    dataset_rows: int
    dataset_sha256: str
    artefact_sha256: str
    preprocessing_sha256: str
    runtime: str
    runtime_version: str
    device: str
    batch_size: int
    isolation: str
    duration_s: float
    confusion: tuple[tuple[int, ...], ...] | None
    metrics: tuple[Metric, ...]
    """Of all examples and of parts of them."""
    correct: bytes | None
    examples: tuple[ExampleValues, ...] = ()
    scale: OutputScale | None = None
    notes: tuple[str, ...] = ()


class LatencyRatio(msgspec.Struct, frozen=True, gc=False):
    """How many times as long one version takes as another, measured in turns on the same device."""

    device: str
    at: float
    ratio: float
    """Of the medians: above 1 the second version is slower."""
    low: float
    high: float
    confidence: float
    n: int
    """Rounds, of which each has runs of both."""
    noisy: str = ""
    """What disturbed the measurement, in a sentence without a full stop; empty where nothing is known to have."""
