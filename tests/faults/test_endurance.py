"""An engine that has worked for long holds no more than one that has begun to."""

import time

import psutil
import pytest

from storage import jobs
from storage.database import Reader
from storage.vocabulary import FINISHED, JobKind, JobState
from storage.workspace import Workspace, engine_pid
from tests.digits_engine import MODEL

SETTLING, EVALUATIONS = 40, 160
MIB = 1024 * 1024
GROWTH_MIB = 3.0
"""What the allocator's habits may add; a row or a buffer kept of each evaluation would show."""


def evaluate(workspace: Workspace, times: int) -> None:
    """Have the model evaluated again and again, each time as a person asks for it."""
    reader = Reader(workspace.database)
    for number in range(times):
        job = jobs.submit(workspace, JobKind.EVALUATE, MODEL, 1, requested_by=f"person {number}")
        deadline = time.monotonic() + 60
        while True:
            with reader.transaction() as connection:
                found = jobs.read_one(connection, job.id)
            assert found is not None
            if found.state in FINISHED:
                assert found.state is JobState.SUCCEEDED, found.error
                break
            assert time.monotonic() < deadline
            time.sleep(0.005)
    reader.close()


@pytest.mark.timeout(300)
def test_hundreds_of_evaluations_leave_nothing_behind(digits_engine: Workspace) -> None:
    """Neither descriptors nor threads nor processes, and no memory to speak of."""
    evaluate(digits_engine, SETTLING)
    pid = engine_pid(digits_engine)
    assert pid is not None
    process = psutil.Process(pid)

    def held() -> tuple[int, int, int]:
        return process.num_fds(), process.num_threads(), len(process.children(recursive=True))

    before, rss = held(), process.memory_info().rss
    evaluate(digits_engine, EVALUATIONS)
    assert held() == before
    assert (process.memory_info().rss - rss) / MIB < GROWTH_MIB
