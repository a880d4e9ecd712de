"""Settings that change while the engine runs hold without a restart, and wrong ones change nothing."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from engine import jobs as kinds
from engine.doorbell import Doorbell
from engine.jobs.context import Context, Outcome, Report
from engine.lanes import Lane
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from engine.service import Service
from engine.settings_watch import SettingsWatch
from storage import jobs, launch
from storage.database import Reader, Writer
from storage.errors import SettingsError
from storage.records import Job
from storage.settings import WorkspaceSettings
from storage.tables import events
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace, engine_pid

PATIENCE_S = 60.0


def eventually(look: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + PATIENCE_S
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def write(workspace: Workspace, text: str) -> None:
    """Put settings into their place in one step, so that no look finds half of them."""
    whole = workspace.settings_file.with_suffix(".new")
    whole.write_text(text)
    whole.replace(workspace.settings_file)


def codes(reader: Reader) -> list[str]:
    """Return the codes of all events, the oldest first."""
    with reader.transaction() as connection:
        return [event.code for event in reversed(events.read(connection, limit=50))]


def watched(workspace: Workspace, writer: Writer) -> SettingsWatch:
    """Return a watch on the workspace's settings."""
    return SettingsWatch(workspace.settings_file, writer, now=time.time)


def test_a_change_is_seen_once_the_file_is_still(
    workspace: Workspace, writer: Writer, reader: Reader
) -> None:
    """The first look after a change may see half a file, the second one takes it; the log says so."""
    watch = watched(workspace, writer)
    assert not watch.outdated()
    workspace.settings_file.write_text("[limits]\nnice = 3\n")
    assert not watch.outdated()
    assert watch.outdated()
    assert watch.settings == WorkspaceSettings()
    watch.renew()
    assert watch.settings.limits.nice == 3
    assert not watch.outdated()
    assert codes(reader) == ["settings-changed"]


def test_wrong_settings_change_nothing(workspace: Workspace, writer: Writer, reader: Reader) -> None:
    """Those that held go on, what is wrong is told once, and the corrected file is taken."""
    workspace.settings_file.write_text("[limits]\nnice = 3\n")
    watch = watched(workspace, writer)
    workspace.settings_file.write_text("[limits]\nnice = 'very'\n")
    assert [watch.outdated() for _ in range(4)] == [False] * 4
    assert watch.settings.limits.nice == 3
    with reader.transaction() as connection:
        [told] = events.read(connection, limit=50)
    assert told.code == "settings-wrong"
    assert "limits.nice" in told.message
    assert "stay in force" in told.message
    workspace.settings_file.write_text("[limits]\nnice = 4\n")
    eventually(watch.outdated)


def test_what_says_the_same_is_no_change(workspace: Workspace, writer: Writer, reader: Reader) -> None:
    """A comment, a touched file, and a change that is taken back before it held leave everything as it is."""
    watch = watched(workspace, writer)
    workspace.settings_file.write_text("# nothing yet\n")
    assert [watch.outdated() for _ in range(3)] == [False] * 3
    assert codes(reader) == []
    workspace.settings_file.write_text("[limits]\nnice = 3\n")
    eventually(watch.outdated)
    workspace.settings_file.unlink()
    eventually(lambda: not watch.outdated())


def test_a_workspace_that_was_moved_wants_no_other_settings(workspace: Workspace, writer: Writer) -> None:
    """Parts that were made anew would make its folders anew where it lay; the settings hold until it is back."""
    workspace.settings_file.write_text("[limits]\nnice = 3\n")
    watch = watched(workspace, writer)
    elsewhere = workspace.root.rename(workspace.root.with_name("elsewhere"))
    assert [watch.outdated() for _ in range(4)] == [False] * 4
    elsewhere.rename(workspace.root)
    workspace.settings_file.write_text("[limits]\nnice = 4\n")
    assert [watch.outdated() for _ in range(2)] == [False, True]


def test_without_settings_that_could_hold_there_is_no_watch(workspace: Workspace, writer: Writer) -> None:
    """An engine does not begin with wrong settings."""
    workspace.settings_file.write_text("[limits]\nnice = 99\n")
    with pytest.raises(SettingsError, match=r"limits\.nice: expected 0 to 19"):
        watched(workspace, writer)


def test_what_runs_ends_before_the_settings_change(
    workspace: Workspace, writer: Writer, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The job at hand goes on to its end, the next one stays in the queue for the parts with the new settings."""
    settings = WorkspaceSettings()
    hosts = Hosts(scratch=workspace.scratch, limits=settings.limits)
    context = Context(workspace, writer, settings, hosts, Pool(settings.limits), time.time)
    begun, may_end, outdated = threading.Event(), threading.Event(), threading.Event()

    def handle(_context: Context, _job: Job, report: Report) -> Outcome:
        begun.set()
        while not may_end.wait(0.01):
            assert not report.cancelled()
        return Outcome(message="done")

    monkeypatch.setattr(kinds, "handler", lambda _kind: handle)
    lane = Lane("test", frozenset(JobKind), context)
    bell = Doorbell()
    bell.listen(writer.log_file)
    service = Service(context, (lane,), (), threading.Event(), bell, time.monotonic, outdated=outdated.is_set)
    thread = threading.Thread(target=service.run)
    thread.start()
    first = jobs.submit(workspace, JobKind.EVALUATE, "a", requested_by="ann")
    assert begun.wait(PATIENCE_S)
    outdated.set()
    eventually(lane._finishing.is_set)
    second = jobs.submit(workspace, JobKind.EVALUATE, "b", requested_by="ann")
    may_end.set()
    thread.join(PATIENCE_S)
    hosts.close()
    bell.close()
    assert not thread.is_alive()
    with reader.transaction() as connection:
        found = [jobs.read_one(connection, job.id) for job in (first, second)]
    assert [job.state for job in found if job] == [JobState.SUCCEEDED, JobState.QUEUED]


def test_a_running_engine_takes_new_settings(workspace: Workspace, reader: Reader, writer: Writer) -> None:
    """The same process works by them: a file of figures appears, and goes again, without a restart."""
    del writer
    file: Path = workspace.root / "figures.prom"
    pid = launch.start(workspace)
    try:
        write(workspace, '[metrics]\ntextfile = "figures.prom"\n')
        eventually(file.exists)
        write(workspace, "[metrics]\nevery = 'often'\n")
        eventually(lambda: "settings-wrong" in codes(reader))
        assert file.exists()
        write(workspace, "")
        eventually(lambda: not file.exists())
        assert engine_pid(workspace) == pid
    finally:
        launch.stop(workspace)
    assert codes(reader).count("settings-changed") == 2
    assert codes(reader)[-1] == "engine-stopped"
