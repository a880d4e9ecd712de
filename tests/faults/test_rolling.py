"""Promises about rolling readings up while things go wrong: kills, a full disk, a clock that is set, many readers."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest

from engine.rolling import STEADY_S, Rolling
from storage import upkeep
from storage.database import Reader, Writer
from storage.tables import rollups
from storage.tables.rollups import DAY, HOUR, MINUTE, RAW, Bucket
from storage.workspace import Workspace
from tests.readings import MIDNIGHT, card, record, uses

YEAR = 365 * DAY
KEPT = {RAW: DAY, MINUTE: 14 * DAY, HOUR: 400 * DAY, DAY: 3650 * DAY}


class Clock:
    """Both clocks, as a test sets them."""

    def __init__(self) -> None:
        self.wall = MIDNIGHT + 2 * DAY
        self.steady = 0.0

    def pass_by(self, seconds: float) -> None:
        """Let time go on."""
        self.wall += seconds
        self.steady += seconds


def rolling(writer: Writer, clock: Clock) -> Rolling:
    """Return a thread that rolls up, not started."""
    return Rolling(writer, KEPT, now=lambda: clock.wall, monotonic=lambda: clock.steady)


def read(path: Path, level: int) -> list[Bucket]:
    """Return all buckets of the card's utilisation."""
    reader = Reader(path)
    with reader.transaction() as connection:
        found = rollups.read(
            connection, "cuda:0", "utilisation", level=level, since=0.0, until=1e12, distributed=True
        )
    reader.close()
    return found


ROLL_SLOWLY = """
import sys, time
from pathlib import Path
from storage.database import Writer
from storage.tables import rollups
writer = Writer(Path(sys.argv[1]))
print("begun", flush=True)
wanted = True
while wanted:
    with writer.passing() as connection:
        wanted = rollups.due(connection, now=4e9)
        if wanted:
            rollups.make(connection, wanted)
            print(wanted.at, flush=True)
"""


def test_a_kill_while_rolling_up_loses_and_doubles_nothing(workspace: Workspace, writer: Writer) -> None:
    """Killed with SIGKILL again and again, the work goes on where it was, and the result is that of one go."""
    values = uses(3 * HOUR)
    with writer.transaction() as connection:
        record(connection, values, since=MIDNIGHT)
    whole = {level: read(workspace.database, level) for level in rollups.TABLES}
    writer.close()
    for lines in (1, 20, 45, 70):
        with subprocess.Popen(
            [sys.executable, "-P", "-c", ROLL_SLOWLY, str(workspace.database)],
            stdout=subprocess.PIPE,
            text=True,
        ) as process:
            assert process.stdout is not None
            for _ in range(lines):
                process.stdout.readline()
            os.kill(process.pid, signal.SIGKILL)
    again = Writer(workspace.database)
    rolling(again, Clock()).work()
    with again.passing() as connection:
        assert connection.execute("SELECT count(*) FROM rollups_due").fetchone()[0] == 0
        assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    again.close()
    assert {level: read(workspace.database, level) for level in rollups.TABLES} == whole
    assert [bucket.n for bucket in whole[DAY]] == [len(values)]


ENGINE = """
import sys
from pathlib import Path
from engine import rolling
from storage.workspace import Workspace

# Nothing would be dropped in the first quarter of an hour.
rolling.STEADY_S = 0.0
rolling.ROUND_S = 0.05
from engine.wiring import run
sys.exit(run(Workspace(Path(sys.argv[1]))))
"""
"""A real engine that rolls up and drops from its first moment on."""

KILLS = 6

APART = 15
"""Seconds between two readings there: what is to be rolled up are buckets, and those are as many as ever."""


