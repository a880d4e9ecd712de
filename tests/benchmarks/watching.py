"""What watching takes: a thousand versions dropped at once, and ten thousand that lie there.

Both workspaces are their own, so that neither the samples nor the benchmark's engine count.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from engine.repository.repository import Repository
from engine.watching import IDLE_SHARE
from storage import launch
from storage.database import Reader, Writer
from storage.settings import WorkspaceSettings
from storage.tables import engine as engine_table
from storage.vocabulary import Status
from storage.workspace import Workspace, create_workspace
from tests.benchmarks import apart
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import Stage
from tests.handmade_models import save_onnx
from tests.watched import AtOnce

DROPPED = 1_000
DROPPED_S = 30.0
LYING = 10_000
MODELS = 100
IDLE_CORE = 0.01
GROWN_MB = 1.0
MEGABYTE = 1024 * 1024
SETTLE_S = 15.0
"""After the engine's start, before anything is measured."""


def run(stage: Stage) -> list[Figure]:
    """Measure both."""
    del stage  # each has a workspace of its own
    with tempfile.TemporaryDirectory(prefix="modeltender-watching-") as name:
        return [*_dropped(Path(name) / "dropped"), *_lying(Path(name) / "lying")]


def _dropped(root: Path) -> list[Figure]:
    """Move a thousand finished files into ten inboxes at once while the engine's watching runs."""
    workspace = create_workspace(root)
    with _prepared(workspace, DROPPED) as prepared, _engine(workspace):
        began = time.perf_counter()
        for number, file in enumerate(prepared):
            inbox = workspace.train / f"model{number % 10}"
            inbox.mkdir(exist_ok=True)
            file.rename(inbox / file.name)
        while _recorded(workspace) < DROPPED:
            time.sleep(0.05)
        seconds = time.perf_counter() - began
        time.sleep(1.0)
        found, contents = _recorded(workspace), _contents(workspace)
    return [
        Figure(
            f"{DROPPED:,} new versions dropped into train/ at once: all copied, hashed and recorded "
            f"({found:,} versions of {contents:,} contents), while the engine begins to load them",
            f"{seconds:.1f} s",
            "",
            "",
            f"{DROPPED_S:.0f} s, none twice",
            seconds <= DROPPED_S and found == contents == DROPPED,
        )
    ]


def _lying(root: Path) -> list[Figure]:
    """Let an engine watch ten thousand versions until the end of the next listing that no event asks for."""
    workspace = create_workspace(root)
    for number in range(LYING):
        folder = workspace.version_folder(f"model{number % MODELS:03d}", number // MODELS + 1)
        save_onnx(folder / "model.onnx", str(number))
    _record(workspace)
    with _engine(workspace) as process:
        time.sleep(SETTLE_S)
        first = time.time()
        before, memory = _cpu_s(process), process.memory_info().rss
        last = _next_listing(workspace)
        share = (_cpu_s(process) - before) / (last - first)
        grown = (process.memory_info().rss - memory) / MEGABYTE
        resident = process.memory_info().rss / MEGABYTE
    return [
        Figure(
            f"processor at rest while {LYING:,} versions of {MODELS} models are watched, with one listing of all ({last - first:.0f} s)",
            f"{share * 100:.2f} % of a core",
            f"{IDLE_SHARE * 100:.1f} %: the share that listing is given",
            "",
            f"{IDLE_CORE * 100:.0f} %",
            share <= IDLE_CORE,
        ),
        Figure(
            f"the engine's memory meanwhile ({resident:.0f} MB)",
            f"{grown:+.1f} MB",
            "",
            "",
            f"at most +{GROWN_MB:.0f} MB",
            grown <= GROWN_MB,
        ),
    ]


@contextmanager
def _prepared(workspace: Workspace, number: int) -> Iterator[list[Path]]:
    folder = workspace.root / "prepared"
    yield [save_onnx(folder / f"{each}.onnx", str(each)) for each in range(number)]


@contextmanager
def _engine(workspace: Workspace) -> Iterator[psutil.Process]:
    process = psutil.Process(launch.start(workspace))
    yield process
    launch.stop(workspace)


def _record(workspace: Workspace) -> None:
    """Put the workspace's versions on record as ready, as they are once each has been evaluated."""
    apart.run("watching", str(workspace.root))


def record(workspace: Workspace) -> None:
    """Do what `_record` says, in a process that ends with it."""
    writer = Writer(workspace.database)
    repository = Repository(
        workspace, writer, WorkspaceSettings(), AtOnce(), now=time.time, monotonic=time.monotonic
    )
    while (due := repository.scan() or 0.0) < 1.0:
        time.sleep(due)
    with writer.transaction() as connection:
        connection.execute("DELETE FROM jobs")
        connection.execute("UPDATE versions SET status = ?", (Status.READY,))
    writer.close()


def _next_listing(workspace: Workspace) -> float:
    """Wait for the end of the next complete listing and return its time."""
    reader = Reader(workspace.database)
    before = found = _scanned_at(reader)
    while found == before:
        time.sleep(0.05)
        found = _scanned_at(reader)
    reader.close()
    return found


def _scanned_at(reader: Reader) -> float:
    with reader.transaction() as connection:
        state = engine_table.read(connection)
    return 0.0 if state is None or state.scanned_at is None else state.scanned_at


def _recorded(workspace: Workspace) -> int:
    return _count(workspace, "SELECT count(*) FROM versions WHERE sha256 IS NOT NULL")


def _contents(workspace: Workspace) -> int:
    return _count(workspace, "SELECT count(DISTINCT sha256) FROM versions")


def _count(workspace: Workspace, question: str) -> int:
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        found = int(connection.execute(question).fetchone()[0])
    reader.close()
    return found


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return times.user + times.system


if __name__ == "__main__":
    record(Workspace(Path(sys.argv[1])))
