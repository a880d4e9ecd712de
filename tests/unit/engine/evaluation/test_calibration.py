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
        ({32: 1000, 128: 2000, 512: 4000, 1024: 5000}, 1024, [32, 32, 128, 128, 512, 512, 1024, 1024]),
        ({32: 1000, 128: 2000, 512: 2050, 1024: 2060}, 128, [32, 32, 128, 128, 512, 512, 1024, 1024]),
        ({32: 1000, 128: 900, 512: 2000, 1024: 1900}, 512, [32, 32, 128, 128, 512, 512, 1024, 1024]),
        ({32: 1000, 128: 600}, 32, [32, 32, 128, 128]),
    ],
)
def test_larger_batches_are_tried_while_they_may_pay(
    rates: dict[int, float], size: int, tried: list[int]
) -> None:
    """A twentieth more throughput is worth a larger batch; one that is much slower ends the search."""
    assert search(rates) == (size, tried)


def test_faster_of_two_batches_counts() -> None:
    """The first batch of a size prepares the framework for its shape, and says little about speed."""
    found = Calibration(PLENTY)
    for size, seconds in ((32, 9.0), (32, 0.032), (128, 9.0), (128, 0.064)):
        assert found.propose(10_000) == size
        found.note(size, seconds)
    assert found.size == 128


def test_few_examples_end_the_search() -> None:
    """With a thousand examples a batch of 1024 is never tried, and every batch counts only once."""
    rates: dict[int, float] = {32: 1000, 128: 2000, 512: 4000, 1024: 8000}
    assert search(rates, rows=1000) == (512, [32, 32, 128, 128, 512])
    assert search({32: 1000}, rows=31) == (32, [])


def test_slow_models_keep_small_batches() -> None:
    """No batch is tried that would take longer than a second: progress must move."""
    assert search({32: 100, 128: 1000}) == (32, [32, 32])


def test_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last batches made the process grow, a four times larger one must still fit into half of it."""
    sizes = iter([100, 300, 300])
    monkeypatch.setattr(calibration, "peak_memory", lambda: next(sizes))
    assert search({32: 1000, 128: 2000}, memory=1000) == (32, [32, 32])


def test_a_failure_ends_the_search() -> None:
    """A larger size that fails leaves the one that worked."""
    found = Calibration(PLENTY)
    found.note(32, 1.0)
    found.note(32, 0.1)
    found.stop()
    assert (found.size, found.propose(10_000)) == (32, None)
