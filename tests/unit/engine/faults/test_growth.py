"""What grows is told from what has grown once, and from what only wavers."""

import numpy as np
import pytest
from msgspec.structs import replace

from engine.faults import engine_memory, memory_growth
from engine.faults.growth import LIMIT, NEEDED, Reading, growth
from engine.faults.sentences import MIB
from engine.faults.state import Endurance, PlaceState
from storage.vocabulary import Answer
from tests.unit.engine.faults.states import NOW, state

PLACE = PlaceState(now=NOW, free_bytes=1, total_bytes=1, wanted_free_bytes=0)


def readings(*sizes: float, step: float = 100.0) -> tuple[Reading, ...]:
    """Return readings of so many MiB, each after the same amount of work."""
    return tuple(Reading(step * (place + 1), size * MIB) for place, size in enumerate(sizes))


def test_the_figures_are_mann_s_and_sen_s() -> None:
    """Worked by hand: of twelve rising readings all 66 pairs rise, and the variance of their sum is 12·11·29/18."""
    found = growth(readings(*range(1, 13)))
    assert found.z == pytest.approx(65 / (12 * 11 * 29 / 18) ** 0.5)
    assert found.per == pytest.approx(MIB / 100)
    assert found.bytes == pytest.approx(11 * MIB)
    # Four and eight readings that are the same take their pairs' share from the variance; 32 pairs rise.
    tied = growth(readings(*[1] * 4, *[2] * 8))
    assert tied.z == pytest.approx(31 / ((12 * 11 * 29 - 4 * 3 * 13 - 8 * 7 * 21) / 18) ** 0.5)


@pytest.mark.parametrize(
    "sizes",
    [
        [5] * 12,
        [5] * 6 + [500] * 6,
        [5, 500] * 6,
        list(range(12, 0, -1)),
        [100 - 90 * 0.4**place for place in range(6)] + [100] * 6,
    ],
    ids=["the same", "a step", "to and fro", "falling", "filling up"],
)
def test_what_does_not_go_on_growing_is_no_trend(sizes: list[float]) -> None:
    """However much it was: what was taken once and kept is not a leak."""
    assert growth(readings(*sizes)).z < LIMIT


def test_one_odd_reading_changes_neither_the_answer_nor_the_slope() -> None:
    """Twelve readings that rise, one of which is a thousand times as large."""
    sizes = [float(size) for size in range(1, 13)]
    sizes[5] = 6000.0
    found = growth(readings(*sizes))
    assert found.per == pytest.approx(MIB / 100, rel=0.3)


def test_a_jump_among_readings_that_rise_a_little_is_no_leak() -> None:
    """Caches that fill while a buffer is taken once rise in every pair, and the median slope is not small either."""
    found = growth(readings(*[place / 10 + 30 * (place >= 6) for place in range(12)]))
    assert found.z >= LIMIT
    assert found.bytes > 2 * MIB
    assert not found.steady(2 * MIB)
    leak = growth(readings(*[3.0 * place for place in range(12)]))
    assert leak.steady(2 * MIB)
    assert not leak.steady(40 * MIB)


def test_stretches_of_unequal_work_are_no_jumps() -> None:
    """A machine that is busy for some of them lets little be done in these: what counts is how much each example takes."""
    work = [1000, 1, 1, 1, 1000, 1, 1, 1, 1, 1, 1, 2000]
    answered = [sum(work[: place + 1]) for place in range(12)]
    found = growth([Reading(at, 20_000.0 * at) for at in answered])
    assert found.steady(2 * MIB)


def test_only_the_latest_readings_count() -> None:
    """What grew until the day before yesterday and does not any more is over."""
    assert growth(readings(*range(1, 13), *[12] * NEEDED)).z == 0


def test_a_model_is_judged_from_enough_stretches_that_grow_enough() -> None:
    """Less than a trend needs is not known yet, and less than allocators put aside is nothing."""
    for sizes, answer, told in (
        ([], Answer.UNKNOWN, "there was time for 0"),
        (range(11), Answer.UNKNOWN, "there was time for 11"),
        ([10 + place * 0.3 for place in range(12)], Answer.HEALTHY, "3 MiB more over 1,100 examples"),
        (
            [10 + place for place in range(12)],
            Answer.FAULT,
            "by 11 MiB over 1,100 examples, 10,486 bytes each (Mann-Kendall z 4.5, limit 3.9)",
        ),
    ):
        finding = memory_growth.check(state(endurance=Endurance(NOW, readings(*sizes))))
        assert finding.answer is answer
        assert told in finding.detail
    assert memory_growth.check(state(not_probed="it does not load")).detail == "it does not load"


def test_the_engine_is_judged_by_what_it_took_before() -> None:
    """A large one may take more than a small one: a quarter more, and 64 MiB at least."""
    small = [100 + 5 * place for place in range(12)]
    large = [1000 + 10 * place for place in range(12)]
    grown = [100 + 20 * place for place in range(12)]
    memory = {"the engine": readings(*small), "the host of torch": readings(*large)}
    assert engine_memory.check(replace(PLACE, memory=memory)).answer is Answer.HEALTHY
    memory["the host of keras"] = readings(*grown, step=3600)
    finding = engine_memory.check(replace(PLACE, memory=memory))
    assert finding.answer is Answer.FAULT
    assert finding.detail == (
        "the host of keras took 100 MiB and takes 320 MiB, more nearly each time over 11 hours (Mann-Kendall z 4.5, "
        "limit 3.9)"
    )
    assert engine_memory.check(PLACE).detail == "needs 12 readings of one process; there are 0"
    few = replace(PLACE, memory={"the engine": readings(*grown[:3])})
    assert engine_memory.check(few).detail == "needs 12 readings of one process; there are 3"


def test_readings_that_waver_raise_no_alarm() -> None:
    """Not in two thousand series of random steps up and down, as a busy allocator makes them."""
    rng = np.random.default_rng(7)
    for _ in range(2000):
        sizes = (300 + np.cumsum(rng.normal(0, 4, NEEDED))).tolist()
        memory = {"the engine": readings(*sizes, step=3600)}
        assert engine_memory.check(replace(PLACE, memory=memory)).answer is Answer.HEALTHY