def waiting(path: Path) -> int:
    """Return how many of the card's buckets are still to be made."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT count(*) FROM rollups_due WHERE device_id = 'cuda:0'").fetchone()
    return int(found[0])


def oldest(path: Path) -> float:
    """Return when the oldest second of the card was that is still kept as it was read."""
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute("SELECT min(at) FROM device_samples WHERE device_id = 'cuda:0'").fetchone()
    return float(found[0])


def until_rolled(workspace: Workspace, most: int, engine: "subprocess.Popen[bytes]") -> None:
    """Wait until no more than so many buckets of the card are left to be made."""
    while waiting(workspace.database) > most:
        assert engine.poll() is None, "the engine ended by itself"
        time.sleep(0.002)


@pytest.mark.timeout(400)
def test_an_engine_that_is_killed_while_it_compacts_its_history_loses_and_doubles_nothing(
    workspace: Workspace, writer: Writer
) -> None:
    """Real engines, each killed somewhere among the buckets: the database is whole, the last one ends as one go would have."""
    days = 3
    began = (time.time() // DAY - days) * DAY
    values = uses(days * DAY // APART)
    with writer.transaction() as connection:
        record(connection, values, since=began, step_s=APART)
    whole = {level: read(workspace.database, level) for level in rollups.TABLES}
    writer.close()
    chance = random.Random(11)
    left = waiting(workspace.database)
    for _ in range(KILLS):
        with subprocess.Popen([sys.executable, "-P", "-c", ENGINE, str(workspace.root)]) as engine:
            until_rolled(workspace, left - chance.randrange(1, left // 4), engine)
            engine.kill()
        found = waiting(workspace.database)
        assert 0 < found < left
        left = found
        assert upkeep.damage(workspace.database) == []
    with subprocess.Popen([sys.executable, "-P", "-c", ENGINE, str(workspace.root)]) as engine:
        until_rolled(workspace, 0, engine)
        while oldest(workspace.database) < time.time() - 2 * DAY:
            assert engine.poll() is None
            time.sleep(0.01)
        engine.terminate()
    assert engine.returncode == 0
    assert upkeep.damage(workspace.database) == []
    assert {level: read(workspace.database, level) for level in rollups.TABLES} == whole
    assert sum(bucket.n for bucket in whole[DAY]) == len(values)


ROLL_ON_A_FULL_DISK = """
import resource, sqlite3, sys
from pathlib import Path
from storage.database import Writer
from storage.tables import rollups

def step():
    with writer.passing() as connection:
        wanted = rollups.due(connection, now=4e9)
        if wanted:
            rollups.make(connection, wanted)
    return wanted

path = Path(sys.argv[1])
writer = Writer(path)
# No file may grow any more, as on a disk without space; what SQLite is told then is the same kind of error.
largest = max(file.stat().st_size for file in path.parent.iterdir() if file.is_file())
resource.setrlimit(resource.RLIMIT_FSIZE, (largest, resource.RLIM_INFINITY))
refused = 0
for _ in range(10_000):
    try:
        if step() is None:
            break
    except sqlite3.Error:
        refused += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(refused)
writer.close()
"""


def test_a_full_disk_stops_it_and_it_goes_on_by_itself(workspace: Workspace, writer: Writer) -> None:
    """A step that cannot be written is not there at all; with space again the rest is rolled up and nothing is missing."""
    with writer.transaction() as connection:
        record(connection, uses(3 * HOUR), since=MIDNIGHT)
    whole = {level: read(workspace.database, level) for level in rollups.TABLES}
    writer.close()
    ran = subprocess.run(
        [sys.executable, "-P", "-c", ROLL_ON_A_FULL_DISK, str(workspace.database)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert int(ran.stdout) >= 1, "the disk was never full"
    assert {level: read(workspace.database, level) for level in rollups.TABLES} == whole


def test_a_write_that_fails_is_tried_again(
    writer: Writer, workspace: Workspace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The thread outlives a locked database, says so once, and rolls up when it can."""
    with writer.transaction() as connection:
        record(connection, uses(120), since=MIDNIGHT)
    writer._connections["NORMAL"].execute("PRAGMA busy_timeout = 10")
    monkeypatch.setattr("engine.rolling.ROUND_S", 0.02)
    intruder = sqlite3.connect(workspace.database)
    intruder.execute("BEGIN IMMEDIATE")
    thread = rolling(writer, Clock())
    failed, worked = threading.Event(), threading.Event()
    work = thread.work

    def watched() -> None:
        try:
            work()
        except sqlite3.Error:
            failed.set()
            raise
        worked.set()

    monkeypatch.setattr(thread, "work", watched)
    thread.start()
    assert failed.wait(60)
    intruder.rollback()
    intruder.close()
    assert worked.wait(60)
    thread.stop()
    assert [bucket.n for bucket in read(workspace.database, MINUTE)] == [60, 60]
    assert sum("cannot be rolled up" in line for line in caplog.messages) == 1


