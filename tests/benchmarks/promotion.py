"""How quickly what was deployed before is deployed again, while the engine runs."""

import statistics
import subprocess
import time

from storage import jobs
from storage.database import Reader
from storage.records import Job
from storage.vocabulary import JobKind, JobState
from tests.benchmarks.figure import Figure
from tests.benchmarks.stage import COMMAND, Stage

MODEL = "mnist"
ROUNDS = 15
PROMISED_S = 0.1


def run(stage: Stage) -> list[Figure]:
    """Roll back again and again, by a row as a key writes it and by the command, and watch the link."""
    stage.settle()
    by_key, by_command, whole = [], [], []
    for number in range(2 * ROUNDS):
        _promote(stage)
        if number % 2:
            began = time.perf_counter()
            jobs.submit(stage.workspace, JobKind.ROLLBACK, MODEL, requested_by="benchmark")
            by_key.append(_switched(stage, began))
        else:
            began = time.perf_counter()
            with subprocess.Popen(
                [COMMAND, "rollback", MODEL, "--json", "-w", str(stage.workspace.root)],
                stdout=subprocess.DEVNULL,
            ):
                whole.append(_switched(stage, began))
            by_command.append(_from_request_to_link(stage))
        stage.settle()
    key_s, command_s = statistics.median(by_key), statistics.median(by_command)
    return [
        Figure(
            f"rollback: key to link switched (the longest of {ROUNDS}: {max(by_key) * 1e3:.0f} ms)",
            f"{key_s * 1e3:.0f} ms",
            "",
            "",
            f"{PROMISED_S * 1e3:.0f} ms",
            key_s <= PROMISED_S,
        ),
        Figure(
            f"rollback: the command's request to link switched (the longest of {ROUNDS}: {max(by_command) * 1e3:.0f} ms)",
            f"{command_s * 1e3:.0f} ms",
            f"{statistics.median(whole) * 1e3:.0f} ms: with the command's own start",
            "",
            f"{PROMISED_S * 1e3:.0f} ms",
            command_s <= PROMISED_S,
        ),
    ]


def _promote(stage: Stage) -> None:
    """Deploy version 2 whatever the gate says."""
    stage.run("promote", f"{MODEL}@2", "--force", "--reason", "benchmark")
    stage.settle()


def _switched(stage: Stage, began: float) -> float:
    """Wait until the link says version 1 again; return the seconds since ``began``."""
    link = stage.workspace.current_link(MODEL)
    while link.readlink().name != "1":
        time.sleep(0.0005)
    return time.perf_counter() - began


def _from_request_to_link(stage: Stage) -> float:
    """Return the seconds from the row that the command wrote to the link, by the file system's clock."""
    made = stage.workspace.current_link(MODEL).lstat().st_mtime
    return made - _rolled_back(stage).requested_at


def _rolled_back(stage: Stage) -> Job:
    stage.settle()
    reader = Reader(stage.workspace.database)
    with reader.transaction() as connection:
        found = jobs.read(connection, limit=1)[0]
    reader.close()
    if (found.kind, found.state) != (JobKind.ROLLBACK, JobState.SUCCEEDED):
        raise RuntimeError(
            f"job {found.id} is no rollback that worked: {found.kind} {found.state} {found.error}"
        )
    return found
