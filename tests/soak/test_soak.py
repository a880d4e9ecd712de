"""A soak that is short enough for every run of the tests; ``make soak`` is the same for as long as one likes."""

from pathlib import Path

import pytest
from tests.soak.memory import MIB, Memory

from tests.soak.soak import soak

SECONDS = 20.0


@pytest.mark.timeout(400)
def test_an_engine_survives_people_and_kills(tmp_path: Path) -> None:
    """After arrivals, mistakes, deletions and kill -9 the record is true, the link valid, and nothing is left over."""
    problems, account = soak(tmp_path / "workspace", SECONDS)
    print(account)
    assert problems == []


def test_memory_that_grows_is_a_problem() -> None:
    """A life in which memory grows without end is told, one in which it does not is none, and a short one tells nothing."""
    for growth, told in ((0.0, 0), (0.5, 1)):
        memory = Memory()
        memory._longest = [(float(second), 50 + growth * second) for second in range(200)]
        memory._peak = 50 + growth * 200
        assert len(memory.problems()) == told
        assert f"{growth * 3600:+.1f} MiB an hour" in memory.account()
    short = Memory()
    short._longest = [(0.0, 50.0), (1.0, 500.0)]
    assert short.problems() == []
    assert "too short" in short.account()


def test_memory_is_read_from_the_process() -> None:
    """The sample of a process is its resident memory; one that is gone gives none."""
    import os

    import psutil

    memory = Memory()
    memory.look(os.getpid(), 1.0)
    memory.look(None, 2.0)
    ((_, size),) = memory._longest
    assert abs(size - psutil.Process().memory_info().rss / MIB) < 50
