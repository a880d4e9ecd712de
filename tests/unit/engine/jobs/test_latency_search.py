"""The most queries a second that a model keeps are confirmed by runs of full length, or told as not found: a real process."""

import pytest

from engine.evaluation import search
from engine.evaluation.search import Found
from engine.jobs import latency, latency_plan
from tests.tiny_models import digits_file, save_onnx
from tests.unit.engine.jobs.test_latency import Measure, Ready, context, measure, ready

__all__ = ["context", "digits_file", "measure", "ready"]

RATE = 2000.0


def found(monkeypatch: pytest.MonkeyPatch, *, lost: float) -> None:
    """Have short tries end with a rate that was kept, and the lowest that was lost; what comes before is cut short."""
    monkeypatch.setattr(latency_plan, "CAPACITY_S", 0.01)
    monkeypatch.setattr(latency_plan, "LEAST_WARM_UP_S", 0.1)
    monkeypatch.setattr(search, "highest", lambda *_given: Found(RATE, lost, 5))


def test_a_rate_that_full_runs_lose_is_lowered_and_then_told_as_lost(
    measure: Measure, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each time by a tenth; the last run is on record, without a claim."""
    ready(save_onnx)
    found(monkeypatch, lost=RATE)
    monkeypatch.setattr(latency, "kept", lambda *_given: False)
    answer, [run] = measure(scenario="server", objective_ms=2000.0, duration_s=0.1)
    assert run.target_qps == pytest.approx(RATE * 0.9**2)
    assert run.max_qps is None
    assert answer.missed == (
        "No rate was found that keeps p99 <= 2000 ms: a full run at 1620 queries a second did not.",
    )
    assert answer.notes == ()


def test_a_search_that_ran_out_of_time_says_between_which_rates_the_most_lies(
    measure: Measure, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though a run of full length kept the lower one."""
    ready(save_onnx)
    found(monkeypatch, lost=2 * RATE)
    monkeypatch.setattr(latency, "kept", lambda *_given: True)
    answer, [run] = measure(scenario="server", objective_ms=2000.0, duration_s=0.1)
    assert (run.target_qps, run.max_qps, answer.missed) == (RATE, RATE, ())
    [note] = answer.notes
    assert note.startswith(
        "The search ended after 5 tries; the most lies between 2000 and 4000 queries a second."
    )
