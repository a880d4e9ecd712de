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
        ({64: 1000, 256: 2000, 1024: 4000}, 1024, [64, 64, 256, 1024]),
        ({64: 1000, 256: 2000, 1024: 2100}, 256, [64, 64, 256, 1024]),
        ({64: 1000, 256: 1050, 1024: 9000}, 64, [64, 64, 256]),
    ],
)
def test_larger_batches_are_tried_while_they_pay(
    rates: dict[int, float], size: int, tried: list[int]
) -> None:
    """A tenth more throughput is worth a larger batch; the first batch only warms up."""
    assert search(rates) == (size, tried)


def test_few_examples_end_the_search(tmp_path: object) -> None:
    """With a thousand examples a batch of 1024 is never tried, and none is run twice."""
    del tmp_path
    assert search({64: 1000, 256: 2000, 1024: 4000}, rows=1000) == (256, [64, 64, 256])
    assert search({64: 1000}, rows=63) == (64, [])


def test_slow_models_keep_small_batches() -> None:
    """No batch is tried that would take longer than a second: progress must move."""
    assert search({64: 100, 256: 1000}) == (64, [64, 64])


def test_memory_is_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the last batch made the process grow, a four times larger one must still fit into half of it."""
    sizes = iter([100, 100, 300, 300])
    monkeypatch.setattr(calibration, "peak_memory", lambda: next(sizes))
    assert search({64: 1000, 256: 2000}, memory=1000) == (64, [64, 64])


def test_a_failure_ends_the_search() -> None:
    """A larger size that fails leaves the one that worked."""
    found = Calibration(PLENTY)
    found.note(64, 1.0)
    found.note(64, 0.1)
    found.stop()
    assert (found.size, found.propose(10_000)) == (64, None)
