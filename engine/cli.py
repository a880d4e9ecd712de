"""The commands that start, stop and describe the engine; the command line mounts them by name.

Light on purpose: what the engine is made of is imported by ``engine run`` alone, so that asking for its
status costs no numerical library. Errors are raised, never printed: that is the command line's part.
"""

import os
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from engine.install_command import install
from engine.options import answer, standard_options
from storage import jobs, launch
from storage.database import OLDER, Reader
from storage.durations import rough
from storage.errors import DatabaseError, WorkspaceError
from storage.records import EngineState, HostState
from storage.tables import engine as engine_table
from storage.text import clean
from storage.vocabulary import ExitCode, JobState
from storage.workspace import Workspace, engine_pid

LINE = 2000
"""Characters of a log line that are shown: a traceback's longest line with room."""

TAIL_BYTES = 1024 * 1024
"""How much of the log's end is read for its last lines."""

FOLLOW_S = 0.2


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs wait and run."""

    queued: int
    running: int


class LogDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``engine logs --json`` says."""

    file: str
    lines: tuple[str, ...]


class EngineDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``engine status --json`` says; figures are ``null`` while no engine runs."""

    running: bool
    pid: int | None
    version: str | None
    started_at: datetime | None
    heartbeat_at: datetime | None
    rss_bytes: int | None
    cpu_percent: float | None
    hosts: tuple[HostState, ...]
    jobs: Waiting


@click.group()
def engine() -> None:
    """Start, stop and inspect the engine.

    The engine is the process that does the work of one workspace, whether or not anybody is looking.
    """


@engine.command(epilog="Example: modeltender engine start -w demo")
@standard_options
def start(*, workspace: Workspace, as_json: bool) -> int:
    """Start the engine in the background.

    Returns once it works, or at once if one is already running.
    """
    launch.start(workspace)
    document = _read(workspace)
    answer(document, f"The engine runs (process {document.pid}).", as_json=as_json)
    return ExitCode.DONE


@engine.command(epilog="Example: modeltender engine stop -w demo")
@standard_options
def stop(*, workspace: Workspace, as_json: bool) -> int:
    """Stop the engine and wait until it has ended.

    Unfinished work stays in its queue for the next one.
    """
    pid = launch.stop(workspace)
    text = "No engine was running." if pid is None else f"The engine (process {pid}) has ended."
    answer(_read(workspace), text, as_json=as_json)
    return ExitCode.DONE


@engine.command(epilog="Example: modeltender engine status --json")
@standard_options
def status(*, workspace: Workspace, as_json: bool) -> int:
    """Say whether the engine is running, and what it uses.

    Exits with 1 if it is not running.
    """
    document = _read(workspace)
    answer(document, _in_words(document, time.time()), as_json=as_json)
    return ExitCode.DONE if document.running else ExitCode.NO


@engine.command(epilog="Example: modeltender engine run -w /srv/models")
@standard_options
def run(*, workspace: Workspace, as_json: bool) -> int:
    """Run the engine in the foreground.

    For systemd and containers: it ends on SIGTERM and on Ctrl-C. There is one engine per workspace; a second one exits
    at once with status 4.
    """
    del as_json  # accepted for the form of an error: there is no answer before the end
    from engine.wiring import run as work

    return work(workspace)


@engine.command(epilog="Example: modeltender engine logs -n 100 --follow")
@standard_options
@click.option(
    "-n", "--lines", default=50, show_default=True, type=click.IntRange(0, 100_000), help="How many."
)
@click.option("-f", "--follow", is_flag=True, help="Follow new lines until Ctrl-C.")
def logs(*, workspace: Workspace, as_json: bool, lines: int, follow: bool) -> int:
    """Print the last lines of the engine's log."""
    if follow and as_json:
        raise click.UsageError("--follow and --json exclude each other: a log that goes on is no document.")
    shown, position = _tail(workspace.log, lines)
    if as_json:
        answer(LogDocument(file=clean(str(workspace.log), LINE), lines=tuple(shown)), "", as_json=True)
        return ExitCode.DONE
    for line in shown:
        click.echo(line)
    while follow:
        position = _print_new(workspace.log, position)
        time.sleep(FOLLOW_S)
    return ExitCode.DONE


