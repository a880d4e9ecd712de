"""The present figures for Prometheus and what else reads OpenMetrics: pure, from one snapshot.

Owns the names, units and labels of what is exposed, which are a promise to dashboards and alerts (docs/prometheus.md is
made from this list); how they are written is `storage.exposition`'. A figure that is not known is left out, as the format
wants it, and never told as zero.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Final, NamedTuple

from storage.records import Device, EngineState, Evaluation, Model, Version
from storage.snapshot import Snapshot
from storage.vocabulary import FaultState, JobState, Role, Severity

PREFIX: Final = "modeltender"

Labels = tuple[tuple[str, str], ...]


class Sample(NamedTuple):
    """One value, and what it is the value of."""

    labels: Labels
    value: float


class Deployed(NamedTuple):
    """A version that has a role."""

    labels: Labels
    """Its model, its role and its number."""
    version: Version


class Look:
    """What is known at one moment: the snapshot, whether the engine holds its workspace, and which models are asked for."""

    def __init__(self, seen: Snapshot, *, running: bool, models: tuple[Model, ...] | None = None) -> None:
        self.seen = seen
        self.running = running
        self.models = seen.models if models is None else models

    def at(self, model: Model) -> "Look":
        """Return the same look at one model alone."""
        return Look(self.seen, running=self.running, models=(model,))

    @cached_property
    def deployed(self) -> list[Deployed]:
        """The versions that have a role, unpacked once for all families."""
        return [
            Deployed((("model", model.name), ("role", role.value), ("version", str(version.number))), version)
            for model in self.models
            for role in Role
            if (version := getattr(model, role.value)) is not None
        ]


class Family(NamedTuple):
    """All values of one meaning."""

    name: str
    """Without the program's; a unit is its last word."""
    unit: str
    help: str
    labels: tuple[str, ...]
    collect: Callable[[Look], Iterator[Sample]]

    @property
    def full_name(self) -> str:
        """The name under which it is found."""
        return f"{PREFIX}_{self.name}"

    @property
    def of_models(self) -> bool:
        """Whether it tells of one model after another, and of each what follows from that model alone."""
        return self.labels[:1] == ("model",)


def collected(look: Look) -> list[tuple[Family, list[Sample]]]:
    """Return the families that have a value, each with its samples."""
    found = [(family, [*family.collect(look)]) for family in (UP, *FAMILIES)]
    return [(family, samples) for family, samples in found if samples]


def _known(labels: Labels, value: float | None) -> Iterator[Sample]:
    """Yield a value that is known."""
    if value is not None:
        yield Sample(labels, float(value))


def _up(look: Look) -> Iterator[Sample]:
    yield Sample((), float(look.running))


def _engine_version(look: Look) -> Iterator[Sample]:
    if look.seen.engine is not None:
        yield Sample((("version", look.seen.engine.version),), 1.0)


def _engine(read: Callable[[EngineState], float]) -> Callable[[Look], Iterator[Sample]]:
    """Return what collects a figure of the engine, once one ran here."""

    def collect(look: Look) -> Iterator[Sample]:
        if look.seen.engine is not None:
            yield Sample((), float(read(look.seen.engine)))

    return collect


def _jobs(look: Look) -> Iterator[Sample]:
    yield Sample((("state", JobState.QUEUED.value),), float(look.seen.queued))
    yield Sample((("state", JobState.RUNNING.value),), float(look.seen.running))


def _versions(look: Look) -> Iterator[Sample]:
    for model in look.models:
        yield Sample((("model", model.name),), float(model.versions))


def _numbers(look: Look) -> Iterator[Sample]:
    for labels, version in look.deployed:
        yield Sample(labels[:2], float(version.number))


def _statuses(look: Look) -> Iterator[Sample]:
    for labels, version in look.deployed:
        yield Sample((*labels, ("status", version.status.value)), 1.0)


def _sizes(look: Look) -> Iterator[Sample]:
    for labels, version in look.deployed:
        yield from _known(labels, version.bytes)


def _evaluated(read: Callable[[Evaluation], Iterator[Sample]]) -> Callable[[Look], Iterator[Sample]]:
    """Return what collects figures of the latest evaluation of each version that matters."""

    def collect(look: Look) -> Iterator[Sample]:
        for labels, version in look.deployed:
            if version.evaluation is not None:
                for sample in read(version.evaluation):
                    yield Sample((*labels, *sample.labels), sample.value)

    return collect


def _metrics(part: str) -> Callable[[Evaluation], Iterator[Sample]]:
    def read(evaluation: Evaluation) -> Iterator[Sample]:
        for metric in evaluation.metrics:
            yield from _known((("metric", metric.name),), getattr(metric, part))

    return read


def _latencies(evaluation: Evaluation) -> Iterator[Sample]:
    if evaluation.latency is not None:
        for quantile, name in (("0.5", "p50_ms"), ("0.9", "p90_ms"), ("0.95", "p95_ms"), ("0.99", "p99_ms")):
            value: float | None = getattr(evaluation.latency, name)
            yield from _known((("quantile", quantile),), None if value is None else value / 1000)


def _throughput(evaluation: Evaluation) -> Iterator[Sample]:
    if evaluation.latency is not None:
        yield Sample((), evaluation.latency.throughput)


def _evaluated_at(evaluation: Evaluation) -> Iterator[Sample]:
    yield Sample((), evaluation.at)


