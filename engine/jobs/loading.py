"""Which version a job is about, and its model process: a warm one, or a new one.

Owns from which bytes a version is loaded, and with what. What a load has shown is put on record by
`engine.jobs.loading_record`.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from engine.jobs.checked import runtime_of
from engine.jobs.companions import own_loader
from engine.jobs.context import Context
from engine.jobs.loading_record import CPU, changed, failure_recorded, mark_ready
from engine.jobs.reading import readable_data
from engine.processes.client import Hosts, ModelProcess
from engine.processes.endings import CANCELLED, LOST, NOT_KEPT, NOT_STARTED
from engine.protocols import LOADER, Options, RuntimeSpec
from engine.repository.integrity import ChangedError, WriteError
from engine.repository.keeper import note_mended
from engine.repository.objects import Kept, Objects
from engine.runtimes import chosen_options
from storage import shortages
from storage.errors import JobError, RefusedError, UnknownError
from storage.records import Job, Version
from storage.settings import read_model_settings
from storage.tables import models, trust
from storage.text import word
from storage.vocabulary import Role, Status

LOADABLE = frozenset({Status.CHECKING, Status.READY, Status.FAILED, Status.QUARANTINED})
"""Statuses in which trying to load makes sense: a person may insist on a version that failed."""


class Loadable(NamedTuple):
    """What makes two processes of versions interchangeable: the key that the pool keeps them under."""

    model: str
    """Its process may read its data, and no other model's."""
    sha256: str
    runtime: str
    device: str
    options: Options
    trusted: bool
    """Without the trust that it was loaded with, a warm process is another one."""


def wanted_version(context: Context, job: Job) -> Version:
    """Return the version that a job names, else the current one, else the newest that is ready.

    Raises:
        UnknownError: there is none.
        JobError: it is one that cannot be loaded.
    """
    with context.writer.transaction() as connection:
        found = models.versions(connection, job.model)
    if job.version is not None:
        wanted = [version for version in found if version.number == job.version]
    else:
        ready = [version for version in found if version.status is Status.READY]
        wanted = [version for version in found if version.role is Role.CURRENT] or ready
    if not wanted:
        name = job.model if job.version is None else f"{job.model}@{job.version}"
        raise UnknownError(
            f"There is no version {name}.", f"List them with: modeltender show {word(job.model)}"
        )
    version = wanted[0]
    if version.status not in LOADABLE:
        raise JobError(
            f"{job.model}@{version.number} {version.status.fate}: {version.reason or 'it cannot be loaded'}"
        )
    return version


def borrow(
    context: Context, version: Version, device: str, cancelled: Callable[[], bool]
) -> AbstractContextManager[ModelProcess]:
    """Return the version's warm process, or load the version into a new one; a failed load is recorded."""
    key = _key(context, version, device)
    return context.pool.borrow(key, lambda: _open(context, version, device, key.options, cancelled=cancelled))


def show_loadable(context: Context, version: Version, cancelled: Callable[[], bool]) -> None:
    """Make sure that the very content of a version can be loaded where it is evaluated, and keep it loaded.

    Raises:
        RefusedError: it cannot; the message says why.
        JobError: somebody wants the end, or its host was ended meanwhile.
    """
    device = version.evaluation.device if version.evaluation else CPU
    try:
        if not context.pool.holds(_key(context, version, device)):
            with borrow(context, version, device, cancelled) as process:
                mark_ready(context, version, process, device)
    except JobError as error:
        if error.code in {CANCELLED, LOST}:
            raise
        name = f"{version.model}@{version.number}"
        raise RefusedError(f"{name} does not load on {device}: {error.message}", error.template) from None


def _key(context: Context, version: Version, device: str) -> Loadable:
    """Return what a process of a version is kept warm under; that it cannot be told is recorded as a failed load."""
    runtime = runtime_of(version)
    allowed = trusted(context, version)
    with failure_recorded(context, version, device):
        options = _options(context, version, runtime)
    return Loadable(version.model, version.sha256 or "", runtime.name, device, options, allowed)


