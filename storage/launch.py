"""Starting and stopping the workspace's engine from outside: a detached process, found again by its lock.

Knows how an engine is begun and ended, and nothing of what it does. Only a process that holds this
workspace's lock is ever signalled, whatever number is written in the lock file.
"""

import os
import select
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from storage import full_disk, modes, shortages
from storage.database import OLDER, Reader, check, engine_on_record
from storage.errors import DatabaseError, EngineError
from storage.records import EngineState
from storage.tables import engine as engine_table
from storage.text import clean
from storage.workspace import Workspace, check_writable, engine_pid

if TYPE_CHECKING:
    from subprocess import Popen

START_S = 20.0
"""How long an engine may take until it works: ten times a slow start on a loaded machine."""

STOP_S = 15.0
"""How long an engine may take to end: it lets its jobs and model processes go first, each within seconds."""

POLL_S = 0.01
"""Pause between two looks at a starting engine; a look costs well under a millisecond."""

SILENT_S = 15.0
"""A heartbeat comes every second; an engine that has been silent for this long is stuck, stopped or frozen."""

OUTPUT_BYTES = 1024 * 1024
"""What an engine printed beside its log is begun anew beyond this."""

SHOWN_LINES = 3
UNREACHABLE = "engine-unreachable"


def start(workspace: Workspace) -> int:
    """Start the workspace's engine unless one runs, wait until it works, and return its process id.

    Raises:
        WorkspaceError: a folder of the workspace cannot be written.
        DatabaseError: the database is damaged, foreign or newer than this program, or an older program's engine works with it.
        EngineError: the engine did not begin to work in time.
    """
    if works(workspace):
        return engine_pid(workspace) or 0
    check_writable(workspace)
    _check_database(workspace)
    _check_engine(workspace)
    began = _output_bytes(workspace)
    process = spawn(workspace) if engine_pid(workspace) is None else None
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline:
        if works(workspace):
            pid = engine_pid(workspace) or 0
            if process is not None and pid != process.pid:
                # Ours was slower. Left alone, it might still find the lock free when the other has been stopped.
                process.terminate()
            return pid
        # Where another start was quicker, ours ends and the other's engine is waited for.
        if process is not None and process.poll() is not None and engine_pid(workspace) is None:
            raise _not_started(workspace, f"ended with status {process.returncode}", began)
        time.sleep(POLL_S)
    raise _not_started(workspace, f"did not react within {START_S:.0f} s", began)


