"""What is kept, as frozen records.

Everything that crosses from the database to the console or the command line is one of these. Times are
seconds since the epoch (UTC); durations say their unit in their name; ``None`` means that a figure is not
known, and is shown as ``n/a``.
"""

import msgspec

from storage.device_details import DeviceDetails, Obstacle
from storage.measured import (
    Evaluation,
    EvaluationFailure,
    ExampleValues,
    LatencyMeasurement,
    LatencyRatio,
    LatencyReport,
    Loading,
    Metric,
    NewEvaluation,
    NewLatencyMeasurement,
    Surroundings,
    TensorSpec,
    ValueKind,
)
from storage.model_records import Glance, Line, Model, Refusal, Shown, Version, Versions
from storage.record import Record
from storage.vocabulary import (
    Custody,
    DeviceKind,
    Format,
    JobKind,
    JobState,
    Quantization,
    RepairKind,
    Scenario,
    Status,
    TrainTrigger,
)

# Most modules need records of both kinds, and get them from here; what is defined here needs no mention.
__all__ = [
    "Evaluation",
    "EvaluationFailure",
    "ExampleValues",
    "Glance",
    "LatencyMeasurement",
    "LatencyRatio",
    "LatencyReport",
    "Line",
    "Loading",
    "Metric",
    "Model",
    "NewEvaluation",
    "NewLatencyMeasurement",
    "Record",
    "Refusal",
    "Shown",
    "Surroundings",
    "TensorSpec",
    "ValueKind",
    "Version",
    "Versions",
]


class Arrival(Record, frozen=True, kw_only=True):
    """A file in the inbox that is not (or not yet) a version, and why."""

    model: str
    name: str
    status: Status
    reason: str
    bytes: int
    seen_at: float


class Trusted(Record, frozen=True, kw_only=True):
    """One entry of the history of trust: content that an owner began to trust, or ceased to."""

    id: int
    sha256: str
    model: str
    version: int | None
    """What it was when it was judged; the same content elsewhere is meant as well."""
    granted: bool
    """Whether trust began; ``False`` where it was taken back."""
    at: float
    by: str
    reason: str
    found: str
    """What had been refused."""


class Quarantined(Record, frozen=True, kw_only=True):
    """A thing that was taken out of the inbox because it looks made to do harm."""

    id: int
    model: str
    name: str
    """As it is shown; its files keep their own names."""
    sha256: str
    format: Format | None
    bytes: int
    reason: str
    evidence: tuple[str, ...]
    liftable: bool
    """Whether its owner's trust in this very content would have it loaded."""
    found_at: float
    state: Custody
    by: str
    """Who released or deleted it, or empty."""
    at: float | None
    """When that was."""
    why: str
    """The reason that was given for it."""


class JobParameters(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a job was asked to do beyond its model and version."""

    device: str = "cpu"
    data: str = ""
    """Name of a data file, or empty for the model's test data."""
    expected_current: int | None = None
    """The current version that the person saw when asking; a promotion is refused when it changed."""
    expected_sha256: str = ""
    """The candidate's content that the person saw; a promotion is refused when it changed."""
    force: bool = False
    reason: str = ""
    scenario: Scenario = Scenario.SINGLE_STREAM
    batch_sizes: tuple[int, ...] = ()
    """Examples of a query, one latency measurement for each; empty for the scenario's own."""
    duration_s: float | None = None
    """The least that a latency is measured for."""
    qps: float | None = None
    """Queries a second of the server scenario; without it the most that keep the objective are searched for."""
    objective_ms: float | None = None
    """What p99 is to be at most; without it the model's settings say it."""
    seed: int = 0
    against: int | None = None
    """The version that a comparison takes the job's version against."""
    entry: int | None = None
    """The entry of the quarantine that is meant."""
    to: Format | None = None
    """What an export is to make."""
    quantize: Quantization | None = None
    """How an export makes numbers smaller."""
    keep: tuple[str, ...] = ()
    """Variants that an optimisation keeps as versions, by name."""
    fault: int | None = None
    """The fault that is to be repaired."""
    verify: tuple[int, ...] = ()
    """The faults of which a check is to find out whether their repair has helped."""
    repair: RepairKind | None = None
    """Which of a fault's repairs is to be done; ``None``: the first that can be."""
    dry_run: bool = False
    """Whether only what would be done is told."""
    epochs: int | None = None
    """The most epochs that a training takes; ``None``: as the model's settings say."""
    from_scratch: bool = False
    """Whether a training begins with fresh weights."""
    build: bool = False
    """Whether a first model is made, as ``[build]`` or the data say."""
    source: str = ""
    """The file or folder that models are imported from."""
    name: str = ""
    """What the one model of an import's source is to be called here; empty for its own name."""
    untrained: bool = False
    """Whether what is built is left as it is."""
    interpreter: str = ""
    """The Python of another environment, by its absolute path, in which what is deployed is tried."""
    trigger: TrainTrigger | None = None
    """What led to a training that nobody asked for; ``reason`` says it in words."""


class Job(Record, frozen=True, kw_only=True):
    """A unit of work asked of the engine."""

    id: int
    kind: JobKind
    model: str
    version: int | None
    parameters: JobParameters
    requested_by: str
    requested_at: float
    state: JobState
    done: int
    total: int
    message: str
    started_at: float | None
    finished_at: float | None
    code: str
    """A stable word for why it failed (`storage.errors`), or empty."""
    error: str
    hint: str
    result: str
    """What the job found, as JSON for the command that waits for it, or empty."""
    waits_for: tuple[int, ...] = ()
    """The jobs that had, or have, to end before it goes on."""


class Device(Record, frozen=True, kw_only=True):
    """A piece of hardware that can run models, with its latest reading; ``None`` where not exposed."""

    id: str
    kind: DeviceKind
    name: str
    usable_by: tuple[str, ...]
    note: str
    memory_total_bytes: int | None
    at: float | None = None
    utilisation: float | None = None
    """Share of the time that it was busy, 0 to 1."""
    memory_used_bytes: int | None = None
    temperature_c: float | None = None
    power_w: float | None = None
    history: tuple[float, ...] = ()
    """The latest utilisations, oldest first."""
    obstacles: tuple[Obstacle, ...] = ()
    """For each runtime that cannot use it, why not and what helps."""
    details: DeviceDetails = DeviceDetails()


class HostState(msgspec.Struct, frozen=True):
    """A running host and how many processes came out of it and run: models, or what reads data or examines files."""

    framework: str
    pid: int
    models: int


class EngineState(Record, frozen=True, kw_only=True):
    """The engine as it last described itself; whether it lives is for `storage.workspace.engine_pid`."""

    pid: int
    version: str
    started_at: float
    heartbeat_at: float
    rss_bytes: int
    cpu_percent: float
    sandbox: dict[str, str]
    hosts: tuple[HostState, ...]
    scanned_at: float | None = None
    """When the last complete listing of the folders began: what had changed by then is known."""
    undecided: tuple[str, ...] = ()
    """Models in whose inbox something lay then that nothing was decided about yet."""
    stopped_at: float | None = None


class HistoryPoint(Record, frozen=True, kw_only=True):
    """One value of a metric in time."""

    at: float
    version: int
    metric: str
    value: float
    low: float | None
    high: float | None
    n: int
