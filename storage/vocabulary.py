"""The words that the console and the engine share.

Every status, role, verdict and kind that is stored or shown is named here once, those of notices in
`notice_vocabulary`; no other module writes one as a literal string.
"""

from enum import StrEnum


class Task(StrEnum):
    """What a model is asked to do."""

    CLASSIFICATION = "classification"
    REGRESSION = "regression"


class OutputScale(StrEnum):
    """What the numbers of a classifier's output are."""

    PROBABILITIES = "probabilities"
    SCORES = "scores"
    """Between 0 and 1, but no distribution over the classes."""
    LOGITS = "logits"


class Format(StrEnum):
    """What an artefact is, decided by its content."""

    KERAS = "keras"
    KERAS_H5 = "keras-h5"
    SAVED_MODEL = "saved-model"
    TORCHSCRIPT = "torchscript"
    ONNX = "onnx"
    LITERT = "litert"
    TORCH_EXPORT = "torch-export"
    OPENVINO = "openvino"
    SAFETENSORS = "safetensors"


class Quantization(StrEnum):
    """How an export makes a model's numbers smaller; without one they stay as they are."""

    FLOAT16 = "float16"
    """Weights in half precision."""
    DYNAMIC = "dynamic"
    """Weights as 8-bit integers; what flows between layers is told when it comes."""
    INT8 = "int8"
    """Weights and what flows between layers as 8-bit integers, whose ranges examples have shown."""


class Column(StrEnum):
    """Numbers kept of each example that are no figure's own."""

    TARGET = "target"
    """The class, or the value, that is true."""
    PREDICTED = "predicted"
    """The class that was predicted."""
    CONFIDENCE = "confidence"
    """The probability of the predicted class."""
    SCORE = "score"
    """What ranks examples of two classes: the larger, the more it is the second."""


class Status(StrEnum):
    """How far a version has come."""

    SETTLING = "settling"
    CHECKING = "checking"
    READY = "ready"
    QUARANTINED = "quarantined"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    MISSING = "missing"

    @property
    def fate(self) -> str:
        """What it says of a version, as the end of a sentence: ``failed``, ``is missing``."""
        return {"failed": "failed", "quarantined": "is in quarantine"}.get(self.value, f"is {self.value}")


class Role(StrEnum):
    """What a version is to its model at the moment."""

    CURRENT = "current"
    PREVIOUS = "previous"
    CANDIDATE = "candidate"


class Verdict(StrEnum):
    """What a promotion gate concludes about a candidate."""

    SUPERIOR = "superior"
    NON_INFERIOR = "non-inferior"
    INCONCLUSIVE = "inconclusive"
    INFERIOR = "inferior"


class GateMode(StrEnum):
    """What a candidate must show against the version that is deployed."""

    NON_INFERIORITY = "non-inferiority"
    SUPERIORITY = "superiority"


class CheckVerdict(StrEnum):
    """What one check of a gate concludes."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"
    SKIPPED = "skipped"
    ERROR = "error"


class JobKind(StrEnum):
    """What a viewer may ask of the engine; each has one module in ``engine/jobs``."""

    EVALUATE = "evaluate"
    LATENCY = "latency"
    COMPARE = "compare"
    EARLY = "early"
    """A comparison that runs what has not answered yet, and stops as soon as it decides."""
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    CHECK = "check"
    ACKNOWLEDGE = "acknowledge"
    REPAIR = "repair"
    TELL = "tell"
    TRUST = "trust"
    REVOKE = "revoke"
    RELEASE = "release"
    DELETE = "delete"
    EXPORT = "export"
    OPTIMISE = "optimise"
    RECALIBRATE = "recalibrate"
    CONVERT = "convert"
    TRAIN = "train"
    REHEARSE = "rehearse"
    """Try what is deployed in another environment."""
    NOTIFY = "notify"
    """Send a test message by every way to people."""
    ADOPT = "adopt"
    """Bring in what another server's folders hold."""


class ImportKind(StrEnum):
    """Whose folders models are imported from."""

    TENSORFLOW_SERVING = "tensorflow-serving"
    TRITON = "triton"
    MLFLOW = "mlflow"


class Fate(StrEnum):
    """What became of one version of an import's source."""

    NEW = "new"
    """It would come in."""
    IMPORTED = "imported"
    KNOWN = "known"
    """A version has its content already."""
    LEFT_OUT = "left out"


class TrainTrigger(StrEnum):
    """What may lead to a training without anybody asking; those that are faults are named as the fault is."""

    SCHEDULE = "schedule"
    NEW_DATA = "new-data"
    OBJECTIVE_MISSED = "objective-missed"
    QUALITY_TREND = "quality-trend"


