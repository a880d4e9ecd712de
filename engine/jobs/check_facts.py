"""Gathering what checks of a model are judged from: the record, the bytes on the disk, the data.

Owns what is read and hashed, and decides nothing about it. What a model answers is `engine.jobs.check_probe`'s, what the
machine is like `check_place`'s.
"""

import os
import sqlite3
from pathlib import Path

from engine.data import importing
from engine.data.identity import identity, stamp
from engine.data.location import locate
from engine.faults.state import Content, DataMarks, ModelState
from engine.jobs.context import Context, Report
from engine.processes.confined_process import Terms
from engine.processes.endings import Activity
from engine.processes.protocol import Describe
from engine.repository.integrity import ChangedError, digest
from engine.repository.objects import Objects
from engine.runtimes import installed_versions, runtime_for
from storage import jobs, maintenance_settings, shortages
from storage.errors import JobError
from storage.fault_records import Overlap
from storage.records import Evaluation, Model, Version
from storage.settings import ModelSettings
from storage.tables import deployed, devices, evaluations, models, overlaps
from storage.vocabulary import JobKind

EVALUATIONS = 200
"""Of a model that are looked at: more than any check needs."""

JOBS = 500
"""Jobs of the workspace among which those of a model are looked for."""


def model_state(context: Context, model: Model, current: Version, settings: ModelSettings) -> ModelState:
    """Return what the record and the folders tell about a model; nothing of it is asked of the model itself."""
    with context.writer.transaction() as connection:
        content = deployed.read(connection, current.id) or deployed.content_of(current)
        known = evaluations.read(connection, model.name, limit=EVALUATIONS)
        ended = jobs.of_model(connection, model.name, limit=JOBS)
        data = _test_data(context, connection, current, settings)
        here = devices.read(connection)
    return ModelState(
        now=context.now(),
        model=model.name,
        settings=settings,
        plan=maintenance_settings.plan(context.settings, settings),
        current=current,
        previous=model.previous,
        content=None
        if content is None
        else hashed(context, current, content.artefact, content.companions, content.sha256),
        evaluations=_alike(known, current),
        data=data,
        jobs=tuple(ended),
        installed=_installed(current),
        devices=tuple(here),
    )


def _installed(version: Version) -> tuple[str, ...] | None:
    """Return the versions of what is installed of a version's runtime, as this machine tells them without loading it."""
    if version.format is None:
        return None
    found = installed_versions(runtime_for(version.format))
    return tuple(f"{name} {number}" for name, number in found.items())


def hashed(
    context: Context, version: Version, artefact: str, companions: tuple[str, ...], sha256: str
) -> Content:
    """Hash what lies in a version's folder under the names of what was deployed."""
    folder = context.workspace.version_folder(version.model, version.number)
    path = folder / artefact
    kept = Objects(context.workspace.objects).has(path.name, sha256)
    if not os.path.lexists(folder):
        return Content(sha256, None, gone=True, kept=kept)
    try:
        found = digest(path.parent, [path.name, *companions])
    except ChangedError:
        return Content(sha256, None, "it is being written", kept=kept)
    except OSError as error:
        if shortages.is_one(error):
            # A fault would be held against the version, and the check that is asked for next finds out.
            raise
        return Content(sha256, None, f"{artefact}: {error.strerror or error}", kept=kept)
    return Content(sha256, found.sha256, kept=kept)


def _alike(known: list[Evaluation], version: Version) -> tuple[Evaluation, ...]:
    """Return the evaluations of a version's present content that were prepared as the latest one, the oldest first."""
    own = [one for one in known if one.version_id == version.id and one.artefact_sha256 == version.sha256]
    return tuple(one for one in reversed(own) if one.preprocessing_sha256 == own[0].preprocessing_sha256)


def _test_data(
    context: Context, connection: sqlite3.Connection, version: Version, settings: ModelSettings
) -> DataMarks:
    try:
        mark = stamp(locate(context.workspace, version.model, settings))
    except JobError:
        # None, or several: that has a fault of its own.
        mark = ""
    tried = models.data_stamp(connection, version.id)
    busy = jobs.pending(connection, JobKind.EVALUATE, version.model, version.number)
    return DataMarks(mark, tried, busy=busy)


def overlap(context: Context, model: str, settings: ModelSettings, report: Report) -> Overlap | str:
    """Return how many test examples are training data, counted anew where either has changed; or why that is not known.

    The data are read in a confined process of their own.
    """
    train = importing.occupied(importing.home(context.workspace, model, "train"), "train")
    if not train:
        return f"there are no training data in train/{model}"
    try:
        test = locate(context.workspace, model, settings)
        mark = f"{identity(train[0])} {identity(test)}"
        with context.writer.passing() as connection:
            before = overlaps.read(connection, model)
        if before is not None and before.stamp == mark:
            return before
        counted = _count(context, train[0], test, settings, report)
    except JobError as error:
        return error.message.rstrip(".")
    found = Overlap(stamp=mark, shared=counted[0], different=counted[1], at=context.now())
    with context.writer.transaction() as connection:
        overlaps.set_overlap(connection, model, found)
    return found


def _count(
    context: Context, train: Path, test: Path, settings: ModelSettings, report: Report
) -> tuple[int, int]:
    report.progress(0, 1, "comparing training and test data")
    # Of formats of several files the reader looks for those that belong together.
    readable = [path if path.is_dir() else path.parent for path in (train, test)]
    process = context.hosts.open_data(readable, limit_bytes=0)
    terms = Terms(Activity.READING, context.settings.limits.evaluation_s, report.cancelled, report.progress)
    try:
        told = process.describe(Describe((str(train), str(test)), settings.data), terms)
    finally:
        process.close()
    part = told.parts[1]
    return sum(one.n for one in told.shared), part.rows - part.repeated
