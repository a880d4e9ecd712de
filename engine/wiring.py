"""The only place where the engine's parts meet: what is made, in which order, and with what."""

import faulthandler
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from engine.automatic import Automatic
from engine.devices.sampler import Sampler
from engine.doorbell import Doorbell
from engine.examiner import Examiner
from engine.exposing import Exposing
from engine.freeing import removing
from engine.jobs import ON_LINKS, ON_MODELS, ON_NOTICES, ON_TRAININGS
from engine.jobs.context import Context
from engine.lanes import Lane
from engine.log_file import LogFile
from engine.notify.notifier import Notifier
from engine.packing import Packing
from engine.processes import kernel, lockdown, processor_share
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.repairs import offering
from engine.repository import restore, switch
from engine.repository.keeper import Keeper
from engine.repository.objects import Objects
from engine.repository.observer import Observer
from engine.repository.repository import Repository
from engine.repository.soundness import Soundness
from engine.rolling import Rolling, kept
from engine.scheduling import Scheduler
from engine.service import Part, Service
from engine.service_manager import Manager, present
from engine.settings_watch import SettingsWatch
from engine.verifying import Verifying
from engine.versions import program_version
from engine.watching import Watching
from storage import durations, exposure_settings, heaps, interrupted
from storage.database import Writer, outdated, prepare
from storage.exposure_settings import Exposure
from storage.settings import read_workspace_settings
from storage.tables import deployed, events
from storage.tables import engine as engine_table
from storage.text import clean
from storage.vocabulary import ExitCode, Severity
from storage.workspace import Workspace, check_writable, create_workspace, engine_lock

log = logging.getLogger(__name__)


def run(workspace: Workspace) -> int:
    """Be the workspace's engine until SIGTERM or SIGINT; return the exit status.

    Raises:
        Error: another engine runs, the folders or the settings cannot be used, or the database cannot be opened.
    """
    heaps.share()
    _reckon_alone()
    check_writable(workspace)
    create_workspace(workspace.root)
    # Before anything is touched: wrong settings are told and nothing else happens.
    read_workspace_settings(workspace.settings_file)
    manager = present()
    stopping, broken = threading.Event(), threading.Event()
    # Never closed: a signal may ring it as long as the process lives.
    bell = Doorbell()

    def end() -> None:
        stopping.set()
        bell.ring()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: end())
    threading.excepthook = lambda failed: _end_on(failed, broken, end)
    # A crash of a library, and a service manager that ends an engine which hangs, leave where every thread was.
    faulthandler.enable()
    # The terminal that started the engine may close; that is no reason to end.
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    with engine_lock(workspace):
        _log_to(workspace)
        _bring_up_to_date(workspace.database)
        writer = Writer(workspace.database)
        try:
            begin(workspace, writer)
            bell.listen(writer.log_file)
            watch = SettingsWatch(workspace.settings_file, writer, now=time.time)
            while not stopping.is_set():
                logging.getLogger().setLevel(watch.settings.log.level.upper())
                _stand_back(watch.settings.limits.nice)
                _work(workspace, writer, watch, stopping=stopping, bell=bell, manager=manager)
                watch.renew()
            with writer.transaction() as connection:
                engine_table.stop(connection, now=time.time())
                events.add(connection, "engine-stopped", "engine stopped", at=time.time())
        except Exception:
            log.exception("the engine ends on an error")
            raise
        finally:
            writer.close()
    # A service manager starts an engine anew that broke, and lets one rest that was asked to end.
    return ExitCode.FAILED if broken.is_set() else ExitCode.DONE


