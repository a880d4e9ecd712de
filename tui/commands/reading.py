"""Opening the database for a command, with an engine behind it where there must be one.

A command that only looks leaves a stopped engine stopped; only where none ever ran is one started, because
there would be nothing to see. A command that asks for work always has an engine.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from storage import full_disk, launch
from storage.database import OLDER, Reader
from storage.errors import DatabaseError
from storage.records import EngineState
from storage.tables import engine as engine_table
from storage.workspace import Workspace, engine_pid, owner_for_viewer
from tui.format import lasted

FIRST_LOOK_S = 10.0
"""How long a new engine may take to list the folders; after that, what it has found so far is shown."""

POLL_S = 0.01


@contextmanager
def to_look(workspace: Workspace) -> Iterator[Reader]:
    """Open the database for a command that only reads."""
    began_anew = not workspace.database.exists()
    if began_anew:
        launch.start(workspace)
    reader = _open(workspace)
    try:
        # Who may not start one sees that none ever worked.
        if not began_anew and engine_state(reader) is None and owner_for_viewer(workspace) is None:
            began_anew = True
            launch.start(workspace)
        if began_anew:
            _await_first_look(reader)
        yield reader
    finally:
        reader.close()


@contextmanager
def to_ask(workspace: Workspace) -> Iterator[Reader]:
    """Open the database for a command that asks the engine for work; the engine runs and has seen the folders."""
    launch.start(workspace)
    reader = Reader(workspace.database)
    try:
        _await_first_look(reader)
        yield reader
    finally:
        reader.close()


def _open(workspace: Workspace) -> Reader:
    """Open the database; one that an older program left is brought up to date by an engine of this one."""
    try:
        return Reader(workspace.database)
    except DatabaseError as error:
        if error.code != OLDER or engine_pid(workspace) is not None:
            raise
    launch.start(workspace)
    return Reader(workspace.database)


def engine_state(reader: Reader) -> EngineState | None:
    """Return the engine as it last described itself."""
    with reader.transaction() as connection:
        return engine_table.read(connection)


def staleness(workspace: Workspace, state: EngineState | None) -> str:
    """Return a sentence where no engine keeps the figures up to date, else nothing."""
    if engine_pid(workspace) is None:
        seen = time.strftime("%Y-%m-%d %H:%M", time.gmtime(state.heartbeat_at)) if state else ""
        since = f"; this is how things stood at {seen} UTC" if seen else ""
        owner = owner_for_viewer(workspace)
        way = f"{owner} can start it." if owner else "Start it with: modeltender engine start"
        return f"The engine is not running{since}. {way}"
    silence = time.time() - state.heartbeat_at if state is not None else 0.0
    if silence > full_disk.SILENT_S and full_disk.is_full(workspace.state):
        return full_disk.no_record(workspace.root).message
    if silence > launch.SILENT_S:
        return f"The engine has been silent for {lasted(silence)}. Look at its log: modeltender engine logs"
    return ""


def _await_first_look(reader: Reader) -> None:
    """Wait until the running engine has listed the folders once: before that, a model may be unknown only because it is new."""
    deadline = time.monotonic() + FIRST_LOOK_S
    while time.monotonic() < deadline:
        state = engine_state(reader)
        if state is not None and state.scanned_at is not None:
            return
        time.sleep(POLL_S)
