"""The settings that people write: ``modeltender.toml`` of a workspace and ``model.toml`` of a model.

Typed structs with defaults. Reading gathers every problem of a file, each with its key, and raises them
together, so that a file is mended in one round.
"""

import re
from math import inf
from pathlib import Path

import msgspec

from storage import (
    exposure_settings,
    gate_settings,
    maintenance_settings,
    notify_settings,
    processor_limit,
)
from storage.console_settings import ConsoleSettings
from storage.durations import seconds
from storage.exposure_settings import Exposure, Log
from storage.gate_settings import Gate
from storage.maintenance_settings import Checks, Repair, Schedule, WorkspaceChecks
from storage.notify_settings import ModelNotify, Notify
from storage.settings_file import LARGEST, Settings, convert, read_table, settled
from storage.target_settings import TargetSettings, read_targets
from storage.text import clean
from storage.train_settings import Build, Train, check_build, check_train
from storage.vocabulary import OutputScale, Task

AXES = 8
LONGEST = 100_000
"""Axes of one example, and the length of one: beyond any image and any table."""

DTYPES = ("uint8", "int8", "int32", "int64", "float16", "float32", "float64")


CLASS_SLICE = "class"
"""What the figures of one class are stored under (``class=3``), so that no column may be called so."""

LEAST_MEMORY_GIB = 0.05
"""Less holds no Python that could say that its memory is at an end."""

OBJECTIVE = re.compile(r"(>=|<=|>|<)\s*([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)")


class Repository(Settings, frozen=True, kw_only=True):
    """How arriving files are noticed."""

    settle_s: float = 0.3
    """How long a file's size and time must be still before it is taken."""
    rescan_s: float = 30.0
    """How often the folders are listed even when no event came."""


class LimitSettings(Settings, frozen=True, kw_only=True):
    """What one model process may use, and what the engine with all of them may take of the machine."""

    memory_gib: float = 8.0
    """What one model process may hold of the machine's memory."""
    evaluation_s: float = 600.0
    """How long one evaluation may take."""
    load_s: float = 120.0
    """How long a model may take to load."""
    scratch_mib: int = 1024
    """What one model process may write to its own scratch folder."""
    process_idle_s: float = 900.0
    """How long a model process stays warm after its last work."""
    warm_processes: int = 8
    """How many model processes stay warm together; the longest idle one goes."""
    nice: int | None = None
    """How far the engine and everything it starts give way to other programs, 0 to 19; ``None``: as they were started."""
    total_gib: float | None = None
    """What they may use together if systemd runs the engine (see docs/service.md); ``None``: nine tenths of the machine's."""
    cpu: float | str | None = None
    """What model processes may use of the processor together: cores (``1.5``) or a share of all (``"50%"``); ``None``: all."""


class Trust(Settings, frozen=True, kw_only=True):
    """What the owner of a workspace lets happen in it."""

    require_sandbox: bool = False
    """Whether models are opened only behind every wall of the sandbox."""
    own_metrics: bool = False
    """Whether the Python files that models' settings name as their own metrics are run."""
    commands: bool = False
    """Whether the commands that models' settings name are run, such as those that tell of a promotion."""
    own_loaders: bool = False
    """Whether the Python files that models' settings name to load weights with are run."""


class Retention(Settings, frozen=True, kw_only=True):
    """How long raw figures are kept, and how much of what can be made again."""

    samples_s: float = 86400.0
    """How long every device reading is kept; older ones are kept by minute, hour and day."""
    minutes: str = "14d"
    """How long device readings are kept by minute."""
    hours: str = "400d"
    """How long device readings are kept by hour."""
    days: str = "3650d"
    """How long device readings are kept by day."""
    events: int = 10000
    """How many events are kept, the latest."""
    jobs: int = 2000
    """How many ended jobs are kept, the latest."""
    prepared_gib: float = 20.0
    """What the prepared copies of data take together (tables and images as arrays); the longest unused go."""
    versions: int | None = None
    """How many retired versions of a model keep their files when the disk is freed; without it, all of them do."""