def _reckon_alone() -> None:
    """Have numpy's matrix library do without threads of its own, before it is loaded; hosts do not inherit this.

    The engine's matrices are small. Its threads would wait for each other on a busy machine, and each has memory set apart.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


def _bring_up_to_date(database: Path) -> None:
    """Have a process of its own make the database, or bring an older one up to date.

    The libraries that this takes would stay in the engine for as long as it lives, a third of its memory. There are no threads
    yet, so that a fork is safe. What it cannot do is tried once more, and told, by whoever opens the database next.
    """
    if not outdated(database):
        return
    child = os.fork()
    if child == 0:
        try:
            # Together with the engine: it holds the same lock, and the next engine would be refused.
            kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
            prepare(database)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _end_on(failed: threading.ExceptHookArgs, broken: threading.Event, end: Callable[[], None]) -> None:
    """End the engine when one of its threads ended on a mistake of ours: one that works by half would mislead."""
    name = failed.thread.name if failed.thread else "a thread"
    log.critical("%s ended unexpectedly; the engine stops", name, exc_info=failed.exc_value)
    broken.set()
    end()


def _stand_back(nice: int | None) -> None:
    """Let other programs go first, as the settings say; threads and processes that are begun from here on do so too."""
    if nice is None or nice == os.getpriority(os.PRIO_PROCESS, 0):
        return
    try:
        os.setpriority(os.PRIO_PROCESS, 0, nice)
    except PermissionError:
        # Only root may come forward again; to work as it was started is better than not to work.
        log.warning("limits.nice = %d: this user may not go below what the engine was started with", nice)


def begin(workspace: Workspace, writer: Writer) -> None:
    """Settle what a dead engine left open, then say that this one works."""
    sandbox = _sandbox()
    switch.recover(workspace, writer, time.time())
    restore.recover(workspace, writer, time.time())
    Objects(workspace.objects).sweep()
    removing.sweep(workspace)
    with writer.transaction() as connection:
        now = time.time()
        for job in interrupted.recover(connection, now=now):
            message = f"{job.kind} was interrupted when the engine ended"
            events.add(
                connection,
                "interrupted",
                message,
                at=now,
                severity=Severity.WARNING,
                model=job.model,
                version=job.version,
            )
        engine_table.start(connection, pid=os.getpid(), version=program_version(), now=now, sandbox=sandbox)
        events.add(connection, "engine-started", f"engine started, process {os.getpid()}", at=now)


def _sandbox() -> dict[str, str]:
    """Return which walls this machine offers to model processes; an empty answer means that it could not be found out."""
    try:
        return {layer.value: state.value for layer, state in lockdown.probe().layers.items()}
    except OSError as error:
        # Every model process reports its own walls all the same; only the header has nothing to say before the first.
        log.warning("the sandbox could not be probed: %s", clean(str(error)))
        return {}


def _work(
    workspace: Workspace,
    writer: Writer,
    watch: SettingsWatch,
    *,
    stopping: threading.Event,
    bell: Doorbell,
    manager: Manager,
) -> None:
    """Put the engine together by the settings that hold, and work until it is to end or they hold no more."""
    settings = watch.settings
    share = processor_share.hold(settings.limits.cpu)
    hosts = Hosts(scratch=workspace.scratch, limits=settings.limits, share=share)
    pool = Pool(settings.limits, wanted=lambda: _deployed(writer))
    context = Context(workspace, writer, settings, hosts, pool, time.time, Soundness())
    examiner = Examiner(
        hosts.open_examiner, (workspace.train, workspace.models), idle_s=settings.limits.process_idle_s
    )
    repository = Repository(workspace, writer, settings, examiner, now=time.time, monotonic=time.monotonic)
    models, links = Lane("models", ON_MODELS, context), Lane("links", ON_LINKS, context)
    automatic = Automatic(workspace, writer, now=time.time, asked=(models.wake, links.wake))
    models.when_recorded(links.wake, automatic.wake)
    links.when_recorded(models.wake, automatic.wake)
    trainings = Lane("trainings", ON_TRAININGS, context)
    telling = Lane("notices", ON_NOTICES, context)
    watching = Watching(repository, rescan_s=settings.repository.rescan_s, scanned=models.wake)
    repository.when_known(watching.wake)
    repository.when_faulty(offering.offer_new)
    observer = Observer(
        workspace,
        watching.wake,
        renamed=repository.renamed,
        notice=repository.notice,
        effort_s=lambda: watching.effort_s,
    )
    sampler = Sampler(writer, settings.sampling.interval_s, time.time, pool.models)
    rolling = Rolling(writer, kept(settings.retention), now=time.time, monotonic=time.monotonic)
    try:
        parts: tuple[Part, ...] = (
            sampler,
            rolling,
            Packing(writer),
            Verifying(workspace.database, writer, now=time.time, measuring=hosts.measuring.is_set),
            examiner,
            watching,
            observer,
            Keeper(workspace, writer, now=time.time),
            automatic,
            Scheduler(workspace, writer, settings, now=time.time),
            Notifier(workspace, writer, settings, now=time.time),
        )
        parts += (*_exposing(workspace, settings.metrics),)
        lanes = (models, links, trainings, telling)
        Service(context, lanes, parts, stopping, bell, time.monotonic, manager, watch.outdated).run()
    finally:
        pool.close()
        hosts.close()


def _exposing(workspace: Workspace, exposure: Exposure) -> Iterator[Part]:
    """Yield the parts that tell figures to a collector, as the settings name a file or an address for it."""
    if exposure.textfile:
        yield Exposing(
            workspace.database, workspace.root / exposure.textfile, durations.seconds(exposure.every)
        )
    if exposure.listen:
        # What a server of HTTP brings along is 3 MiB that most engines have no use for.
        from engine.endpoint import Endpoint

        yield Endpoint(workspace.database, exposure_settings.address(exposure.listen))


def _deployed(writer: Writer) -> set[tuple[str, str]]:
    """Return the contents of the current and the previous version of every model."""
    with writer.passing() as connection:
        return {(each.model, each.content.sha256) for each in deployed.all_deployed(connection)}


def _log_to(workspace: Workspace) -> None:
    handler = LogFile(workspace.log)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(threadName)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    # watchdog tells every single event at debug level and is told nothing by us below a warning.
    logging.getLogger("watchdog").setLevel(logging.WARNING)
