"""Free the disk: remove what nothing needs, or can be made again, and say what else there is.

Owns the words, and what is on record of it. What may go and in which order is `engine.freeing`'s. Whether enough came free
is for the check to say that found the fault.
"""

from collections.abc import Iterable, Sequence

import psutil

from engine import freeing
from engine.faults.sentences import count, size
from engine.freeing import removing
from engine.jobs.context import Context
from engine.processes.endings import CANCELLED
from engine.repairs.repairing import Acted, PlaceCase, PlaceWork, Plan, RepairSpec
from storage.errors import JobError
from storage.job_answers import Removal
from storage.spare import Spare
from storage.tables import events, retired
from storage.vocabulary import RepairKind, Severity

SPEC = RepairSpec(
    kind=RepairKind.FREE_DISK,
    does="Removes what nothing needs any more: leftovers of killed processes, older logs, prepared copies of data (made "
    "again when needed), unused copies of models, older copies of the database, its free pages, and the files of "
    "retired versions as far as `[retention] versions` allows. Never: current, previous and candidate versions, what "
    "a kept version was made of, data, or anything that people set aside. `--dry-run` lists everything.",
    removes=True,
)

NAMED = 20
"""Paths that an event names; the answer of the repair names all."""

SEVERAL = {Spare.PREPARED: "prepared copies", Spare.COPY: "unused copies", Spare.PAGES: "free pages"}
"""Words whose plural is not another ``s``."""

BESIDES = ("damaged", "quarantine")
"""Folders of ours that people alone empty."""


def plan(case: PlaceCase) -> Plan:
    """Say what would be removed, and what each thing brings."""
    found = freeing.found(case.context)
    if not found:
        return Plan(possible=False, sentence=f"nothing is left that may be removed; {_besides(case.context)}")
    return Plan(
        possible=True,
        sentence=f"would remove {_told(found)}; {_besides(case.context)}",
        removes=found,
    )


def act(work: PlaceWork) -> Acted:
    """Remove it, one kind after another.

    Raises:
        JobError: somebody wants the end, or nothing could be removed.
    """
    context = work.case.context
    removed: list[Removal] = []
    problems: list[str] = []
    for place, step in enumerate(freeing.STEPS):
        if work.report.cancelled():
            raise JobError(_stopped(removed), code=CANCELLED)
        work.report.progress(place, len(freeing.STEPS), f"removing {_several(step.what)}")
        done = freeing.remove(context, step)
        removed += done.removed
        problems += [f"{_several(step.what)}: {done.problem}"] if done.problem else []
        _record(work, done)
    if not removed:
        told = f" ({'; '.join(problems)})" if problems else ""
        raise JobError(f"Nothing could be removed{told}.", f"{_besides(context).capitalize()}.")
    free = psutil.disk_usage(str(context.workspace.root)).free
    detail = f"removed {_told(removed)}; {size(free)} are free now"
    if problems:
        detail += f". Not done: {'; '.join(problems)}"
    if free < int(context.settings.checks.free_gib * (1 << 30)):
        detail += f". It is still too little: {_besides(context)}"
    return Acted(detail, removes=tuple(removed))


def _record(work: PlaceWork, done: freeing.Done) -> None:
    """Put on record what was removed; of many things the first ones by name."""
    if not done.removed:
        return
    context, paths = work.case.context, [one.path for one in done.removed]
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    with context.writer.transaction() as connection:
        events.add(
            connection,
            "disk-freed",
            f"removed {_told(done.removed)}: {', '.join(paths[:NAMED])}{more}",
            at=context.now(),
            severity=Severity.INFO,
        )


def _stopped(removed: Sequence[Removal]) -> str:
    return f"Cancelled after {_told(removed)} had been removed." if removed else "Cancelled."


def _told(removals: Sequence[Removal]) -> str:
    """Return how many things of which kinds go, and what they take."""
    kinds = [
        _counted(what, [one for one in removals if one.what is what])
        for what in dict.fromkeys(one.what for one in removals)
    ]
    total = f", {size(_bytes(removals))} in all" if len(kinds) > 1 else ""
    return f"{', '.join(kinds)}{total}"


def _counted(what: Spare, removals: Sequence[Removal]) -> str:
    if what is Spare.PAGES:
        # There is one database, and nobody counts its pages.
        return f"{what} of the database ({size(_bytes(removals))})"
    return f"{count(len(removals), what, _several(what))} ({size(_bytes(removals))})"


def _several(what: Spare) -> str:
    return SEVERAL.get(what, f"{what}s")


def _bytes(removals: Iterable[Removal]) -> int:
    return sum(one.bytes for one in removals)


def _besides(context: Context) -> str:
    """Return what else takes room and is for people to decide."""
    workspace, found = context.workspace, list[str]()
    for name in BESIDES:
        taken = removing.taken(workspace, f".modeltender/{name}")
        if taken is not None and any((workspace.state / name).iterdir()):
            found.append(f".modeltender/{name} ({size(taken)})")
    if context.settings.retention.versions is None:
        with context.writer.passing() as connection:
            old = retired.read(connection, 0)
        if old:
            found.append(f"{count(len(old), 'retired version')} in models/ ([retention] versions)")
    return f"the rest is yours to decide: {', '.join([*found, 'what lies in train/ and test/'])}"