class Sampling(Settings, frozen=True, kw_only=True):
    """How often devices are read."""

    interval_s: float = 1.0
    """Seconds between two readings, 0.2 to 60."""


class WorkspaceSettings(Settings, frozen=True, kw_only=True):
    """``modeltender.toml``."""

    repository: Repository = Repository()
    limits: LimitSettings = LimitSettings()
    trust: Trust = Trust()
    retention: Retention = Retention()
    sampling: Sampling = Sampling()
    schedule: Schedule = Schedule()
    checks: WorkspaceChecks = WorkspaceChecks()
    repair: Repair = Repair()
    metrics: Exposure = Exposure()
    log: Log = Log()
    notify: Notify = Notify()
    console: ConsoleSettings = ConsoleSettings()


class Data(Settings, frozen=True, kw_only=True):
    """Which files of ``test/<model>`` and ``train/<model>`` hold the labelled data, and what their columns are."""

    test: str = ""
    """The file or folder in ``test/<model>`` that judges; empty chooses ``test`` by name."""
    validation: str = ""
    """The one that training and recalibration look at; empty chooses ``validation`` by name."""
    slices: tuple[str, ...] = ()
    """Columns whose values divide the examples into slices, each with its own figures."""
    inputs: tuple[str, ...] = ()
    """Columns that are the model's inputs; empty chooses by name (see docs/data.md)."""
    target: str = ""
    """The column to be predicted; empty chooses ``y``, ``label``, ``target`` or ``class``."""


class Preprocess(Settings, frozen=True, kw_only=True):
    """What is done to inputs before the model sees them, in the order of these fields."""

    resize: tuple[int, ...] = ()
    """Height and width of every image of a folder: bilinear with anti-aliasing, as Pillow does it."""
    reshape: tuple[int, ...] = ()
    """The shape of one example, its numbers in their order: pixels in columns become images."""
    dtype: str = ""
    """What inputs are converted to, such as ``float32``; empty leaves them as they are."""
    scale: float | None = None
    """What every number is multiplied by: 0.00392156862745098 makes 0 to 1 of bytes."""
    mean: tuple[float, ...] = ()
    """What is then subtracted: one number, or one per channel."""
    std: tuple[float, ...] = ()
    """What is then divided by: one number, or one per channel."""
    layout: str = ""
    """``NHWC`` or ``NCHW``: the order of axes that the model wants, a missing channel axis is added."""
    flatten: bool = False
    """Whether each example is handed over as one row of numbers."""


class RuntimeOptions(Settings, frozen=True, kw_only=True):
    """What a runtime is told besides the model and the device; each takes the options that its format has."""

    signature: str = ""
    """The signature or function of a SavedModel that is run; empty chooses ``serve``, then ``serving_default``."""
    loader: str = ""
    """A Python file beside ``model.toml`` that makes a model of weights; it is run where the workspace trusts such files."""


class Output(Settings, frozen=True, kw_only=True):
    """Which of the model's outputs holds the predictions, and how its numbers are to be read."""

    name: str = ""
    """The output's name as the model has it; empty: the only one that holds floats."""
    index: int | None = None
    """Counted from 0; where a name is given too, both must mean the same output."""
    scale: OutputScale | None = None
    """``None``: what the numbers themselves show."""
    threshold: float | None = None
    """The probability above which the second of two classes, or a label, is predicted; ``None``: 0.5."""


class Metrics(Settings, frozen=True, kw_only=True):
    """What the figures count."""

    top_k: int | None = None
    """How many classes may be named for one of them to be right; ``None``: 5, where there are more than 5 classes."""
    file: str = ""
    """A Python file in the model's folder with figures of its owner's; it is run where the workspace trusts such files."""


