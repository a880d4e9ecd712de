"""How the size of a batch is found."""

import pytest

from engine.evaluation import calibration
from engine.evaluation.calibration import Calibration

PLENTY = 2**40


def search(rates: dict[int, float], rows: int = 10_000, memory: int = PLENTY) -> tuple[int, list[int]]:
    """Return the size that is found where a batch of a size runs at a rate, and the sizes tried."""
    found = Calibration(memory)
    tried: list[int] = []
    while (size := found.propose(rows - sum(tried))) is not None:
        tried.append(size)
        found.note(size, size / rates[size])
    return found.size, tried


@pytest.mark.parametrize(
    ("rates", "size", "tried"),
    [
        ({32: 1000, 128: 2000, 512: 4000, 1024: 5000}, 1024, [32, 128, 512, 1024] * 2 + [512, 1024]),
        ({32: 1900, 128: 2000, 512: 2050, 1024: 2055}, 128, [32, 128, 512, 1024] * 3),
        ({32: 1000, 128: 900, 512: 1100, 1024: 1000}, 512, [32, 128, 512, 1024] * 3),
        ({32: 10000, 128: 6000, 512: 5000, 1024: 4000}, 32, [32, 128, 512, 1024, 32, 128, 512, 1024, 32]),
    ],
)
def test_each_size_is_tried_in_turns_while_it_has_a_chance(
    rates: dict[int, float], size: int, tried: list[int]
) -> None:
    """A little more throughput is worth a larger batch; one that is much slower is not tried a third time."""
    assert search(rates) == (size, tried)


def test_fastest_of_the_tries_counts() -> None:
    """The first batch of a size prepares the framework for its shape, and a busy moment says nothing of a size."""
    found = Calibration(PLENTY)
    seconds = {32: [0.09, 0.0032, 0.05], 128: [0.09, 0.0064, 0.05], 512: [0.09, 0.08, 0.08], 1024: [0.09] * 3}
    while (size := found.propose(10_000)) is not None:
        found.note(size, seconds[size].pop(0))
    assert found.size == 128


def test_few_examples_end_the_search() -> None:
    """With a thousand examples a batch of 1024 is never tried, and what is left goes to the sizes that fit."""
    rates: dict[int, float] = {32: 1000, 128: 2000, 512: 4000, 1024: 8000}
    assert search(rates, rows=1000) == (512, [32, 128, 512, 32, 128])
    assert search({32: 1000}, rows=31) == (32, [])


def test_slow_models_keep_small_batches() -> None:
    """No batch is tried that would take longer than a second: progress must move."""
    assert search({32: 100, 128: 1000}) == (32, [32, 32, 32])


def test_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last batch made the process grow, a four times larger one must still fit into half of it."""
    sizes = iter([100, 300, 300])
    monkeypatch.setattr(calibration, "peak_memory", lambda: next(sizes))
    assert search({32: 1000, 128: 2000}, memory=1000) == (32, [32, 32, 32])


def test_a_failure_ends_the_search() -> None:
    """A larger size that fails leaves the one that worked."""
    found = Calibration(PLENTY)
    found.note(32, 1.0)
    found.note(32, 0.1)
    found.stop()
    assert (found.size, found.propose(10_000)) == (32, None)
