"""How a model process failed, as one sentence for a person.

Pure: wait statuses, limits and last words go in, an error with its hint comes out. Whatever a model process
wrote is cleaned here before it becomes part of a sentence.
"""

import signal
from enum import StrEnum
from typing import Final

from engine.data.proposal import Proposal
from engine.processes.memory_killer import Victim
from engine.processes.protocol import Failed
from engine.processes.words import GIB, MEMORY_HINT, MODEL, OUT_OF_MEMORY, exceeds_memory
from storage import shortages
from storage.errors import OWN_SETTINGS, JobError, RefusedError
from storage.text import NAME, clean

CANCELLED: Final = "cancelled"
"""The error code of work that was given up because somebody asked for that."""

REFUSED: Final = RefusedError.code
"""The error code of a model that looks made to do harm."""

UNCONFINED: Final = "unconfined"
"""The error code of a model that was not opened because walls of the sandbox are missing."""

NOT_KEPT: Final = "not-kept"
"""The error code of work that failed for want of room on the disk: it says nothing about a model."""

NOT_STARTED: Final = "not-started"
"""The error code of a process that this machine did not get going: its model was never opened."""

LOST: Final = "lost"
"""The error code of a process that ended, or never began, because somebody ended its host: that says nothing about a model."""

CROWDED: Final = "crowded"
"""The error code of a process that failed where no more processes or threads can be started: that says nothing about a model."""

SHORT_OF_MEMORY: Final = (
    "Free memory on this machine, lower limits.warm_processes in modeltender.toml, or make models smaller."
)
"""What helps where the machine is short of it: a higher limit for one process would not."""

LAST_WORDS: Final = 200
"""Characters of a process' last line on stderr: enough for any assertion, short enough for a table."""


class Activity(StrEnum):
    """What a model process was doing, as the end of a sentence."""

    STARTING = "before it was ready"
    LOADING = "while it was loaded"
    EVALUATING = "while it was evaluated"
    TIMING = "while its latency was measured"
    ANSWERING = "while it answered examples"
    CONVERTING = "while it was converted"
    TRAINING = "while it was trained"
    READING = "while it read the data"
    EXAMINING = "while it looked at it"


DEADLINE_HINT: Final = {
    Activity.STARTING: "The machine is overloaded; try again.",
    Activity.LOADING: "Raise limits.load_s in modeltender.toml if the model is known to be slow.",
    Activity.EVALUATING: "Raise limits.evaluation_s in modeltender.toml if the model is known to be slow.",
    Activity.TIMING: "Raise limits.evaluation_s in modeltender.toml if the model is known to be slow.",
    Activity.ANSWERING: "Raise limits.evaluation_s in modeltender.toml if the model is known to be slow.",
    Activity.CONVERTING: "Raise limits.evaluation_s in modeltender.toml if the model is known to be large.",
    Activity.TRAINING: f"Raise max_duration in [train] of {OWN_SETTINGS}, or train for fewer epochs.",
    Activity.EXAMINING: "",
    Activity.READING: "Raise limits.evaluation_s in modeltender.toml if there are very many data.",
}

DATA_READER: Final = "The data reader"
WHO: Final = {Activity.READING: DATA_READER, Activity.EXAMINING: "The examiner"}
"""Who did it, as the beginning of a sentence; the model where nobody else did."""


def _who(activity: Activity) -> str:
    return WHO.get(activity, MODEL)


class ModelProcessError(JobError):
    """A model process did not do what was asked; the engine and every other model go on."""

    proposal: Proposal | None = None
    """What would make the data fit, where that is why it did not work."""
    evidence: tuple[str, ...] = ()
    """What the model asks for by name, where its owner's trust would have it loaded."""


def failed(answer: Failed) -> ModelProcessError:
    """The process answered that it did not work."""
    words = clean(answer.message) or "The model failed without saying why."
    code = REFUSED if answer.refused else UNCONFINED if answer.walls else None
    error = ModelProcessError(words, clean(answer.hint), code=code)
    proposal = answer.proposal
    error.proposal = proposal if proposal is not None and proposal.plausible else None
    error.evidence = tuple(clean(name, NAME) for name in answer.evidence)
    return error


def cancelled(activity: Activity) -> ModelProcessError:
    """Somebody asked for the end of the work."""
    return ModelProcessError(f"{_who(activity)} was stopped {activity}, as asked.", code=CANCELLED)


def late(activity: Activity, deadline_s: float) -> ModelProcessError:
    """The process did not answer in time."""
    return ModelProcessError(
        f"{_who(activity)} did not answer within {deadline_s:.3g} s {activity}; it was stopped.",
        DEADLINE_HINT[activity],
        code=NOT_STARTED if activity is Activity.STARTING else "deadline",
    )