@contextmanager
def fresh(
    context: Context,
    version: Version,
    device: str,
    cores: Collection[int],
    cancelled: Callable[[], bool],
    *,
    hashed: bool = False,
) -> Iterator[ModelProcess]:
    """Load the version into a new process of its own on some cores, which ends afterwards; a failed load is recorded.

    ``hashed`` says that its folder was read just now and holds what is on record.
    """
    with failure_recorded(context, version, device):
        options = _options(context, version, runtime_of(version))
    process = _open(context, version, device, options, cores=cores, cancelled=cancelled, hashed=hashed)
    try:
        yield process
    finally:
        process.close()


@contextmanager
def elsewhere(
    context: Context,
    version: Version,
    hosts: Hosts,
    runtime: RuntimeSpec,
    *,
    options: Options,
    cancelled: Callable[[], bool],
) -> Iterator[ModelProcess]:
    """Load the version from its copy in a process of other hosts, behind every version's walls; nothing is recorded of it."""
    process = _kept_open(context, version, hosts, runtime, CPU, options=options, cancelled=cancelled)
    try:
        yield process
    finally:
        process.close()


def _open(
    context: Context,
    version: Version,
    device: str,
    options: Options,
    *,
    cores: Collection[int] = (),
    cancelled: Callable[[], bool],
    hashed: bool = False,
) -> ModelProcess:
    runtime = runtime_of(version)
    with failure_recorded(context, version, device):
        return _kept_open(
            context,
            version,
            context.hosts,
            runtime,
            device,
            options=options,
            cores=cores,
            cancelled=cancelled,
            hashed=hashed,
        )


def _kept_open(
    context: Context,
    version: Version,
    hosts: Hosts,
    runtime: RuntimeSpec,
    device: str,
    *,
    options: Options,
    cores: Collection[int] = (),
    cancelled: Callable[[], bool],
    hashed: bool = False,
) -> ModelProcess:
    """Load a version from its copy, which stays for as long as the process does."""
    kept = keep(context, version, hashed=hashed)
    try:
        process = hosts.open(
            kept.artefact,
            runtime,
            device,
            (kept.folder, *readable_data(context.workspace, context.settings, version.model)),
            wanted=version.format,
            options=options,
            trusted=trusted(context, version),
            every_wall=context.settings.trust.require_sandbox,
            cores=cores,
            cancelled=cancelled,
        )
    except BaseException:
        kept.close()
        raise
    process.keep_until_closed(kept.close)
    return process


def _options(context: Context, version: Version, runtime: RuntimeSpec) -> Options:
    settings = read_model_settings(context.workspace.model_settings(version.model))
    options = chosen_options(runtime, settings.runtime)
    return (*options, *own_loader(context, version, settings)) if LOADER in runtime.options else options


def keep(context: Context, version: Version, *, hashed: bool = False) -> Kept:
    """Return the copy that a version is loaded from; the version's own folder must still hold the same.

    ``hashed`` says that it was read just now, and does.

    Raises:
        JobError: it does not, or the copy cannot be kept.
    """
    name = f"{version.model}@{version.number}"
    artefact = context.workspace.version_folder(version.model, version.number) / (version.artefact or "")
    try:
        kept = Objects(context.workspace.objects, context.soundness).keep(
            artefact, version.companions, version.sha256 or "", hashed=hashed
        )
    except WriteError as error:
        raise JobError(
            f"{name} cannot be loaded: the copy to load it from cannot be kept ({error.strerror}).",
            "Free some disk space, then try again.",
            code=NOT_KEPT,
        ) from None
    except (OSError, ChangedError) as error:
        if isinstance(error, OSError) and shortages.is_one(error):
            raise JobError(
                f"{name} cannot be read ({error.strerror}).", shortages.hint(error, ""), code=NOT_STARTED
            ) from None
        # Gone, unreadable or being written right now: in each case not what was recorded.
        raise changed(version) from None
    if kept.mended:
        note_mended(context.writer, version.model, version.number, now=context.now())
    return kept


def trusted(context: Context, version: Version) -> bool:
    """Whether a version's owner trusts its very content now."""
    with context.writer.transaction() as connection:
        return trust.holds(connection, version.sha256)