engine.add_command(install)


def _read(workspace: Workspace) -> EngineDocument:
    pid = engine_pid(workspace)
    state, waiting = _recorded(workspace)
    return EngineDocument(
        running=pid is not None,
        pid=pid,
        version=state.version if state else None,
        started_at=_moment(state.started_at) if state else None,
        heartbeat_at=_moment(state.heartbeat_at) if state else None,
        rss_bytes=state.rss_bytes if state and pid else None,
        cpu_percent=state.cpu_percent if state and pid else None,
        hosts=state.hosts if state and pid else (),
        jobs=Waiting(queued=waiting[JobState.QUEUED], running=waiting[JobState.RUNNING]),
    )


def _recorded(workspace: Workspace) -> tuple[EngineState | None, dict[JobState, int]]:
    try:
        reader = Reader(workspace.database)
    except DatabaseError as error:
        older = error.code == OLDER and engine_pid(workspace) is None
        if error.code != "no-database" and not older:
            raise
        # A workspace whose engine never ran has no database, and its status is just that; an older one waits for the next engine.
        return None, {JobState.QUEUED: 0, JobState.RUNNING: 0}
    try:
        with reader.transaction() as connection:
            return engine_table.read(connection), jobs.counts(connection)
    finally:
        reader.close()


def _in_words(document: EngineDocument, now: float) -> str:
    jobs_line = f"jobs      {document.jobs.running} running, {document.jobs.queued} waiting"
    if not document.running:
        if document.heartbeat_at is None:
            return f"engine    not running; it never ran here\n{jobs_line}"
        return f"engine    not running; last seen {document.heartbeat_at:%Y-%m-%d %H:%M:%S} UTC\n{jobs_line}"
    lines = [f"engine    running, process {document.pid}, version {document.version or 'n/a'}"]
    if document.started_at and document.heartbeat_at:
        silence = max(0.0, now - document.heartbeat_at.timestamp())
        lines.append(f"started   {document.started_at:%Y-%m-%d %H:%M:%S} UTC")
        lines.append(
            f"heartbeat {rough(silence)} ago" + (" - it does not react" if silence > launch.SILENT_S else "")
        )
    if document.rss_bytes is not None and document.cpu_percent is not None:
        lines.append(
            f"uses      {document.rss_bytes / 2**20:.0f} MiB, {document.cpu_percent:.0f} % of a core"
        )
    for host in document.hosts:
        forks = f"{host.models} process{'' if host.models == 1 else 'es'} out of it"
        lines.append(f"host      {host.framework}, process {host.pid}, {forks}")
    return "\n".join([*lines, jobs_line])


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _tail(file: Path, lines: int) -> tuple[list[str], int]:
    """Return the last lines of a file, safe to print, and where it ends."""
    try:
        with file.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, end - TAIL_BYTES))
            found = stream.read(TAIL_BYTES).decode(errors="replace").splitlines()
    except FileNotFoundError:
        return [], 0
    except OSError as error:
        raise WorkspaceError(f"{clean(str(file))} cannot be read: {error.strerror}.") from None
    return [_safe(line) for line in found[len(found) - min(lines, len(found)) :]], end


def _print_new(file: Path, position: int) -> int:
    """Print the complete lines that were written after a position, and return the next one."""
    try:
        with file.open("rb") as stream:
            if stream.seek(0, os.SEEK_END) < position:
                position = 0  # the log was rotated: this file is the next one
            stream.seek(position)
            content = stream.read(TAIL_BYTES)
    except FileNotFoundError:
        return 0
    complete = content[: content.rfind(b"\n") + 1]
    for line in complete.decode(errors="replace").splitlines():
        click.echo(_safe(line))
    return position + len(complete)


def _safe(line: str) -> str:
    """Return a line of the log with nothing that steers a terminal; a traceback keeps its indentation."""
    text = line.lstrip(" ")
    return " " * min(len(line) - len(text), LINE) + clean(text, LINE)
