"""Which processes the pool keeps, lends and lets go; the processes are real."""

import threading
import time
from collections.abc import Iterator

import pytest

from engine.processes.client import ModelProcessError
from engine.processes.model_process import ModelProcess
from engine.processes.pool import Key, Pool
from storage.settings import LimitSettings
from tests.hostile.workbench import Bench, bench

__all__ = ["bench"]

IDLE_S = 100.0
LIMITS = LimitSettings(warm_processes=2, process_idle_s=IDLE_S)


def key(name: str) -> Key:
    """Return a key that differs by the artefact."""
    return (name, "runtime", "cpu")


@pytest.fixture
def pool(bench: Bench) -> Iterator[Pool]:
    """Return an empty pool of two places."""
    del bench
    held = Pool(LIMITS)
    yield held
    held.close()


def borrowed(pool: Pool, bench: Bench, name: str) -> ModelProcess:
    """Return the process that was lent for a key and given back."""
    with pool.borrow(key(name), bench.open) as process:
        return process


def test_second_borrower_gets_the_warm_process(bench: Bench, pool: Pool) -> None:
    """A process that was given back is lent again, and answers again."""
    first = borrowed(pool, bench, "a")
    with pool.borrow(key("a"), bench.open) as second:
        assert second is first
        assert bench.evaluate(second).rows == 2


def test_other_key_gets_another_process(bench: Bench, pool: Pool) -> None:
    """Artefact, runtime and device each tell processes apart."""
    first = borrowed(pool, bench, "a")
    for other in (key("b"), ("a", "other", "cpu"), ("a", "runtime", "cuda:0")):
        with pool.borrow(other, bench.open) as process:
            assert process is not first


def test_lent_process_is_not_lent_twice(bench: Bench, pool: Pool) -> None:
    """While a process is lent, another job for the same model gets one of its own."""
    with pool.borrow(key("a"), bench.open) as first, pool.borrow(key("a"), bench.open) as second:
        assert second is not first
    assert len(pool) == 2


def test_longest_unused_goes_first(bench: Bench, pool: Pool) -> None:
    """Beyond its places, the pool closes the process that was unused for longest."""
    a, b = borrowed(pool, bench, "a"), borrowed(pool, bench, "b")
    assert borrowed(pool, bench, "a") is a
    c = borrowed(pool, bench, "c")
    assert [process.alive for process in (a, b, c)] == [True, False, True]


def test_dead_process_is_not_lent(bench: Bench, pool: Pool) -> None:
    """A process that died while it rested is replaced."""
    first = borrowed(pool, bench, "a")
    first._conversation.end()
    second = borrowed(pool, bench, "a")
    assert second is not first
    assert second.alive
    assert len(pool) == 1


def test_failed_process_is_not_kept(bench: Bench, pool: Pool) -> None:
    """A process that was ended while it was lent is closed, and the error comes through."""
    with (
        pytest.raises(ModelProcessError, match="crashed"),
        pool.borrow(key("a"), lambda: bench.open("crashing")) as process,
    ):
        bench.evaluate(process)
    assert len(pool) == 0
    assert not process.alive


def test_failure_to_open_leaves_nothing(bench: Bench, pool: Pool) -> None:
    """A process that cannot be made is nothing to keep."""
    with (
        pytest.raises(ModelProcessError, match="SIGSEGV"),
        pool.borrow(key("a"), lambda: bench.open("segfault")),
    ):
        pytest.fail("nothing was lent")
    assert len(pool) == 0


def test_rest_has_an_end(bench: Bench, pool: Pool) -> None:
    """A process that nobody asked for the time-out is closed, not earlier."""
    process = borrowed(pool, bench, "a")
    lives = []
    for after_s in (IDLE_S - 10, IDLE_S + 10):
        pool.expire(time.monotonic() + after_s)
        lives.append(process.alive)
    assert lives == [True, False]
    assert len(pool) == 0


def test_closed_pool_keeps_nothing(bench: Bench, pool: Pool) -> None:
    """Closing ends what rests at once and what is lent when it comes back."""
    resting = borrowed(pool, bench, "a")
    with pool.borrow(key("b"), bench.open) as lent:
        pool.close()
        assert [resting.alive, lent.alive] == [False, True]
    assert [lent.alive, len(pool)] == [False, 0]


def test_threads_share_it(bench: Bench, pool: Pool) -> None:
    """Four threads that borrow at once never hold the same process, and no more than the places stay."""
    held: set[int] = set()
    clashes: list[int] = []

    def work() -> None:
        for _ in range(5):
            with pool.borrow(key("a"), bench.open) as process:
                if process.pid in held:
                    clashes.append(process.pid)
                held.add(process.pid)
                bench.evaluate(process)
                held.discard(process.pid)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert clashes == []
    assert len(pool) <= LIMITS.warm_processes


def test_what_is_wanted_goes_last(bench: Bench) -> None:
    """Of two that were used before, the one that is deployed stays, however long ago it was used."""
    held = Pool(LIMITS, wanted=lambda: {("a", "runtime")})
    a, b, c = (borrowed(held, bench, name) for name in "abc")
    assert [process.alive for process in (a, b, c)] == [True, False, True]
    d = borrowed(held, bench, "d")
    assert [process.alive for process in (a, c, d)] == [True, False, True]
    held.close()


def test_who_was_lent_a_moment_ago_stays_among_those_that_are_wanted(bench: Bench) -> None:
    """Where all places are taken by what is deployed, the longest unused of them goes: work goes on warm."""
    held = Pool(LIMITS, wanted=lambda: {("a", "runtime"), ("b", "runtime")})
    a, b, c = (borrowed(held, bench, name) for name in "abc")
    assert [process.alive for process in (a, b, c)] == [False, True, True]
    held.close()


def test_a_process_is_held_while_it_lives_lent_or_at_rest(bench: Bench, pool: Pool) -> None:
    """What is asked for is the process, not the record of it."""
    assert not pool.holds(key("a"))
    with pool.borrow(key("a"), bench.open) as process:
        assert pool.holds(key("a"))
        assert not pool.holds(key("b"))
    assert pool.holds(key("a"))
    process._conversation.end()
    assert not pool.holds(key("a"))


def test_models_are_known_by_their_processes(bench: Bench, pool: Pool) -> None:
    """Lent or at rest, and no longer than the process is held."""
    resting = borrowed(pool, bench, "a")
    with pool.borrow(key("b"), bench.open) as lent:
        assert pool.models() == {resting.pid: "a", lent.pid: "b"}
    pool.discard("a")
    assert pool.models() == {lent.pid: "b"}


def test_rest_can_begin_anew(bench: Bench, pool: Pool) -> None:
    """A switch is a use of a model's processes, and of nobody else's."""
    a, b = borrowed(pool, bench, "a"), borrowed(pool, bench, "b")
    pool._resting[:] = [rest._replace(since=rest.since - IDLE_S - 10) for rest in pool._resting]
    pool.renew("a")
    pool.expire(time.monotonic())
    assert [process.alive for process in (a, b)] == [True, False]
