"""Promises about a machine whose clock is set while the engine runs."""

import pytest

from engine import policy
from engine.clock import Look, change
from storage.vocabulary import Status
from tests.handmade_models import save_onnx
from tests.watched import Watched

HOUR, YEAR = 3600.0, 365 * 86400.0


@pytest.mark.parametrize(
    ("jumped", "said"),
    [
        (0.0, ""),
        (0.9, ""),
        (-0.9, ""),
        (HOUR, "the clock went ahead by 1 hour: it was set, or the machine slept"),
        (
            -HOUR,
            "the clock was set back by 1 hour; what is on record from before may look newer than it is",
        ),
        (10 * YEAR, "the clock went ahead by 3650 days: it was set, or the machine slept"),
        (7.0, "the clock went ahead by 7 seconds: it was set, or the machine slept"),
    ],
)
def test_a_jump_is_a_sentence_and_a_correction_is_none(jumped: float, said: str) -> None:
    """What a person notices is told with its size; what a time server does all day is not."""
    assert change(Look(1000.0, 50.0), Look(1001.0 + jumped, 51.0)) == said


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 10 * YEAR, -10 * YEAR])
def test_files_arrive_whatever_the_clock_says(watched: Watched, jump: float) -> None:
    """A clock that is set while a file settles neither takes it too early nor leaves it for ever."""
    file = save_onnx(watched.workspace.train / "mnist" / "a.onnx")
    watched.scan()
    watched.clock.jumped = jump
    watched.scan(0.1)
    assert not watched.versions("mnist"), "it has not been still for the settle time"
    watched.scan(0.3)
    assert list(watched.versions("mnist")) == [1]
    file.write_bytes(b"")
    save_onnx(file, "another")
    watched.settle()
    assert list(watched.versions("mnist")) == [2, 1]


def test_a_file_from_the_future_is_a_file(watched: Watched) -> None:
    """The time of a file says whether it changed, and is never compared with now."""
    import os

    for name, at in (("early", -YEAR), ("late", 100 * YEAR)):
        file = save_onnx(watched.workspace.train / "mnist" / f"{name}.onnx", name)
        os.utime(file, (watched.clock.now() + at, watched.clock.now() + at))
    watched.settle()
    assert len(watched.versions("mnist")) == 2


def test_a_failed_version_is_tried_again_although_the_clock_was_set_back(watched: Watched) -> None:
    """What was to be tried in half a minute is not put off for ten years."""
    watched.put_version("mnist", 1)
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("DELETE FROM jobs")
        connection.execute(
            "UPDATE versions SET status = ?, failures = 1, retry_at = ?",
            (Status.FAILED, watched.clock.now() + 30),
        )
    watched.scan(1)
    assert watched.version("mnist", 1).status is Status.FAILED
    watched.clock.jumped = -10 * YEAR
    watched.scan(1)
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert len(watched.jobs()) == 1


@pytest.mark.parametrize(
    ("retry_at", "left"), [(None, None), (990.0, 0.0), (1000.0, 0.0), (1030.0, 30.0), (1000.0 + YEAR, 0.0)]
)
def test_no_wait_is_longer_than_any_that_we_order(retry_at: float | None, left: float | None) -> None:
    """A time that lies further ahead than the longest pause is one of another clock."""
    assert policy.retry_in(retry_at, 1000.0) == left
