"""How the size of a batch is found."""

import pytest

from engine.evaluation import calibration
from engine.evaluation.calibration import SIZES, Calibration

PLENTY = 2**40

PREPARED = [32, 32]
"""The runs that only prepare the framework."""

TURN = [size for size in SIZES for _try in range(2)]


def search(rates: dict[int, float], rows: int = 10_000, memory: int = PLENTY) -> tuple[int, list[int]]:
    """Return the size that is found where a batch of a size runs at a rate, and the sizes tried."""
    found = Calibration(memory)
    tried: list[int] = []
    while (size := found.propose(rows - sum(tried))) is not None:
        tried.append(size)
        found.note(size, size / rates[size])
    return found.size, tried


def prepared() -> Calibration:
    """Return a search whose model has run as often as frameworks need to prepare it."""
    found = Calibration(PLENTY)
    for size in PREPARED:
        found.note(size, 9.0)
    return found


@pytest.mark.parametrize(
    ("rates", "size", "tried"),
    [
        ([1000, 2000, 3000, 4000, 5000], 1024, [*PREPARED, *TURN, *[512, 512, 1024, 1024] * 2]),
        ([1900, 2000, 2005, 2015, 2016], 128, PREPARED + TURN * 3),
        ([1000, 900, 950, 1100, 1000], 512, PREPARED + TURN * 3),
        ([10000, 7000, 6000, 5000, 4000], 32, [*PREPARED, *TURN, *[32] * 4]),
    ],
)
def test_each_size_is_tried_in_turns_while_it_has_a_chance(
    rates: list[float], size: int, tried: list[int]
) -> None:
    """A little more throughput is worth a larger batch; one that is much slower gets no second turn."""
    assert search(dict(zip(SIZES, rates, strict=True)), rows=20_000) == (size, tried)


def test_what_a_framework_prepares_is_not_held_against_the_smallest_size() -> None:
    """TorchScript's first two runs are many times slower than all that follow, whatever their size."""
    found = Calibration(PLENTY)
    runs = 0
    while (size := found.propose(100_000)) is not None:
        runs += 1
        found.note(size, 1.0 if runs <= len(PREPARED) else size / (200 if size == 32 else 130))
    assert found.size == 32


def test_fastest_of_the_tries_counts() -> None:
    """The first batch of a size prepares the framework for its shape, and a busy moment says nothing of a size."""
    found = prepared()
    seconds = {size: [0.09, size / 10_000, 0.09, 0.09, 0.09, 0.09] for size in SIZES}
    seconds[128][1] = 128 / 20_000
    while (size := found.propose(100_000)) is not None:
        found.note(size, seconds[size].pop(0))
    assert found.size == 128


def test_what_a_size_leaves_in_the_caches_is_not_held_against_the_next() -> None:
    """Where each size is slow at first, after another one, and the smallest is quickest from then on, that one is found."""
    found = Calibration(PLENTY)
    before = None
    while (size := found.propose(100_000)) is not None:
        settled = 20_000 if size == 32 else 10_000
        found.note(size, size / (settled if size == before else 9_000))
        before = size
    assert found.size == 32


def test_few_examples_end_the_search() -> None:
    """Of a thousand examples too few are left for a batch of 512 when its turn comes."""
    rates: dict[int, float] = {32: 1000, 128: 2000, 256: 3000, 512: 4000, 1024: 8000}
    assert search(rates, rows=1000) == (256, [*PREPARED, 32, 32, 128, 128, 256, 256])
    assert search({32: 1000}, rows=31) == (32, [])


def test_slow_models_keep_small_batches() -> None:
    """No batch is tried that would take longer than a second: progress must move."""
    assert search({32: 100, 128: 1000}) == (32, PREPARED + [32] * 6)


def test_a_slow_first_try_does_not_rule_out_larger_batches() -> None:
    """It pays for what the framework prepares; only a second one that is as slow tells that the model is."""
    found = prepared()
    found.note(32, 3.0)
    assert found.propose(10_000) == 32
    found.note(32, 0.15)
    assert found.propose(10_000) == 128
    found.note(128, 3.0)
    found.note(128, 0.6)
    tried = set()
    while (size := found.propose(10_000)) is not None:
        tried.add(size)
        found.note(size, size / 200)
    assert tried == {32, 128}, "a batch of 256 would take longer than a second"


def test_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last batch made the process grow, a four times larger one must still fit into half of it."""
    sizes = iter([100, 300, 300])
    monkeypatch.setattr(calibration, "peak_memory", lambda: next(sizes))
    assert search({32: 1000, 128: 2000}, memory=1000) == (32, PREPARED + [32] * 6)


def test_a_failure_ends_the_search() -> None:
    """A larger size that fails leaves the one that worked."""
    found = prepared()
    found.note(32, 1.0)
    found.note(32, 0.1)
    found.stop()
    assert (found.size, found.propose(10_000)) == (32, None)
