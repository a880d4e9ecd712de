"""What the engine and a model process say to each other; `engine.processes.host_messages` has what hosts hear and say.

Length-prefixed msgpack over socket pairs, decoded into these tagged structs and nothing else: a model
process may be fully in the hands of the model, so every answer is limited in size, validated and awaited
with a deadline. Never pickle. Nobody is told to stop: a host ends when its socket is closed, a model process
is killed.
"""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from engine.artefacts.doubts import SHOWN_EVIDENCE
from engine.data.descriptions import SOURCES, PartDescription, Shared
from engine.data.proposal import Proposal
from engine.processes.export_messages import (
    Converted,
    Export,
    FitTemperature,
    Predict,
    Predicted,
    TemperatureFitted,
)
from engine.processes.probes import Probe, Probed, Repeat, Repeated
from engine.protocols import Options, RuntimeSpec, TensorSpec
from engine.repository.examine import Examined
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.records import ExampleValues, Metric
from storage.settings import Data, Output, Preprocess
from storage.vocabulary import Format, Layer, LayerState, OutputScale, Task

MAXIMUM_MESSAGE = 16 * 1024 * 1024
"""Bytes of one message: outcomes of 10 million examples with room; a child that announces more is lying.

Decoded, a message of small numbers takes up to 32 times its size, so the limit is also one on our memory."""

MAXIMUM_QUERIES = 1_000_000
"""Timed queries of one answer: as decoded floats 32 MB, and minutes of the fastest model."""

MAXIMUM_FIGURES = 20_000
"""Figures of one answer, those of classes and slices included: several times what 256 classes and 50 slices have."""

MAXIMUM_TENSORS = 1000
"""Inputs or outputs of one model: a language model with its caches has some hundred; each is kept on record."""

MAXIMUM_NOTES = 100
"""Sentences beside the figures; there are a few."""

MAXIMUM_COLUMNS = 16
"""Numbers kept of each example; there are six at most."""

MAXIMUM_THINGS = 64
"""Files or folders of one question to an examiner: what is asked together costs a tenth of what it costs alone."""

MAXIMUM_CLASSES = 4096
"""Rows of a confusion matrix: one of more classes does not fit into a message anyway."""


# engine -> host


# host -> engine


# engine -> model process


class Load(msgspec.Struct, tag=True, frozen=True):
    """Load an artefact with a runtime."""

    artefact: str
    runtime: RuntimeSpec
    device: str
    formats: tuple[Format, ...]
    """What the artefact must turn out to be, each executed by the runtime."""
    options: Options = ()
    """What the runtime is told besides, as the model's settings say."""
    trusted: bool = False
    """Whether its owner trusts this very content: what it asks for by name may be run, behind every needed wall."""
    every_wall: bool = False
    """Whether it is opened only behind every wall there is, as the workspace's settings say."""


class OwnMetrics(msgspec.Struct, frozen=True):
    """A user's own figures: a Python file whose owner is trusted."""

    file: str
    source: str


class Evaluate(msgspec.Struct, tag=True, frozen=True):
    """Evaluate the loaded model on labelled data."""

    data: str
    task: Task
    labels: tuple[str, ...]
    preprocess: Preprocess
    batch_size: int | None = None
    """Examples a batch, or ``None`` to calibrate."""
    output: Output = Output()
    top_k: int | None = None
    slices: tuple[str, ...] = ()
    """Columns of the data by whose values figures are told apart."""
    own: OwnMetrics | None = None


class AnswerSome(msgspec.Struct, tag=True, frozen=True):
    """Say which of some labelled examples are answered rightly; of none, how many examples there are."""

    data: str
    labels: tuple[str, ...]
    preprocess: Preprocess
    places: bytes
    """Of the examples, counted from 0, in the order in which they are to be answered: little-endian numbers of four bytes."""
    batch_size: int
    """Examples a batch, where the model does not insist on another number."""
    output: Output = Output()
    scale: OutputScale | None = None
    """How the outputs turned out to be read when earlier examples were answered."""