def nonsense(activity: Activity, what: str) -> ModelProcessError:
    """The process sent what no honest process sends."""
    return ModelProcessError(
        f"{_who(activity)} process answered nonsense {activity} ({clean(what, LAST_WORDS)}); its answer was dropped.",
        "Such a model is broken or hostile; do not deploy it."
        if activity is not Activity.READING
        else "Such data are broken or hostile; do not use them.",
        code="nonsense",
    )


def deaf(activity: Activity) -> ModelProcessError:
    """The process closed its connection and went on."""
    return ModelProcessError(
        f"{_who(activity)} closed its connection {activity}; it was stopped.", code="crashed"
    )


def over_memory(activity: Activity, memory_bytes: int) -> ModelProcessError:
    """The process used more memory than it may."""
    return ModelProcessError(exceeds_memory(memory_bytes, _who(activity)), MEMORY_HINT, code="memory")


def over_scratch(activity: Activity, limit_bytes: int) -> ModelProcessError:
    """The process filled its scratch folder."""
    if activity is Activity.READING:
        return ModelProcessError(
            f"The data take more than {limit_bytes / GIB:.3g} GiB as arrays.",
            "Raise retention.prepared_gib in modeltender.toml, or use fewer examples.",
            code="scratch",
        )
    return ModelProcessError(
        f"{_who(activity)} wrote more than {limit_bytes / GIB * 1024:.4g} MiB of scratch files {activity}; it was stopped.",
        "Raise limits.scratch_mib in modeltender.toml if the model needs them.",
        code="scratch",
    )


def host_killed(framework: str) -> ModelProcessError:
    """Somebody else, most likely the kernel, ended the host; it had opened no model."""
    return ModelProcessError(
        f"The {framework} host was killed (SIGKILL), most likely because the machine ran out of memory.",
        SHORT_OF_MEMORY,
        code=LOST,
    )


def crowded(activity: Activity) -> ModelProcessError:
    """The process failed where its framework could start no threads."""
    return ModelProcessError(
        f"{_who(activity)} failed {activity}: no more processes or threads may be started here.",
        shortages.PROCESSES,
        code=CROWDED,
    )


def host_crowded(framework: str) -> ModelProcessError:
    """The host failed where no more threads or processes can be started; it had opened no model."""
    return ModelProcessError(
        f"The {framework} host failed: no more processes or threads may be started here.",
        shortages.PROCESSES,
        code=CROWDED,
    )


def not_pinned(cores: list[int], error: OSError) -> ModelProcessError:
    """The process could not be kept on its cores."""
    words = ", ".join(map(str, cores))
    return ModelProcessError(
        f"The model process could not be pinned to the cores {words} ({error.strerror}).",
        "The machine's cores changed; try again.",
        code=NOT_STARTED,
    )


def short_of_memory(activity: Activity, victim: Victim) -> ModelProcessError:
    """The kernel ended the process because the machine ran out of memory."""
    held, memory = victim.held_bytes / GIB, victim.memory_bytes / GIB
    killed = f"{_who(activity)} process was killed {activity}"
    if victim.to_blame:
        return ModelProcessError(
            f"{killed}: it took {held:.3g} of the {memory:.3g} GiB of memory that there are.",
            SHORT_OF_MEMORY,
            code="memory",
        )
    return ModelProcessError(
        f"{killed}: the machine ran out of memory, of which it held {held:.3g} GiB.",
        SHORT_OF_MEMORY,
        code=LOST,
    )


def ended(exit_code: int | None, activity: Activity, last_line: str, memory_bytes: int) -> ModelProcessError:
    """The process ended without an answer; ``exit_code`` is ``None`` where its host could not tell either."""
    if OUT_OF_MEMORY.search(last_line):
        return over_memory(activity, memory_bytes)
    said = f' Its last words: "{clean(last_line, LAST_WORDS)}".' if last_line.strip() else ""
    if exit_code is None:
        return ModelProcessError(
            f"{_who(activity)} process vanished {activity}, together with its host, most likely because the machine "
            f"ran out of memory.{said}",
            SHORT_OF_MEMORY,
            code=LOST,
        )
    if exit_code >= 0:
        return ModelProcessError(
            f"{_who(activity)} process exited with status {exit_code} {activity}, without an answer.{said}",
            code="crashed",
        )
    return _killed(-exit_code, activity, said)


def _killed(number: int, activity: Activity, said: str) -> ModelProcessError:
    if number == signal.SIGXCPU:
        return ModelProcessError(
            f"{_who(activity)} ran out of CPU time {activity}.{said}", DEADLINE_HINT[activity], code="cpu"
        )
    if number == signal.SIGKILL:
        return ModelProcessError(
            f"{_who(activity)} process was killed {activity} (SIGKILL), most likely because the machine ran out of memory.{said}",
            SHORT_OF_MEMORY,
            code="crashed",
        )
    return ModelProcessError(f"{_who(activity)} crashed {activity} ({_name(number)}).{said}", code="crashed")


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"
