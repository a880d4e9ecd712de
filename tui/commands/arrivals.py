"""Versions that have just arrived: the engine is still to say what they are, and a command waits for that.

A person who copies a model and asks for it at once means the one that was copied.
"""

import itertools
import time
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from storage import jobs
from storage.database import Reader
from storage.errors import JobError, UnknownError
from storage.records import Job, JobParameters, Model, Version
from storage.tables import models
from storage.vocabulary import FINISHED, JobKind, Role, Status
from storage.workspace import Workspace, valid_model_name
from tui import allowance
from tui.commands.options import requester
from tui.commands.output import remark
from tui.commands.reading import engine_state
from tui.commands.targets import UNFINISHED, Target, default_version, find_model, find_version
from tui.commands.waiting import await_change, read_job

NOTICE_S = 3.0
"""How long the engine may take to notice a folder that is there: its settle time and a rescan, with room."""

TICK_S = 0.02
"""How far the time of a file lags behind the clock at most: the kernel takes it at a tick, of which 100 a second is the least."""

LOOKED_AT = 1_000
"""Things in an inbox whose times are looked at: a sharded model has hundreds, and a folder of images needs no look at all."""

POLL_S = 0.01

LISTED_JOBS = 200
"""Unfinished jobs come first in a list of jobs; more than this many never wait."""

HOPELESS = frozenset({Status.UNSUPPORTED, Status.MISSING})
"""Statuses of a version of which trying again says nothing new."""


def find_target(workspace: Workspace, reader: Reader, target: Target) -> Version:
    """Return the version that a command means; a folder that the engine has not noticed yet is waited for.

    Raises:
        UnknownError: there is no such model or version.
        EngineError: the engine ended meanwhile.
    """
    deadline = time.monotonic() + NOTICE_S
    await_inbox(workspace, reader, target)
    while True:
        try:
            found = _find(reader, target)
        except UnknownError:
            if not _lies_there(workspace, target) or time.monotonic() > deadline:
                raise
            time.sleep(POLL_S)
            continue
        return found if found is not None else _await_candidate(workspace, reader, target)


def await_inbox(workspace: Workspace, reader: Reader, target: Target) -> None:
    """Wait until the engine has decided about what lies in ``train/MODEL``, where that may be what is meant.

    What is still being written is waited for no longer than the engine takes to notice it, since that may take hours.

    Raises:
        EngineError: the engine ended meanwhile.
    """
    model = target.model
    if not valid_model_name(model) or not _means_newest(reader, target):
        return
    changed = _changed_at(workspace.train / model)
    if not changed:
        return
    deadline = time.monotonic() + NOTICE_S

    def look() -> bool | None:
        state = engine_state(reader)
        if state is None or state.scanned_at is None:
            return None
        awaited = model in state.undecided
        if not awaited and state.scanned_at >= changed + TICK_S:
            return True
        if time.monotonic() < deadline:
            return None
        if not awaited:
            # Times of another machine's clock, or nothing that a listing names.
            return True
        if _changed_at(workspace.train / model) > changed:
            remark(f"What is still being written to train/{model} is not waited for.")
            return True
        return None

    await_change(workspace, reader, look, f"what arrived in train/{model}")


class Request(NamedTuple):
    """One version that is to be evaluated."""

    workspace: Workspace
    reader: Reader
    version: Version
    parameters: JobParameters

    @property
    def name(self) -> str:
        """The version as people write it."""
        return f"{self.version.model}@{self.version.number}"