class ModelSettings(Settings, frozen=True, kw_only=True):
    """``model.toml``."""

    task: Task | None = None
    """What the model does, which decides what its figures are; ``None``: classification."""
    labels: tuple[str, ...] | str = ()
    """Names of the classes in the order of the outputs, or the file in the model's folder that has one a line."""
    data: Data = Data()
    preprocess: Preprocess = Preprocess()
    runtime: RuntimeOptions = RuntimeOptions()
    output: Output = Output()
    metrics: Metrics = Metrics()
    objectives: dict[str, str] = msgspec.field(default_factory=dict)
    """What a figure must keep, as ``accuracy = ">= 0.97"`` or ``latency_p99_ms = "<= 20"``; a miss is a fault."""
    gate: Gate = Gate()
    schedule: Schedule = Schedule()
    checks: Checks = Checks()
    repair: Repair = Repair()
    notify: ModelNotify = ModelNotify()
    train: Train = Train()
    build: Build = Build()
    targets: tuple[TargetSettings, ...] = ()
    """Who else is told of a promotion, in this order."""


def read_workspace_settings(file: Path) -> WorkspaceSettings:
    """Return the settings in ``file``, or the defaults where it does not exist.

    Raises:
        SettingsError: the file is not TOML, or some of its keys or values are wrong.
    """
    table = read_table(file)
    problems: list[str] = []
    settings = convert(table, WorkspaceSettings, "", problems)
    _check_numbers(settings, problems)
    _check_share(settings.limits, problems)
    _check_lengths_of_time(settings.retention, "retention", ("minutes", "hours", "days"), problems)
    if not 0.2 <= settings.sampling.interval_s <= 60:
        problems.append(f"sampling.interval_s: expected 0.2 to 60, got {settings.sampling.interval_s:g}")
    maintenance_settings.check(settings.schedule, settings.checks, problems)
    exposure_settings.check(settings.metrics, problems)
    notify_settings.check(settings.notify, problems)
    return settled(file, settings, problems)


def _check_numbers(settings: WorkspaceSettings, problems: list[str]) -> None:
    """Say which numbers are too small or too large to mean anything."""
    repository, limits, retention = settings.repository, settings.limits, settings.retention
    _positive(repository, "repository", ("settle_s", "rescan_s"), problems)
    _positive(limits, "limits", ("evaluation_s", "load_s", "scratch_mib"), problems)
    _within(limits, "limits", ("memory_gib",), problems, least=LEAST_MEMORY_GIB)
    _within(limits, "limits", ("process_idle_s", "warm_processes"), problems)
    _positive(retention, "retention", ("prepared_gib",), problems)
    _within(retention, "retention", ("samples_s", "events", "jobs", "versions"), problems)
    _within(settings.checks, "checks", ("free_gib",), problems)


def _check_share(limits: LimitSettings, problems: list[str]) -> None:
    if limits.nice is not None and not 0 <= limits.nice <= 19:
        problems.append(f"limits.nice: expected 0 to 19, got {limits.nice}")
    if limits.total_gib is not None:
        _positive(limits, "limits", ("total_gib",), problems)
    if limits.cpu is not None:
        try:
            processor_limit.share(limits.cpu, 1)
        except ValueError as error:
            problems.append(f"limits.cpu: {error}")


def read_model_settings(file: Path) -> ModelSettings:
    """Return the settings in ``file``, or the defaults where it does not exist.

    Raises:
        SettingsError: the file is not TOML, or some of its keys or values are wrong.
    """
    table = read_table(file)
    problems: list[str] = []
    targets = read_targets(table.pop("targets", []), problems)
    settings = msgspec.structs.replace(convert(table, ModelSettings, "", problems), targets=targets)
    for name, objective in settings.objectives.items():
        if OBJECTIVE.fullmatch(objective.strip()) is None:
            problems.append(f"objectives.{name}: expected '>= number' or '<= number', got '{objective}'")
    gate_settings.check(settings.gate, problems)
    maintenance_settings.check(settings.schedule, settings.checks, problems)
    notify_settings.check_model(settings.notify, problems)
    _check_preprocess(settings.preprocess, problems)
    _check_figures(settings, problems)
    check_train(settings.train, problems)
    check_build(settings.build, problems)
    for key in ("test", "validation"):
        _check_file_name(getattr(settings.data, key), f"data.{key}", problems)
    if isinstance(settings.labels, str):
        _check_file_name(settings.labels, "labels", problems)
    _check_file_name(settings.metrics.file, "metrics.file", problems)
    _check_plain_name(settings.runtime.loader, "runtime.loader", problems)
    return settled(file, settings, problems)


