"""How a soaked workspace comes to rest: schedules end, everything is looked at once more, and what is broken is mended.

Owns what is waited for. It asks for what a person would ask for, once for each cause, and never twice.
"""

import time
from contextlib import closing
from typing import Final

from storage import jobs, snapshot
from storage.database import Reader
from storage.records import JobParameters, Version
from storage.tables import inbox, models
from storage.vocabulary import FINISHED, JobKind, Status
from storage.workspace import Workspace
from tests.soak import reckoning
from tests.soak.acts import MODELS, Acts
from tests.soak.mishaps import Mishaps

REST_S: Final = 240.0
"""How long the engine may take to come to rest: what was killed while it loaded is tried again after half a minute."""

LOOK_S: Final = 1.0

CALM: Final = 3
"""Looks in a row that find nothing to wait for: a job that has ended may be followed by another."""

TICKS_S: Final = 12.0
"""Two ticks of what asks for repairs by itself."""

MENDED: Final = ("artefact-changed", "missing", "settings", "no-longer-loads", "current", "not-kept")
"""Faults that nothing is left of after they were repaired or their cause was mended."""


def rest(workspace: Workspace, mishaps: Mishaps, acts: Acts) -> list[str]:
    """Wait until nothing waits or runs, after a last check of every model; return what still does after long enough."""
    workspace.settings_file.write_text(
        '[schedule]\nevaluate = "never"\ncheck = "never"\n[repair]\nautomatic = ["restore"]\n'
    )
    asked: set[tuple[str, int]] = set()
    problems = _calm(workspace, mishaps, asked)
    for model in MODELS:
        acts.ask(JobKind.CHECK, model)
    problems += _calm(workspace, mishaps, asked)
    time.sleep(TICKS_S if _faults(workspace) else 0.0)
    for model in {model for model, _, _ in _faults(workspace)}:
        acts.ask(JobKind.REPAIR, model, parameters=JobParameters())
    return problems + _calm(workspace, mishaps, asked) + _left(workspace)


def _faults(workspace: Workspace) -> list[tuple[str, str, str]]:
    """Return the faults that are open though they should have been mended: the model, the code, and what they say."""
    with closing(Reader(workspace.database)) as reader:
        shot = snapshot.read(reader)
    deployed = {model.name: model.current.number for model in shot.models if model.current is not None}
    return [
        (fault.model, fault.code, fault.message)
        for fault in shot.faults
        # What people did to other versions is told, and theirs to mend.
        if fault.code in MENDED and fault.version in {None, deployed.get(fault.model)}
    ]


def _left(workspace: Workspace) -> list[str]:
    return [
        f"{model}: {code} is still open after its repair: {message}"
        for model, code, message in _faults(workspace)
    ]


def _calm(workspace: Workspace, mishaps: Mishaps, asked: set[tuple[str, int]]) -> list[str]:
    """Wait until nothing waits or runs; return what still does after long enough."""
    deadline = time.monotonic() + REST_S
    calm = 0
    while time.monotonic() < deadline:
        time.sleep(LOOK_S)
        mishaps.meet_family()
        waiting = _waiting(workspace, asked)
        calm = 0 if waiting else calm + 1
        if calm >= CALM:
            return []
    return [f"after {REST_S:.0f} s of rest: {what}" for what in waiting]


def _waiting(workspace: Workspace, asked: set[tuple[str, int]]) -> list[str]:
    """Return what is not finished; a version whose process was killed while it loaded is asked for once more."""
    with closing(Reader(workspace.database)) as reader:
        shot = snapshot.read(reader)
        with reader.transaction() as connection:
            versions = [found for model in MODELS for found in models.versions(connection, model)]
            arrivals = inbox.read(connection)
    waiting = [f"job {job.id} {job.kind} is {job.state}" for job in shot.jobs if job.state not in FINISHED]
    for version in versions:
        name = f"{version.model}@{version.number}"
        if version.status in {Status.SETTLING, Status.CHECKING}:
            waiting.append(f"{name} is {version.status}")
        elif reckoning.was_disturbed(version):
            waiting.append(f"{name} is {version.status}: {version.reason}")
            _ask_once(workspace, version, asked)
    waiting += [
        f"train/{arrival.model}/{arrival.name} is {arrival.status}"
        for arrival in arrivals
        if arrival.status is Status.SETTLING
    ]
    return waiting


def _ask_once(workspace: Workspace, version: Version, asked: set[tuple[str, int]]) -> None:
    key = (version.model, version.number)
    if key not in asked:
        asked.add(key)
        jobs.submit(workspace, JobKind.EVALUATE, *key, requested_by="soak")
