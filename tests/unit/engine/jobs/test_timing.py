"""The latency of an evaluation goes on being measured when nobody waits: as far as it may, and never against a job."""

import pytest

from engine.evaluation.percentiles import STABLE_WINDOWS
from engine.jobs import timing
from engine.jobs.context import Refinement
from engine.jobs.timing import QUERIES
from storage.tables import evaluations
from tests.data_files import npz
from tests.unit.engine.jobs.test_evaluate_data import Bench, bench

__all__ = ["bench"]


def timed(bench: Bench) -> int:
    """Return of how many queries the latency on record is."""
    with bench.context.writer.transaction() as connection:
        [found] = evaluations.read(connection, "digits", limit=9)
    assert found.latency is not None
    return found.latency.n


@pytest.fixture
def refinement(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> Refinement:
    """Return what an evaluation leaves to be done, of which little was done within the job."""
    monkeypatch.setattr(timing, "SLICE_S", 1e-6)
    bench.put(npz)
    left = bench.do()[0].refinement
    assert left is not None
    assert timed(bench) < QUERIES
    monkeypatch.undo()
    return left


def test_it_goes_on_until_there_is_enough(bench: Bench, refinement: Refinement) -> None:
    """With the process that is warm; then there is nothing left to do, and a further call asks and records nothing."""
    before = timed(bench)
    while not refinement.refine(lambda: False):
        pass
    assert before < timed(bench) <= QUERIES
    with bench.context.writer.transaction() as connection:
        changes = connection.total_changes
    assert refinement.refine(lambda: False)
    with bench.context.writer.transaction() as connection:
        assert connection.total_changes == changes


def test_a_job_that_waits_comes_first(bench: Bench, refinement: Refinement) -> None:
    """Nothing is asked meanwhile, and what was measured stays on record."""
    before = timed(bench)
    assert not refinement.refine(lambda: True)
    assert timed(bench) == before


def test_whether_the_latest_slices_agree_is_told_with_the_figure(
    bench: Bench, refinement: Refinement, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each slice has a median; where the last ones are apart, the figure is not called steady."""
    monkeypatch.setattr(timing, "SLICE_S", 1e-3)
    monkeypatch.setattr(timing, "agree", lambda _medians: False)
    slices = iter([False] * STABLE_WINDOWS)
    refinement.refine(lambda: next(slices, True))
    with bench.context.writer.transaction() as connection:
        [found] = evaluations.read(connection, "digits", limit=9)
    assert found.latency is not None
    assert not found.latency.stable