class Traffic(msgspec.Struct, frozen=True):
    """How queries arrive in the server scenario."""

    queries_per_second: float
    seed: int
    objective_ms: float | None = None
    """Ends the measurement early, once p99 cannot be kept at this any more."""


class MeasureLatency(msgspec.Struct, tag=True, frozen=True):
    """Time queries on examples of the data: one after another, or where there is traffic as it arrives."""

    data: str
    preprocess: Preprocess
    queries: int
    """The most that are timed; with traffic, how many arrive."""
    budget_s: float
    """The longest that it may take, warm-up included; with traffic, from the first arrival on."""
    batch_size: int = 1
    """Examples of a query; with traffic, the most queries that are answered together."""
    least_s: float | None = None
    """Ends when it took this long and had `least_queries`; ``None`` goes on to the limits above."""
    least_queries: int = 0
    warm_up_s: float | None = None
    """The longest that warming up may take; 0 times the very first queries, ``None`` leaves it to the budget."""
    traffic: Traffic | None = None


class Prepare(msgspec.Struct, tag=True, frozen=True):
    """Write labelled data of any format as plain arrays; asked of a data process."""

    source: str
    """The file or folder."""
    inputs: tuple[TensorSpec, ...]
    """What the model takes; empty where its format does not tell."""
    columns: Data
    """Which columns are what, as far as model.toml says."""
    resize: tuple[int, ...]
    """Height and width of every image of a folder; empty keeps theirs."""
    limit_bytes: int
    """The most that the arrays may take."""


class Describe(msgspec.Struct, tag=True, frozen=True):
    """Look through data sets; asked of a data process."""

    sources: tuple[str, ...]
    columns: Data


class Split(msgspec.Struct, tag=True, frozen=True):
    """Divide a data set and write its parts; asked of a data process."""

    source: str
    columns: Data
    shares: tuple[float, float, float]
    """Of train, validation and test, adding up to 1."""
    seed: int
    stratify: bool


class Asked(msgspec.Struct, frozen=True):
    """A file or folder that is to be examined. Names are bytes: strangers' are not always text."""

    folder: bytes
    """Absolute path of the folder that it lies in."""
    name: bytes
    is_folder: bool
    files: tuple[bytes, ...]
    """Paths of its files below the folder, or just its name for a file."""


class Examine(msgspec.Struct, tag=True, frozen=True):
    """Tell what things are; asked of an examiner."""

    things: tuple[Asked, ...]


# model process -> engine


class Confined(msgspec.Struct, tag=True, frozen=True):
    """The first word of a model process: which walls stand, and why one does not."""

    layers: dict[Layer, LayerState]
    notes: dict[Layer, str]


class Loaded(msgspec.Struct, tag=True, frozen=True):
    """The model is ready."""

    inputs: Annotated[tuple[TensorSpec, ...], Meta(max_length=MAXIMUM_TENSORS)]
    outputs: Annotated[tuple[TensorSpec, ...], Meta(max_length=MAXIMUM_TENSORS)]
    parameters: int | None
    versions: dict[str, str]
    load_s: float
    peak_rss_bytes: int

    def version_of(self, runtime: str) -> str:
        """Return the version of what a runtime is called after, else of what executes for it."""
        return self.versions.get(runtime) or next(iter(self.versions.values()), "")


class Progress(msgspec.Struct, tag=True, frozen=True):
    """So many examples or queries of so many are done."""

    done: int
    total: int
    figure: Metric | None = None
    """The headline figure on the examples so far."""


class Evaluated(msgspec.Struct, tag=True, frozen=True):
    """How good the model is on the data."""

    rows: int
    dataset_sha256: str
    batch_size: int
    duration_s: float
    metrics: Annotated[tuple[Metric, ...], Meta(max_length=MAXIMUM_FIGURES)]
    """Of all examples, then of parts of them: the engine keeps their order."""
    confusion: Annotated[tuple[tuple[int, ...], ...], Meta(max_length=MAXIMUM_CLASSES)] | None
    """Rows are true classes, columns predicted ones; ``None`` where the task has no classes."""
    correct: bytes | None
    """One bit an example, in the data's order, big-endian within a byte (`numpy.packbits`)."""
    examples: Annotated[tuple[ExampleValues, ...], Meta(max_length=MAXIMUM_COLUMNS)] = ()
    """What else each example came to, in the same order."""
    scale: OutputScale | None = None
    """How the outputs were read; ``None`` where the task has no classes."""
    notes: Annotated[tuple[str, ...], Meta(max_length=MAXIMUM_NOTES)] = ()
    """What somebody who reads the figures should know."""


