"""The test data of each model: which are new or changed, and whose figures are old because of that.

Owns noticing, and asking for another evaluation of what is deployed and of what could be deployed next, once
for each state of the data. It opens no data file, and must not know what an evaluation does.
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from engine import policy
from engine.data import identity
from engine.data.location import locate
from engine.policy import Reaction
from engine.repository.model_settings import SettingsFiles
from engine.repository.settle import Key, Still, settle
from storage import jobs
from storage.errors import JobError
from storage.records import Version
from storage.settings import ModelSettings
from storage.tables import events, models
from storage.vocabulary import JobKind, Role, Status
from storage.workspace import Workspace

TEST: Final = "test"
"""The part of the data that is watched: the one that versions are compared on."""

LOOK_AGAIN_S: Final = 30.0
"""How often versions are looked at although their data rest: a promotion may have made an older one current."""


class Found(NamedTuple):
    """Where a model's test data were found, and under which circumstances they are still there."""

    folder: tuple[int, int]
    """Changes when an entry of the folder comes or goes."""
    settings: ModelSettings
    path: Path | None


class DataWatch:
    """Remembers what the data looked like."""

    def __init__(self, workspace: Workspace, files: SettingsFiles, settle_s: float) -> None:
        self._workspace = workspace
        self._files = files
        self._settle_s = settle_s
        self._found: dict[str, Found] = {}
        self._still: dict[Key, Still] = {}
        self._resting: dict[str, str] = {}
        self._rested_at = 0.0

    def look(self, names: Iterable[str], *, now: float) -> tuple[dict[str, str], float | None]:
        """Return the stamps of the data that are still and not at rest, and in how many seconds others will be.

        ``now`` is monotonic.
        """
        if now - self._rested_at >= LOOK_AGAIN_S:
            self._rested_at = now
            self._resting.clear()
        stamps: dict[Key, str] = {}
        for name in names:
            stamp = self._stamp(name)
            if stamp and self._resting.get(name) != stamp:
                stamps[name, TEST] = stamp
        seen = settle(self._still, stamps, now=now, settle_s=self._settle_s)
        self._still = seen.still
        return {model: stamps[model, TEST] for model, _part in seen.ready}, seen.wake_in

    def rest(self, model: str, stamp: str) -> None:
        """Take note that nothing is to be done about a model while its data look like this."""
        self._resting[model] = stamp

    def _stamp(self, model: str) -> str:
        """Return the stamp of a model's test data, or nothing where there are none that can be told."""
        settings = self._files.last(model)
        try:
            status = os.stat(self._workspace.test / model)  # noqa: PTH116 - called for every model in every pass
        except OSError:
            # No folder, no data.
            return ""
        if settings is None:
            return ""
        folder = (status.st_ino, status.st_mtime_ns)
        known = self._found.get(model)
        if known is None or (known.folder, known.settings) != (folder, settings):
            known = self._found[model] = Found(folder, settings, self._locate(model, settings))
        return "" if known.path is None else identity.stamp(known.path)

    def _locate(self, model: str, settings: ModelSettings) -> Path | None:
        try:
            return locate(self._workspace, model, settings)
        except JobError:
            # None, or several: an evaluation that somebody asks for says so.
            return None


def react(
    connection: sqlite3.Connection, stamps: Mapping[str, str], rest: Callable[[str, str], None], *, now: float
) -> None:
    """Ask for the evaluations that new test data call for; ``rest`` is told of models that need no further look."""
    for model, stamp in stamps.items():
        reactions = {
            version.number: _react(connection, version, stamp, now=now)
            for version in models.versions(connection, model)
            if version.role in {Role.CURRENT, Role.CANDIDATE} and version.status is Status.READY
        }
        asked = sorted(number for number, reaction in reactions.items() if reaction is Reaction.EVALUATE)
        if asked:
            versions = " and ".join(map(str, asked))
            message = (
                f"new test data: version{'s' if len(asked) > 1 else ''} {versions} to be evaluated again"
            )
            events.add(connection, "new-data", message, at=now, model=model)
        if Reaction.WAIT not in reactions.values():
            rest(model, stamp)


def _react(connection: sqlite3.Connection, version: Version, stamp: str, *, now: float) -> Reaction:
    reaction = policy.on_test_data(
        stamp,
        models.data_stamp(connection, version.id),
        evaluated=version.evaluation is not None,
        busy=jobs.pending(connection, JobKind.EVALUATE, version.model, version.number),
    )
    if reaction in {Reaction.REMEMBER, Reaction.EVALUATE}:
        # Also before the job has begun: one that somebody cancels is not asked for again.
        models.set_data_stamp(connection, version.id, stamp)
    if reaction is Reaction.EVALUATE:
        jobs.add(
            connection, JobKind.EVALUATE, version.model, version.number, requested_by=jobs.NEW_DATA, now=now
        )
    return reaction