def _check_preprocess(preprocess: Preprocess, problems: list[str]) -> None:
    if preprocess.layout not in {"", "NHWC", "NCHW"}:
        problems.append(f"preprocess.layout: expected 'NHWC' or 'NCHW', got '{preprocess.layout}'")
    if preprocess.dtype and preprocess.dtype not in DTYPES:
        problems.append(f"preprocess.dtype: expected one of {', '.join(DTYPES)}, got '{preprocess.dtype}'")
    if preprocess.flatten and preprocess.layout:
        problems.append("preprocess.flatten: cannot be used together with preprocess.layout")
    if preprocess.flatten and preprocess.reshape:
        problems.append("preprocess.flatten: cannot be used together with preprocess.reshape")
    if any(value <= 0 for value in preprocess.std):
        problems.append("preprocess.std: expected numbers above 0")
    if preprocess.resize and (len(preprocess.resize) != 2 or not _lengths(preprocess.resize)):
        problems.append(f"preprocess.resize: expected [height, width], got {list(preprocess.resize)}")
    if not _lengths(preprocess.reshape):
        problems.append(f"preprocess.reshape: expected whole numbers above 0, got {list(preprocess.reshape)}")


def _lengths(axes: tuple[int, ...]) -> bool:
    """Whether numbers can be the lengths of axes."""
    return len(axes) <= AXES and all(0 < length <= LONGEST for length in axes)


def _check_figures(settings: ModelSettings, problems: list[str]) -> None:
    """Say what is wrong with the tables that decide what the figures are."""
    output, top_k = settings.output, settings.metrics.top_k
    if output.index is not None and output.index < 0:
        problems.append(f"output.index: expected 0 or more, got {output.index}")
    if output.threshold is not None and not 0 < output.threshold < 1:
        problems.append(f"output.threshold: expected a number between 0 and 1, got {output.threshold:g}")
    if output.threshold is not None and output.scale is OutputScale.SCORES:
        problems.append("output.threshold: needs probabilities or logits, and output.scale says scores")
    if top_k is not None and top_k < 1:
        problems.append(f"metrics.top_k: expected 1 or more, got {top_k}")
    for column in settings.data.slices:
        if not column or "=" in column or column == CLASS_SLICE:
            problems.append(
                f"data.slices: '{column}' cannot name a column (not empty, without '=', not '{CLASS_SLICE}')"
            )
    if len(set(settings.data.slices)) < len(settings.data.slices):
        problems.append("data.slices: a column is named twice")


def _check_file_name(name: str, key: str, problems: list[str]) -> None:
    """Data and labels lie in the model's own folders; a path that leads elsewhere is refused."""
    if Path(name).is_absolute() or ".." in Path(name).parts:
        problems.append(f"{key}: expected a file name inside the model's folder, got '{name}'")


def _check_plain_name(name: str, key: str, problems: list[str]) -> None:
    """What decides what a model is lies beside its settings, in plain sight."""
    if name and (Path(name).name != name or name.startswith(".")):
        problems.append(
            f"{key}: expected the plain name of a file beside model.toml, got '{clean(name, 60)}'"
        )


def _check_lengths_of_time(settings: Settings, key: str, names: tuple[str, ...], problems: list[str]) -> None:
    for name in names:
        try:
            seconds(getattr(settings, name))
        except ValueError as error:
            problems.append(f"{key}.{name}: {error}")


def _positive(settings: Settings, key: str, names: tuple[str, ...], problems: list[str]) -> None:
    for name in names:
        if not getattr(settings, name) > 0:
            problems.append(f"{key}.{name}: expected a number above 0, got {getattr(settings, name):g}")
    _within(settings, key, names, problems, least=-inf)


def _within(
    settings: Settings, key: str, names: tuple[str, ...], problems: list[str], *, least: float = 0
) -> None:
    for name in names:
        found = getattr(settings, name)
        if found is not None and found < least:
            problems.append(f"{key}.{name}: expected {least:g} or more, got {found:g}")
        elif found is not None and found > LARGEST:
            problems.append(f"{key}.{name}: expected at most {LARGEST:,}, got {found:g}")
