"""When a command starts an engine: always for work, for a look only where none ever ran."""

import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import database, full_disk, launch, schema
from storage.database import Writer
from storage.tables import engine
from storage.workspace import Workspace, create_workspace, engine_lock, engine_pid
from tui.commands.reading import engine_state, staleness, to_ask, to_look


@pytest.fixture
def untouched(tmp_path: Path) -> Iterator[Workspace]:
    """Return a workspace that is only settings so far."""
    workspace = Workspace(tmp_path / "untouched")
    workspace.root.mkdir()
    workspace.settings_file.write_text("")
    yield workspace
    launch.stop(workspace)


def test_a_look_where_no_engine_ever_ran_starts_one(untouched: Workspace) -> None:
    """Without a database there is nothing to see, so an engine is started and has listed the folders."""
    with to_look(untouched) as reader:
        state = engine_state(reader)
    assert state is not None
    assert state.scanned_at is not None
    assert engine_pid(untouched) == state.pid
    assert untouched.state.stat().st_mode & 0o777 == 0o700


def test_a_look_leaves_a_stopped_engine_stopped(stopped: Workspace) -> None:
    """What an engine found before it was stopped is shown, and nothing is started."""
    with to_look(stopped) as reader:
        assert engine_state(reader) is not None
    assert engine_pid(stopped) is None
    assert not launch.output_file(stopped).exists()


def test_a_look_at_an_older_programs_database_brings_it_up_to_date(untouched: Workspace) -> None:
    """What an older program left is read all the same: an engine of this one is started and migrates it."""
    untouched.state.mkdir(mode=0o700)
    connection = sqlite3.connect(untouched.database, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    schema.migrations.apply(Database(connection, execute_plugins=False), stop_before="latency_measurements")
    connection.execute("PRAGMA user_version = 1")
    connection.close()
    with to_look(untouched) as reader:
        with reader.transaction() as connection:
            assert connection.execute("PRAGMA user_version").fetchone()[0] == database.KNOWN_VERSION
        state = engine_state(reader)
    assert state is not None
    assert engine_pid(untouched) == state.pid


def test_asking_for_work_starts_a_stopped_engine(stopped: Workspace) -> None:
    """A command that wants work done has an engine behind it."""
    try:
        with to_ask(stopped) as reader:
            state = engine_state(reader)
            assert state is not None
            assert (state.pid, state.stopped_at) == (engine_pid(stopped), None)
            assert state.scanned_at is not None
    finally:
        launch.stop(stopped)


@pytest.mark.parametrize(
    ("age", "full", "said"),
    [
        (0.0, False, ""),
        (60.0, False, "The engine has been silent for 60 s"),
        (3 * 3600.0 + 90, False, "The engine has been silent for 3h01m"),
        (0.0, True, ""),
        (5.0, False, ""),
        (5.0, True, "The disk of "),
    ],
)
def test_a_silent_engine_is_remarked_on(
    age: float, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, full: bool
) -> None:
    """Figures of an engine that holds its lock and does not beat are marked as old; on a full disk some beats say it."""
    monkeypatch.setattr(full_disk, "is_full", lambda _folder: full)
    workspace = create_workspace(tmp_path)
    writer = Writer(workspace.database)
    with engine_lock(workspace), writer.transaction() as connection:
        engine.start(connection, pid=os.getpid(), version="0.1.0", now=time.time() - age, sandbox={})
        remark = staleness(workspace, engine.read(connection))
    writer.close()
    assert remark.startswith(said)
    assert bool(remark) is bool(said)


def test_a_stopped_engine_is_remarked_on_with_its_last_moment(tmp_path: Path) -> None:
    """Without an engine the remark says how things stood when, and how to start one."""
    workspace = create_workspace(tmp_path)
    writer = Writer(workspace.database)
    with writer.transaction() as connection:
        assert (
            staleness(workspace, None) == "The engine is not running. Start it with: modeltender engine start"
        )
        engine.start(connection, pid=1, version="0.1.0", now=1_750_000_000.0, sandbox={})
        remark = staleness(workspace, engine.read(connection))
    writer.close()
    assert "this is how things stood at 2025-06-15 15:06 UTC" in remark