class SomeAnswered(msgspec.Struct, tag=True, frozen=True):
    """Which of the examples that were asked for were answered rightly."""

    rows: int
    dataset_sha256: str
    right: bytes
    """One bit an example, in the order that was asked for, big-endian within a byte (`numpy.packbits`)."""
    several: bool
    """Whether an example may have several labels, all of which must be right."""
    scale: OutputScale | None
    """How the outputs were read; ``None`` where nothing was asked for."""


class LatencyMeasured(msgspec.Struct, tag=True, frozen=True):
    """Durations of the timed queries in milliseconds, in the order in which they came.

    With traffic they count from the scheduled arrival; those of the last ``unserved`` ones count to the end of
    the measurement, and are lower bounds.
    """

    latencies_ms: Annotated[tuple[float, ...], Meta(max_length=MAXIMUM_QUERIES)]
    warmup: int
    stable: bool
    """Whether the last three windows' medians lay within 10 % of each other."""
    elapsed_s: float
    """From the beginning of the first query to the end of the last one."""
    unserved: int = 0
    """Queries that had arrived and were not answered when the measurement ended."""


class Prepared(msgspec.Struct, tag=True, frozen=True):
    """The arrays lie in the process' scratch folder (`engine.data.manifest`)."""

    rows: int
    bytes: int


class Described(msgspec.Struct, tag=True, frozen=True):
    """What is in the data sets."""

    parts: Annotated[tuple[PartDescription, ...], Meta(max_length=SOURCES)]
    shared: Annotated[tuple[Shared, ...], Meta(max_length=SOURCES * SOURCES)]


Suffix = Literal[".npz", ".parquet"]


class Divided(msgspec.Struct, tag=True, frozen=True):
    """The parts lie in the process' scratch folder (`engine.data.splitting`)."""

    rows: tuple[int, int, int]
    """Of train, validation and test."""
    suffix: Suffix
    """What the files of the parts end in."""
    together: int
    """Examples that went where another one with the same inputs went."""
    leaks: int
    """Different inputs that are in two parts: none, or something is wrong."""
    name: str
    """Of the file or folder that was divided."""


class Told(msgspec.Struct, tag=True, frozen=True):
    """What the first of the things are: at least one, and no more than there was time for."""

    found: Annotated[tuple[Examined, ...], Meta(min_length=1, max_length=MAXIMUM_THINGS)]


class Failed(msgspec.Struct, tag=True, frozen=True):
    """What was asked did not work; ``hint`` says what a person can do, where that is known."""

    message: str
    hint: str = ""
    refused: bool = False
    """Whether the model looks made to do harm, so that trying again is of no use."""
    proposal: Proposal | None = None
    """What would make the data fit."""
    evidence: Annotated[tuple[str, ...], Meta(max_length=SHOWN_EVIDENCE)] = ()
    """What it asks for by name; where there is any, its owner's trust would have it loaded."""
    walls: bool = False
    """Whether it was not opened because walls are missing: nothing about the model is known to be wrong."""


ToModel = (
    Load
    | Evaluate
    | AnswerSome
    | MeasureLatency
    | Predict
    | FitTemperature
    | Export
    | Probe
    | Repeat
    | TrainModel
)
ToData = Prepare | Describe | Split
FromModel = (
    Confined
    | Loaded
    | Progress
    | Evaluated
    | SomeAnswered
    | LatencyMeasured
    | Probed
    | Repeated
    | Predicted
    | TemperatureFitted
    | Converted
    | EpochDone
    | Trained
    | Prepared
    | Described
    | Divided
    | Told
    | Failed
)
