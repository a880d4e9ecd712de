"""Which version a job is about, and its model process: a warm one, or a new one whose outcome is recorded.

A version is ready once it has loaded, and failed when it has not; both are recorded here and nowhere else.
"""

from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import NamedTuple

from engine import policy
from engine.jobs.companions import LOADER, own_loader
from engine.jobs.context import Context
from engine.jobs.reading import readable_data
from engine.processes.client import Hosts, ModelProcess
from engine.processes.endings import CANCELLED, REFUSED, UNCONFINED, ModelProcessError
from engine.protocols import Options, RuntimeSpec
from engine.repository.integrity import ChangedError, WriteError
from engine.repository.keeper import note_mended
from engine.repository.objects import Kept, Objects
from engine.runtimes import chosen_options, runtime_for
from storage.errors import JobError, RefusedError, UnknownError
from storage.records import Job, Loading, Refusal, Version
from storage.settings import read_model_settings
from storage.tables import events, models, trust
from storage.text import clean
from storage.vocabulary import Role, Severity, Status

LOADABLE = frozenset({Status.CHECKING, Status.READY, Status.FAILED, Status.QUARANTINED})
"""Statuses in which trying to load makes sense: a person may insist on a version that failed."""

FAILURES = {REFUSED: policy.Failure.REFUSED, UNCONFINED: policy.Failure.UNCONFINED}
"""What some errors say about a version; any other one only says that it did not load."""

NOT_KEPT = "not-kept"
"""Code of a load that failed for want of room on the disk: it says nothing about the version."""

CPU = "cpu"
"""The device that every machine has."""


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
        raise UnknownError(f"There is no version {name}.", f"List them with: modeltender show {job.model}")
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
        JobError: somebody wants the end.
    """
    device = version.evaluation.device if version.evaluation else CPU
    try:
        if not context.pool.holds(_key(context, version, device)):
            with borrow(context, version, device, cancelled) as process:
                mark_ready(context, version, process, device)
    except JobError as error:
        if error.code == CANCELLED:
            raise
        name = f"{version.model}@{version.number}"
        raise RefusedError(f"{name} does not load on {device}: {error.message}", error.hint) from None


def _key(context: Context, version: Version, device: str) -> Loadable:
    """Return what a process of a version is kept warm under; that it cannot be told is recorded as a failed load."""
    runtime = _runtime(version)
    allowed = trusted(context, version)
    with _failure_recorded(context, version, device):
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
    with _failure_recorded(context, version, device):
        options = _options(context, version, _runtime(version))
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
    runtime = _runtime(version)
    with _failure_recorded(context, version, device):
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


@contextmanager
def _failure_recorded(context: Context, version: Version, device: str) -> Iterator[None]:
    try:
        yield
    except JobError as error:
        # A version that has loaded before is not broken because another device cannot be used, or the disk is full.
        elsewhere = version.status is Status.READY and (device != CPU or error.code == NOT_KEPT)
        if isinstance(error, ModelProcessError) and error.evidence:
            error.hint = f"If you trust it: modeltender trust {version.model}@{version.number} --reason TEXT"
        if error.code != CANCELLED and not elsewhere:
            _mark_failed(context, version, error)
        raise


def _runtime(version: Version) -> RuntimeSpec:
    if version.format is None or version.artefact is None or version.sha256 is None:
        raise JobError(
            f"{version.model}@{version.number} has not been checked yet.", "Try again in a moment."
        )
    return runtime_for(version.format)


def _options(context: Context, version: Version, runtime: RuntimeSpec) -> Options:
    settings = read_model_settings(context.workspace.model_settings(version.model))
    options = chosen_options(runtime, settings.runtime)
    return (*options, *own_loader(context, version, settings)) if LOADER in runtime.options else options


def keep(context: Context, version: Version, *, hashed: bool = False) -> Kept:
    """Return the copy that a version is loaded from; the version's own folder must still hold the same.

    ``hashed`` says that it was read just now, and does.
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
    except (OSError, ChangedError):
        # Gone, unreadable or being written right now: in each case not what was recorded.
        raise JobError(
            f"{name} changed on disk since it was recorded.", "It is checked again in a moment."
        ) from None
    if kept.mended:
        note_mended(context.writer, version.model, version.number, now=context.now())
    return kept


def trusted(context: Context, version: Version) -> bool:
    """Whether a version's owner trusts its very content now."""
    with context.writer.transaction() as connection:
        return trust.holds(connection, version.sha256)


def mark_ready(context: Context, version: Version, process: ModelProcess, device: str) -> None:
    """Record that a version has loaded and what it turned out to be, as far as that is news."""
    loading = loading_of(version, process, device)
    if version.status is Status.READY and version.loading == loading:
        return
    with context.writer.transaction() as connection:
        models.set_loading(connection, version.id, loading, parameters=process.loaded.parameters)
        if version.status is Status.READY:
            return
        models.set_version(connection, version.id, status=Status.READY)
        message = f"version {version.number} is ready ({version.format}, isolation {process.isolation})"
        events.add(
            connection, "ready", message, at=context.now(), model=version.model, version=version.number
        )


def loading_of(version: Version, process: ModelProcess, device: str) -> Loading:
    """Return what the process of a version found out about it, and the memory that it has taken so far."""
    loaded, runtime = process.loaded, _runtime(version)
    return Loading(
        runtime=runtime.name,
        runtime_version=loaded.version_of(runtime.name),
        device=device,
        inputs=loaded.inputs,
        outputs=loaded.outputs,
        load_s=loaded.load_s,
        # Ended meanwhile, or unreadable: what was seen when it had loaded, if anything.
        peak_rss_bytes=process.peak_rss_bytes() or loaded.peak_rss_bytes or None,
    )


def _mark_failed(context: Context, version: Version, error: JobError) -> None:
    """Record why a version does not load; it blocks no other one and is tried again as the policy says."""
    evidence = error.evidence if isinstance(error, ModelProcessError) else ()
    with context.writer.transaction() as connection:
        failures = models.failures(connection, version.id)
        if error.code == NOT_KEPT:
            retry = policy.after_shortage(failures, context.now())
        else:
            retry = policy.after_failed_load(failures, context.now(), failure=FAILURES.get(error.code))
        refusal = None
        if evidence or retry.status is Status.QUARANTINED:
            found = evidence or (clean(f"{retry.failures} failed loads in a row, the last: {error.message}"),)
            refusal = Refusal(at=context.now(), evidence=found, liftable=bool(evidence))
        models.set_version(
            connection,
            version.id,
            status=retry.status,
            reason=clean(error.message),
            failures=retry.failures,
            retry_at=retry.retry_at,
            refusal=refusal,
        )
        # Whatever was wrong with the data is not what is wrong now.
        models.set_failure(connection, version.id, None)
        events.add(
            connection,
            "load-failed",
            f"version {version.number} does not load: {error.message}",
            at=context.now(),
            severity=Severity.ERROR,
            model=version.model,
            version=version.number,
        )
