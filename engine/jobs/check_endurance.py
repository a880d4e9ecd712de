"""Asking what is deployed the same examples again and again, and reading from outside what memory that takes.

Owns how long that is done and how often; the readings are kept on record until then. What they mean is a check's.
"""

import time
from collections.abc import Sequence

from engine.faults.growth import NEEDED, Reading
from engine.faults.state import Endurance
from engine.jobs.context import Context, Report
from engine.processes.model_process import ModelProcess
from engine.processes.probes import PlainArray, Repeat
from storage.records import Version
from storage.tables import memory

EVERY_S = 86400.0
"""A leak is a property of what is deployed: once a day is soon enough, and a check without it is cheaper."""

STRETCH_S = 0.03
"""Between two readings: thousands of calls of a small model, so that some bytes a call are seen."""

WARM_UP = 4
"""Stretches that are not counted: frameworks set up their threads and caches in the first calls."""

BUDGET_S = 30.0
"""No further stretch is begun after that: mostly all take half a second, and a model that needs seconds for an answer is not
asked for minutes."""


def recorded(context: Context, version: Version, process: ModelProcess) -> Endurance | None:
    """Return what is on record of a version's content under the runtime that runs it."""
    with context.writer.passing() as connection:
        found = memory.endured(connection, version.model, version.sha256 or "", _runtime(process))
    return None if found is None else Endurance(found.at, tuple(Reading(*one) for one in found.readings))


def due(context: Context, before: Endurance | None) -> bool:
    """Whether it is time to ask again; what lies in the future was recorded by a clock that has been set back since."""
    return before is None or not 0 <= context.now() - before.at < EVERY_S


def endure(
    context: Context,
    version: Version,
    process: ModelProcess,
    inputs: Sequence[PlainArray],
    report: Report,
) -> Endurance | None:
    """Ask a process again and again, and record what it took; ``None`` where that cannot be read.

    Raises:
        JobError: it does not answer any more.
    """
    report.progress(0, 1, "asking the same again and again")
    rows, answered, readings = inputs[0].shape[0], 0, list[Reading]()
    ends = time.monotonic() + BUDGET_S
    while len(readings) < WARM_UP + NEEDED and time.monotonic() < ends:
        answered += rows * process.repeat(
            Repeat(tuple(inputs), STRETCH_S),
            deadline_s=context.settings.limits.evaluation_s,
            cancelled=report.cancelled,
        )
        size = process.own_bytes()
        if size is None:
            # It ended after its answer, or this system does not tell: what was read so far would pass for all there was time for.
            return None
        readings.append(Reading(answered, size))
    counted = tuple(readings[WARM_UP:])
    found = Endurance(context.now(), counted)
    with context.writer.transaction() as connection:
        memory.set_endured(
            connection,
            version.model,
            version.sha256 or "",
            _runtime(process),
            memory.Endured(found.at, tuple((int(one.at), int(one.bytes)) for one in counted)),
        )
    return found


def _runtime(process: ModelProcess) -> str:
    return " ".join(f"{name} {version}" for name, version in sorted(process.loaded.versions.items()))