class TrainingState(StrEnum):
    """How far a training has come."""

    RUNNING = "running"
    """Under way, or cut off: the next one of the same goes on where it was."""
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PromotionOutcome(StrEnum):
    """How a switch of the deployed version ended."""

    INTENDED = "intended"
    DONE = "done"
    ABANDONED = "abandoned"


class ProbationState(StrEnum):
    """How far the watching of a version that was promoted by itself has come."""

    OPEN = "open"
    PASSED = "passed"
    FAILED = "failed"
    """It was rolled back by itself, or could not be."""
    ENDED = "ended"
    """Something else was deployed before it was over."""


class TargetKind(StrEnum):
    """What else learns of a promotion; each has its settings and one module in ``engine/repository/targets``."""

    TENSORFLOW_SERVING = "tensorflow-serving"
    TRITON = "triton"
    MLFLOW = "mlflow"
    COMMAND = "command"


class TargetState(StrEnum):
    """What is known of the last time that a target was told what is deployed."""

    UNTOLD = "untold"
    TELLING = "telling"
    CONFIRMED = "confirmed"
    FAILED = "failed"


class Custody(StrEnum):
    """What has become of a thing that was taken out of the inbox."""

    TAKING = "taking"
    """It is about to be moved; a crash may leave it on either side."""
    KEPT = "kept"
    RELEASING = "releasing"
    """It is about to be put back; a crash may leave it on either side."""
    RELEASED = "released"
    DELETING = "deleting"
    """It is about to be removed for good."""
    DELETED = "deleted"


class JobState(StrEnum):
    """How far a job has come."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


FINISHED = frozenset({JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED})
"""The states that a job does not leave."""


class Severity(StrEnum):
    """How much an event or a fault matters to a person."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Answer(StrEnum):
    """What a check for faults says."""

    HEALTHY = "healthy"
    FAULT = "fault"
    UNKNOWN = "unknown"
    """Not enough is known yet to say either."""


class RepairKind(StrEnum):
    """What ends a fault; each has one module in ``engine/repairs``."""

    RESTORE = "restore"
    RELOAD = "reload"
    REEVALUATE = "re-evaluate"
    RECALIBRATE = "recalibrate"
    CONVERT = "convert"
    RETRAIN = "retrain"
    ROLLBACK = "rollback"
    FREE_DISK = "free-disk"


class FaultState(StrEnum):
    """Whether a fault still wants attention."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


class Rehearsal(StrEnum):
    """What would become of a deployed version in another environment."""

    SAME = "same"
    """It answers the same, but for rounding, and no figure moves."""
    MOVES = "moves"
    """A figure moves, by less than would break anything."""
    LOADS = "loads"
    """It loads there; there is nothing to compare it by."""
    BREAKS = "breaks"
    """It does not load there, answers something else, or is worse."""
    MENDS = "mends"
    """It does not work here, and works there."""
    BROKEN = "broken"
    """It works neither here nor there."""


class Scenario(StrEnum):
    """How queries arrive in a latency measurement (MLPerf LoadGen's names)."""

    SINGLE_STREAM = "single-stream"
    OFFLINE = "offline"
    SERVER = "server"


class Layer(StrEnum):
    """A wall of the sandbox around a model process."""

    FILES = "files"
    NETWORK = "network"
    SIGNALS = "signals"
    SYSCALLS = "syscalls"
    MEMORY = "memory"
    PRIVILEGES = "privileges"


WALLS = {
    Layer.FILES: "file wall",
    Layer.NETWORK: "network wall",
    Layer.SIGNALS: "signal wall",
    Layer.SYSCALLS: "system call wall",
    Layer.MEMORY: "memory limit",
    Layer.PRIVILEGES: "privilege wall",
}
"""What people call a layer when it is missing."""


class LayerState(StrEnum):
    """Whether a wall of the sandbox stands."""

    ON = "on"
    OFF = "off"
    UNAVAILABLE = "unavailable"


class DeviceKind(StrEnum):
    """What sort of hardware a device is."""

    CPU = "cpu"
    GPU = "gpu"
    NPU = "npu"


class Condition(StrEnum):
    """What `doctor` finds about one part of the surroundings."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


class LogLevel(StrEnum):
    """How much the engine's log holds; the words are those of Python's logging."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class ExitCode:
    """What a command's exit status tells a script."""

    DONE = 0
    NO = 1
    USAGE = 2
    FAILED = 3
    UNREACHABLE = 4
    INCONCLUSIVE = 5


class Look(StrEnum):
    """The themes of the console."""

    AUTO = "auto"
    """The terminal's own colours where they are few or the terminal is far away, dark otherwise."""
    DARK = "dark"
    LIGHT = "light"
    COLOUR_BLIND = "colour-blind"
    TERMINAL = "terminal"
    """The colours that the terminal is set to."""