def _faults(look: Look) -> Iterator[Sample]:
    counts = Counter((fault.severity, fault.state) for fault in look.seen.faults)
    for severity in Severity:
        for state in (FaultState.OPEN, FaultState.ACKNOWLEDGED):
            yield Sample(
                (("severity", severity.value), ("state", state.value)), float(counts[severity, state])
            )


def _open_faults(look: Look) -> Iterator[Sample]:
    worst: dict[Labels, float] = {}
    for fault in look.seen.faults:
        labels: Labels = (
            ("code", fault.code),
            ("model", fault.model),
            ("severity", fault.severity.value),
            ("state", fault.state.value),
        )
        worst[labels] = min(fault.first_at, worst.get(labels, fault.first_at))
    for labels, first_at in worst.items():
        yield Sample(labels, first_at)


def _quarantined(look: Look) -> Iterator[Sample]:
    yield Sample((), float(len(look.seen.quarantined)))


def _device(read: Callable[[Device], float | None]) -> Callable[[Look], Iterator[Sample]]:
    """Return what collects a reading of each device that gives it."""

    def collect(look: Look) -> Iterator[Sample]:
        for device in look.seen.devices:
            yield from _known((("device", device.id),), read(device))

    return collect


VERSIONED: Final = ("model", "role", "version")

UP: Final = Family("engine_up", "", "Whether an engine holds the workspace.", (), _up)
"""The one figure that there always is."""

FAMILIES: Final = (
    Family(
        "engine_version",
        "",
        "1 for the version of the engine that last ran here.",
        ("version",),
        _engine_version,
    ),
    Family(
        "engine_start_timestamp_seconds",
        "seconds",
        "When the engine started.",
        (),
        _engine(lambda engine: engine.started_at),
    ),
    Family(
        "engine_heartbeat_timestamp_seconds",
        "seconds",
        "Its last heartbeat, one per second.",
        (),
        _engine(lambda engine: engine.heartbeat_at),
    ),
    Family(
        "engine_memory_bytes",
        "bytes",
        "Resident memory of the engine alone, without model processes.",
        (),
        _engine(lambda engine: engine.rss_bytes),
    ),
    Family("jobs", "", "Jobs that wait or run.", ("state",), _jobs),
    Family("model_versions", "", "Versions of a model that are known.", ("model",), _versions),
    Family(
        "model_version_number",
        "",
        "Which version has a role: current, previous, candidate.",
        ("model", "role"),
        _numbers,
    ),
    Family(
        "model_version_status",
        "",
        "1 for the status that a version with a role has.",
        (*VERSIONED, "status"),
        _statuses,
    ),
    Family("model_size_bytes", "bytes", "The size of its artefact.", VERSIONED, _sizes),
    Family(
        "model_evaluated_timestamp_seconds",
        "seconds",
        "When it was last evaluated.",
        VERSIONED,
        _evaluated(_evaluated_at),
    ),
    Family(
        "model_metric",
        "",
        "A quality figure of its latest evaluation, as in docs/metrics.md.",
        (*VERSIONED, "metric"),
        _evaluated(_metrics("value")),
    ),
    Family(
        "model_metric_low",
        "",
        "The lower end of its 95 % interval.",
        (*VERSIONED, "metric"),
        _evaluated(_metrics("low")),
    ),
    Family(
        "model_metric_high",
        "",
        "The upper end of its 95 % interval.",
        (*VERSIONED, "metric"),
        _evaluated(_metrics("high")),
    ),
    Family(
        "model_metric_examples",
        "",
        "The number of examples behind it.",
        (*VERSIONED, "metric"),
        _evaluated(_metrics("n")),
    ),
    Family(
        "model_latency_seconds",
        "seconds",
        "A percentile of its latency, if there were enough queries for it.",
        (*VERSIONED, "quantile"),
        _evaluated(_latencies),
    ),
    Family(
        "model_throughput",
        "",
        "Examples a second, at its latest evaluation.",
        VERSIONED,
        _evaluated(_throughput),
    ),
    Family(
        "faults",
        "",
        "Open faults, by severity and by whether they are acknowledged.",
        ("severity", "state"),
        _faults,
    ),
    Family(
        "fault_since_timestamp_seconds",
        "seconds",
        "When an open fault was first seen; model is empty for the workspace's own.",
        ("code", "model", "severity", "state"),
        _open_faults,
    ),
    Family("quarantined", "", "Arrivals that are kept in quarantine.", (), _quarantined),
    Family(
        "device_utilisation_ratio",
        "ratio",
        "Share of the time that a device was busy.",
        ("device",),
        _device(lambda device: device.utilisation),
    ),
    Family(
        "device_memory_used_bytes",
        "bytes",
        "Its memory in use.",
        ("device",),
        _device(lambda device: device.memory_used_bytes),
    ),
    Family(
        "device_memory_total_bytes",
        "bytes",
        "All of its memory.",
        ("device",),
        _device(lambda device: device.memory_total_bytes),
    ),
    Family(
        "device_temperature_celsius",
        "celsius",
        "Its temperature.",
        ("device",),
        _device(lambda device: device.temperature_c),
    ),
    Family(
        "device_power_watts", "watts", "Its power draw.", ("device",), _device(lambda device: device.power_w)
    ),
)
"""Everything that is exposed, in the order in which it is."""