def join_or_submit(request: Request) -> Job:
    """Return the job that evaluates a version: the one of its arrival where that is not done yet, else a new one.

    Raises:
        JobError: the version cannot be evaluated.
        EngineError: the engine ended meanwhile.
    """
    began, reader, asked = time.time(), request.reader, request.version

    def look() -> Job | None:
        with reader.transaction() as connection:
            now = models.version(connection, asked.id) or asked
            under_way = _under_way(jobs.read(connection, limit=LISTED_JOBS), now, request.parameters)
        evaluation = now.evaluation
        if under_way is not None and (evaluation is None or now.status in UNFINISHED):
            return under_way
        if now.status in UNFINISHED:
            return None
        if now.status in HOPELESS:
            reason = now.reason or "no reason is known"
            allow = allowance.command(now)
            raise JobError(
                f"{request.name} cannot be evaluated: it {now.status.fate}: {reason}",
                f"If you trust it: {allow}" if allow else "",
            )
        if (
            asked.status in UNFINISHED
            and evaluation is not None
            and evaluation.job_id
            and evaluation.at >= began
        ):
            return read_job(reader, evaluation.job_id)
        return submit(request)

    return await_change(request.workspace, reader, look, request.name)


def submit(request: Request) -> Job:
    """Ask the engine for an evaluation and return its job."""
    return jobs.submit(
        request.workspace,
        JobKind.EVALUATE,
        request.version.model,
        request.version.number,
        requested_by=requester(),
        parameters=request.parameters,
    )


def await_first_evaluation(workspace: Workspace, reader: Reader, version: Version) -> Version:
    """Return a version as it is once its arrival's evaluation, where one is under way, has ended."""

    def look() -> Version | None:
        with reader.transaction() as connection:
            now = models.version(connection, version.id) or version
            under_way = _under_way(jobs.read(connection, limit=LISTED_JOBS), now, JobParameters())
        return None if now.status in UNFINISHED or under_way is not None else now

    return await_change(workspace, reader, look, f"the evaluation of {version.model}@{version.number}")


def _means_newest(reader: Reader, target: Target) -> bool:
    """Whether a target may be what has just arrived: the candidate, or a model of which nothing is deployed."""
    if target.version is not None:
        return target.version is Role.CANDIDATE
    with reader.transaction() as connection:
        model = models.read_one(connection, target.model)
    return model is None or model.current is None


def _find(reader: Reader, target: Target) -> Version | None:
    """Return the version that a target names, or ``None`` where it is a candidate that is still being checked."""
    with reader.transaction() as connection:
        model = find_model(connection, target.model)
        if target.version is None:
            return default_version(connection, model)
        if target.version is Role.CANDIDATE and _arriving(model):
            return None
        return find_version(connection, model, target.version)


def _await_candidate(workspace: Workspace, reader: Reader, target: Target) -> Version:
    return await_change(
        workspace, reader, lambda: _find(reader, target), f"the check of {target.model}'s newest version"
    )


def _arriving(model: Model) -> bool:
    """Whether a version above the deployed one is still being checked: it is the candidate that a person means."""
    newest, current = model.newest, model.current
    return (
        newest is not None
        and newest.status in UNFINISHED
        and (current is None or newest.number > current.number)
    )


def _under_way(listed: list[Job], version: Version, parameters: JobParameters) -> Job | None:
    return next(
        (
            job
            for job in listed
            if job.state not in FINISHED
            and (job.kind, job.model, job.version) == (JobKind.EVALUATE, version.model, version.number)
            and job.parameters == parameters
        ),
        None,
    )


def _changed_at(folder: Path) -> float:
    """Return when anything in a folder last changed, or 0 where there is none or it cannot be listed."""
    try:
        found = [path.lstat().st_ctime for path in itertools.islice(_below(folder), LOOKED_AT)]
        return max([folder.lstat().st_ctime, *found])
    except OSError:
        # It is not there, or went while it was listed: then there is nothing to wait for.
        return 0.0


def _below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        yield path
        if path.is_dir() and not path.is_symlink():
            yield from _below(path)


def _lies_there(workspace: Workspace, target: Target) -> bool:
    """Whether the folders hold what the database does not know yet."""
    if not valid_model_name(target.model):
        return False
    if isinstance(target.version, int):
        return workspace.version_folder(target.model, target.version).is_dir()
    return (workspace.models / target.model).is_dir() or (workspace.train / target.model).is_dir()
