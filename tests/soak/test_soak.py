"""A soak that is short enough for every run of the tests; ``make soak`` is the same for as long as one likes."""

import os
from pathlib import Path

import psutil
import pytest

from storage import interrupted, jobs
from storage.database import Writer
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace
from tests.soak.ledger import Ledger
from tests.soak.lives import MIB, Lives, Look, Promise
from tests.soak.soak import soak

SECONDS = 9.0

PROMISE = Promise("engine", most_mib=80, growth=0.02, more_descriptors=2, more_threads=2)


@pytest.mark.timeout(400)
def test_an_engine_survives_people_and_kills(tmp_path: Path) -> None:
    """After people, mishaps and kill -9 the record is true, no job is lost, the console lives, and nothing is left over."""
    problems, account = soak(tmp_path / "workspace", SECONDS)
    print(account)
    assert problems == []


def lived(*looks: Look) -> Lives:
    """Return a process that was looked at."""
    lives = Lives(PROMISE)
    lives.longest = list(looks)
    lives.peak = max(look.mib for look in looks)
    return lives


@pytest.mark.parametrize(
    ("more_mib", "more_descriptors", "more_threads", "told"),
    [
        (0.0, 0.0, 0.0, []),
        (0.01, 0.0, 0.0, ["grew by 7"]),
        (0.0, 0.01, 0.0, ["descriptors"]),
        (0.0, 0.0, 0.01, ["threads"]),
    ],
)
def test_what_grows_is_a_problem(
    more_mib: float, more_descriptors: float, more_threads: float, told: list[str]
) -> None:
    """A life in which memory, descriptors or threads grow is told, one in which they do not is none."""
    seconds = range(0, 1000, 2)
    found = lived(
        *(Look(s, 50 + more_mib * s, 20 + more_descriptors * s, 8 + more_threads * s) for s in seconds)
    )
    assert len(found.problems()) == len(told)
    assert all(words in problem for words, problem in zip(told, found.problems(), strict=True))
    assert f"slope {more_mib * 3600:+.1f} MiB an hour" in found.account()


def test_youth_is_no_growth_a_short_life_says_nothing_and_a_peak_is_told() -> None:
    """What a young process takes is no growth; more than is promised is told, but not of a life that was too short."""
    young = [Look(second, 20 + second / 10, 20, 8) for second in range(0, 200, 2)]
    assert lived(*young, *(Look(second, 40, 20, 8) for second in range(200, 1200, 2))).problems() == []
    short = lived(Look(0, 50, 20, 8), Look(1, 100, 90, 30))
    assert short.problems() == []
    assert "too short" in short.account()
    large = lived(*(Look(second, 100 if second == 500 else 50, 20, 8) for second in range(0, 1200, 2)))
    assert large.problems() == ["engine took 100.0 MiB, and 80 are promised"]


def test_a_look_is_read_from_the_process() -> None:
    """A look at a process has its resident memory, descriptors and threads; one that is gone gives none."""
    lives = Lives(PROMISE)
    lives.look(os.getpid(), 1.0)
    lives.look(None, 2.0)
    (look,) = lives.longest
    process = psutil.Process()
    assert abs(look.mib - process.memory_info().rss / MIB) < 50
    assert abs(look.descriptors - process.num_fds()) <= 2
    assert abs(look.threads - process.num_threads()) <= 2


def test_a_job_without_an_end_is_lost(workspace: Workspace, writer: Writer) -> None:
    """The ledger tells of jobs that still run, were never seen, or were cut off and not begun again; others are in order."""
    ledger = Ledger()
    for number in range(3):
        jobs.submit(workspace, JobKind.EVALUATE, f"m{number}", requested_by="ann")
    with writer.transaction() as connection:
        done, cut, running = (jobs.claim(connection, frozenset(JobKind), now=1.0) for _ in range(3))
        assert done is not None
        assert cut is not None
        assert running is not None
        jobs.finish(connection, done.id, JobState.SUCCEEDED, now=2.0)
        jobs.finish(connection, cut.id, JobState.INTERRUPTED, now=2.0)
    ledger.look(workspace.database)
    assert ledger.problems([done.id, 9]) == [
        "job 9 was never seen",
        f"job {cut.id} (evaluate m1) was interrupted and never begun again",
        f"job {running.id} (evaluate m2) has no end: it is running",
    ]
    with writer.transaction() as connection:
        interrupted.interrupt(connection, cut, error="cut off", now=2.0)
        interrupted.interrupt(connection, running, error="cut off", now=2.0)
        for _ in range(2):
            again = jobs.claim(connection, frozenset(JobKind), now=3.0)
            assert again is not None
            jobs.finish(connection, again.id, JobState.SUCCEEDED, now=4.0)
    ledger.look(workspace.database)
    with writer.transaction() as connection:
        jobs.prune(connection, keep=0)
    ledger.look(workspace.database)
    assert ledger.problems([done.id]) == []
    assert ledger.account() == "5 jobs, each with an end: 2 interrupted, 3 succeeded"