def spawn(workspace: Workspace) -> "Popen[bytes]":
    """Start an engine of its own session and return at once; where one runs already, the new one ends by itself.

    Raises:
        EngineError: the system starts no process.
    """
    from subprocess import DEVNULL, Popen
    from threading import Thread

    output = output_file(workspace)
    output.parent.mkdir(parents=True, exist_ok=True)
    begin_anew = _output_bytes(workspace) > OUTPUT_BYTES
    with output.open("wb" if begin_anew else "ab") as stream:
        output.chmod(modes.file_mode(workspace.state))
        try:
            process = Popen(
                [sys.executable, "-P", "-m", "engine", "run", "--workspace", str(workspace.root)],
                stdin=DEVNULL,
                stdout=stream,
                stderr=stream,
                close_fds=True,
                # A folder that is in use cannot be unmounted; the engine keeps none but its workspace busy.
                cwd="/",
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(
                f"The engine of {clean(str(workspace.root))} cannot be started: {error.strerror}.",
                shortages.hint(error, "Free some memory or processes, and try again."),
                code=UNREACHABLE,
            ) from None
    try:
        # The console lives as long as its engine: without a wait, one that ended would stay behind as a zombie.
        Thread(target=process.wait, name="engine-reaper", daemon=True).start()
    except RuntimeError:
        # An engine takes some twenty threads itself, and would end by the first of them.
        process.kill()
        process.wait()
        raise EngineError(
            f"The engine of {clean(str(workspace.root))} cannot be started: no more threads may be.",
            shortages.PROCESSES,
            code=UNREACHABLE,
        ) from None
    return process


def works(workspace: Workspace) -> bool:
    """Whether an engine holds the lock, all its threads have begun, and its heartbeat is fresh."""
    pid = engine_pid(workspace)
    if not pid:
        return False
    try:
        state = _state(workspace)
    except DatabaseError:
        # A starting engine may be making it at this moment; a damaged one is reported by `start`.
        return False
    return (
        state is not None
        and state.pid == pid
        and state.stopped_at is None
        # The loop that renews it begins after everything else has.
        and state.heartbeat_at != state.started_at
        and time.time() - state.heartbeat_at < SILENT_S
    )


def stop(workspace: Workspace) -> int | None:
    """Ask the workspace's engine to end, wait for it, and return its process id, or ``None`` where none ran.

    Raises:
        EngineError: the engine may not be signalled, or did not end in time.
    """
    pid = _settled_pid(workspace)
    if pid is None:
        return None
    where = clean(str(workspace.root))
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        if engine_pid(workspace) is None:
            return pid
        raise _foreign(workspace, pid) from None
    try:
        # Asked after the handle was taken: the process that it names is the one that holds the lock.
        if not _holds_lock(workspace, pid):
            if engine_pid(workspace) is None:
                return pid
            raise _foreign(workspace, pid)
        signal.pidfd_send_signal(handle, signal.SIGTERM)
        if not _ended(handle):
            raise EngineError(
                f"The engine (process {pid}) of {where} did not end within {STOP_S:.0f} s.",
                f"Look at its log: modeltender engine logs; end it with: kill -9 {pid}",
                code=UNREACHABLE,
            )
    except ProcessLookupError:
        return pid
    except PermissionError:
        raise EngineError(
            f"The engine (process {pid}) of {where} belongs to another user.",
            "Stop it as that user.",
            code=UNREACHABLE,
        ) from None
    finally:
        os.close(handle)
    return pid


def output_file(workspace: Workspace) -> Path:
    """Return where an engine's output goes that is not in its log: words before the log is open, and a crash's."""
    return workspace.log.with_name("engine.out")


def _state(workspace: Workspace) -> EngineState | None:
    reader = Reader(workspace.database)
    try:
        with reader.transaction() as connection:
            return engine_table.read(connection)
    finally:
        reader.close()


def _check_database(workspace: Workspace) -> None:
    """Let a database that no engine can work with say so here, in its own sentence."""
    if not workspace.database.exists() or workspace.database.stat().st_size == 0:
        return
    try:
        check(workspace.database)
    except DatabaseError:
        # An engine that has taken the lock meanwhile may be half-way through making it.
        if engine_pid(workspace) is None:
            raise


def _check_engine(workspace: Workspace) -> None:
    """Let an engine of an older program be told at once: the database would not be brought up to date while it works."""
    try:
        Reader(workspace.database).close()
    except DatabaseError as error:
        pid = engine_pid(workspace)
        # An engine of this program writes its number when it has brought the database up to date.
        if error.code == OLDER and pid and pid == engine_on_record(workspace.database):
            raise


def _settled_pid(workspace: Workspace) -> int | None:
    """Return the engine's process id; one that has just taken the lock writes it a moment later."""
    for _ in range(100):
        pid = engine_pid(workspace)
        if pid != 0:
            return pid
        time.sleep(POLL_S)
    raise _foreign(workspace, 0)


def _holds_lock(workspace: Workspace, pid: int) -> bool:
    """Whether a process has the lock file open: the number in it may be of another machine or container."""
    try:
        lock = workspace.lock.stat()
        descriptors = list(Path(f"/proc/{pid}/fd").iterdir())
    except FileNotFoundError:
        return False
    for descriptor in descriptors:
        with suppress(FileNotFoundError):  # closed since it was listed
            found = descriptor.stat()
            if (found.st_dev, found.st_ino) == (lock.st_dev, lock.st_ino):
                return True
    return False


def _ended(handle: int) -> bool:
    poll = select.poll()
    poll.register(handle, select.POLLIN)
    return bool(poll.poll(STOP_S * 1000))


def _foreign(workspace: Workspace, pid: int) -> EngineError:
    return EngineError(
        f"The lock of {clean(str(workspace.root))} is held by process {pid or 'unknown'}, which is not to be seen from here.",
        "It may run in a container or on another machine that shares this folder; stop it there.",
        code=UNREACHABLE,
    )


def _not_started(workspace: Workspace, what: str, began: int) -> EngineError:
    if full_disk.is_full(workspace.state):
        return full_disk.no_record(workspace.root)
    words = _last_lines(output_file(workspace), began) or _last_lines(workspace.log, 0)
    return EngineError(
        f"The engine of {clean(str(workspace.root))} {what}" + (f": {words}" if words else "."),
        "Look at its log: modeltender engine logs",
        code=UNREACHABLE,
    )


def _last_lines(file: Path, after: int) -> str:
    try:
        with file.open("rb") as stream:
            end = stream.seek(0, os.SEEK_END)
            stream.seek(max(after if after <= end else 0, end - 4096))
            lines = stream.read().decode(errors="replace").splitlines()
    except OSError:
        # The words are an extra; that the engine did not start is said in any case.
        return ""
    told = (line.removeprefix("modeltender: ") for line in lines[-SHOWN_LINES:] if line.strip())
    return clean(" / ".join(told))


def _output_bytes(workspace: Workspace) -> int:
    try:
        return output_file(workspace).stat().st_size
    except FileNotFoundError:
        return 0