@pytest.mark.parametrize("jump", [2 * YEAR, -2 * YEAR])
def test_two_years_of_clock_change_lose_no_figure(writer: Writer, workspace: Workspace, jump: float) -> None:
    """A clock that is set by two years and back drops nothing, and what is read meanwhile is rolled up under its time."""
    clock = Clock()
    with writer.transaction() as connection:
        record(connection, uses(HOUR), since=MIDNIGHT)
    thread = rolling(writer, clock)
    clock.pass_by(STEADY_S - 100)
    clock.wall += jump
    with writer.transaction() as connection:
        record(connection, uses(60), since=clock.wall // 60 * 60)
    clock.pass_by(200)
    thread.work()
    clock.wall -= jump
    with writer.transaction() as connection:
        record(connection, uses(60), since=clock.wall // 60 * 60)
    clock.pass_by(200)
    thread.work()
    assert sum(bucket.n for bucket in read(workspace.database, RAW)) == HOUR + 120
    assert sum(bucket.n for bucket in read(workspace.database, MINUTE)) == HOUR + 120
    with writer.passing() as connection:
        minutes = connection.execute("SELECT sum(n) FROM device_minutes").fetchone()[0]
    assert minutes == HOUR + 120, "every minute was made and not only told"


def test_old_readings_go_when_the_clock_has_been_steady(writer: Writer, workspace: Workspace) -> None:
    """Readings past their time are dropped, and only after a while without a change of the clock."""
    clock = Clock()
    with writer.transaction() as connection:
        record(connection, uses(HOUR), since=MIDNIGHT)
    thread = rolling(writer, clock)
    thread.work()
    assert len(read(workspace.database, RAW)) == HOUR
    clock.pass_by(STEADY_S)
    thread.work()
    assert read(workspace.database, RAW) == []
    assert len(read(workspace.database, MINUTE)) == 60


def test_many_readers_see_every_reading_once_while_it_is_rolled_up(
    writer: Writer, workspace: Workspace
) -> None:
    """Thirty-two readers that look all the time see the same whole at every moment, and none keeps the work up."""
    values = uses(HOUR)
    with writer.transaction() as connection:
        record(connection, values, since=MIDNIGHT)
    seen: list[int] = []
    failures: list[BaseException] = []
    done = threading.Event()
    started = threading.Barrier(33)

    def look() -> None:
        reader = Reader(workspace.database)
        try:
            started.wait(60)
            while True:
                last = done.is_set()
                with reader.transaction() as connection:
                    found = rollups.read(
                        connection, "cuda:0", "utilisation", level=HOUR, since=0.0, until=1e12
                    )
                seen.append(sum(bucket.n for bucket in found))
                if last:
                    return
        except BaseException as error:  # noqa: BLE001 - told in the test's own thread
            failures.append(error)
        finally:
            reader.close()

    readers = [threading.Thread(target=look) for _ in range(32)]
    for one in readers:
        one.start()
    started.wait(60)
    rolling(writer, Clock()).work()
    done.set()
    for one in readers:
        one.join()
    assert not failures
    assert set(seen) == {len(values)}
    assert len(seen) >= 32


def test_a_device_that_went_keeps_its_history(writer: Writer, workspace: Workspace) -> None:
    """What an unplugged card read is rolled up and told after it has gone."""
    with writer.transaction() as connection:
        record(connection, uses(90), since=MIDNIGHT)
        connection.execute("DELETE FROM devices WHERE id = ?", (card().id,))
    rolling(writer, Clock()).work()
    assert [bucket.n for bucket in read(workspace.database, MINUTE)] == [60, 30]
