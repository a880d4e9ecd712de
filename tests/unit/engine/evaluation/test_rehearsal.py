"""What a rehearsal makes of a version: the same, moved, broken, or mended, each with its reason."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.evaluation import rehearsal
from engine.evaluation.comparison import Side
from engine.evaluation.rehearsal import Outcome
from engine.processes.probes import PlainArray
from storage.gate_settings import Gate
from storage.measured import Metric
from storage.rehearsed import RehearsedModel, RehearsedSide
from storage.settings import ModelSettings
from storage.vocabulary import Rehearsal
from tests.unit.engine.evaluation.sides import answering, evaluation, version

LOADED = RehearsedSide(loads=True)
NOT_LOADED = RehearsedSide(loads=False, problem="no such layer")
LOADED_ONLY = RehearsedSide(loads=True, problem="There are no test data")

RIGHT = np.arange(1000) % 10 != 0
"""Nine of ten examples are answered rightly."""


def arrays(*values: float) -> tuple[PlainArray, ...]:
    """Return the answers to two examples."""
    found: NDArray[Any] = np.array(values or (0.5, 0.5, 0.25, 0.75), np.float32).reshape(2, 2)
    return (PlainArray("float32", found.shape, found.tobytes()),)


def seen(right: "NDArray[np.bool_]" = RIGHT, *values: float) -> Outcome:
    """Return a version that was evaluated."""
    return Outcome(LOADED, answering(1, right), arrays(1, 2, 3, 4), arrays(*values))


def judged(here: Outcome, there: Outcome, **settings: Any) -> RehearsedModel:
    """Return what is made of both."""
    return rehearsal.judged(version(1, evaluation()), here, there, ModelSettings(**settings))


def flipped(count: int) -> "NDArray[np.bool_]":
    """Return answers of which so many right ones have become wrong."""
    changed: NDArray[np.bool_] = RIGHT.copy()
    changed[np.flatnonzero(changed)[:count]] = False
    return changed


@pytest.mark.parametrize(
    ("here", "there", "verdict", "reason"),
    [
        (seen(), seen(), Rehearsal.SAME, ""),
        (seen(), seen(RIGHT, 0.5, 0.50001, 0.25, 0.75), Rehearsal.SAME, ""),
        (seen(), seen(flipped(1)), Rehearsal.MOVES, ""),
        (
            seen(),
            seen(flipped(30)),
            Rehearsal.BREAKS,
            "accuracy is worse there beyond chance: 0.8700 instead of 0.9000",
        ),
        (
            seen(),
            seen(RIGHT, 0.5, 0.5, 0.75, 0.25),
            Rehearsal.BREAKS,
            "its answers to 2 examples are apart by up to 0.5 there, where rounding explains 0.0001, and 1 of them get another class",
        ),
        (
            seen(),
            seen(RIGHT, 0.5, float("nan"), 0.25, 0.75),
            Rehearsal.BREAKS,
            "its answers to 2 examples have another form there, or are no numbers",
        ),
        (seen(), Outcome(NOT_LOADED), Rehearsal.BREAKS, "it does not load there: no such layer"),
        (
            seen(),
            Outcome(LOADED_ONLY),
            Rehearsal.BREAKS,
            "it cannot be evaluated there: There are no test data",
        ),
        (Outcome(NOT_LOADED), seen(), Rehearsal.MENDS, "here, and loads there: no such layer"),
        (Outcome(NOT_LOADED), Outcome(NOT_LOADED), Rehearsal.BROKEN, "here: no such layer"),
        (Outcome(LOADED_ONLY), Outcome(LOADED_ONLY), Rehearsal.LOADS, "here: There are no test data"),
        (
            Outcome(LOADED_ONLY),
            Outcome(NOT_LOADED),
            Rehearsal.BREAKS,
            "it does not load there: no such layer",
        ),
    ],
)
def test_each_outcome_has_its_verdict(here: Outcome, there: Outcome, verdict: Rehearsal, reason: str) -> None:
    """What rounding or chance explains breaks nothing."""
    found = judged(here, there)
    assert found.verdict is verdict
    assert found.reasons == ((reason,) if reason else ())


def test_an_objective_that_is_missed_there_breaks() -> None:
    """One that is missed here as well is no reason not to upgrade."""
    there = seen(flipped(1))
    found = judged(seen(), there, objectives={"accuracy": ">= 0.9"})
    assert found.verdict is Rehearsal.BREAKS
    assert found.reasons == ("objective accuracy >= 0.9: missed (0.899) there",)
    assert judged(seen(), there, objectives={"accuracy": ">= 0.95"}).verdict is Rehearsal.MOVES


def test_a_figure_tells_both_values_and_the_interval_of_their_difference() -> None:
    """Paired: one changed example in a thousand is told more sharply than two figures on their own."""
    [figure] = judged(seen(), seen(flipped(1))).figures
    assert (figure.name, figure.here, figure.there, figure.n, figure.moved) == (
        "accuracy",
        0.9,
        0.899,
        1000,
        True,
    )
    assert figure.advantage == pytest.approx(-0.001)
    assert figure.low is not None
    assert figure.high is not None
    assert -0.01 < figure.low < figure.advantage < figure.high < 0.01
    assert figure.confidence == pytest.approx(0.95)


def test_what_rounding_does_to_a_mean_breaks_nothing() -> None:
    """An error that is larger in every example, by a millionth of itself, is beyond chance and worth nothing."""
    errors = np.linspace(0.5, 1.5, 1000)

    def side(factor: float) -> Outcome:
        mae = Metric("mae", float(errors.mean() * factor), None, None, 1000)
        return Outcome(
            LOADED,
            Side(version(1, evaluation(mae, rows=1000)), None, {"mae": (errors * factor).astype("<f8")}),
            arrays(),
            arrays(),
        )

    gate = Gate(metric="mae")
    found = judged(side(1.0), side(1.00001), gate=gate)
    assert found.verdict is Rehearsal.MOVES
    [figure] = found.figures
    assert figure.high is not None
    assert figure.high < 0
    assert judged(side(1.0), side(1.01), gate=gate).verdict is Rehearsal.BREAKS


def test_a_figure_that_only_one_environment_has_is_left_out() -> None:
    """Nor is one told whose examples are not on record; what both have is compared all the same."""
    here, there = seen(), seen()
    assert here.side is not None
    assert there.side is not None
    metrics = [Metric(name, 0.5, 0.4, 0.6, 1000) for name in ("accuracy", "ece", "roc_auc")]
    found = judged(
        here._replace(side=here.side._replace(version=version(1, evaluation(*metrics)), right=None)),
        there._replace(side=there.side._replace(version=version(1, evaluation(metrics[0], metrics[2])))),
    )
    assert [figure.name for figure in found.figures] == ["roc_auc"]
    assert found.verdict is Rehearsal.SAME


@pytest.mark.parametrize("missing", ["here", "there"])
def test_answers_that_are_not_known_are_not_compared(missing: str) -> None:
    """The figures decide then; nothing is said of answers that nobody has."""
    here, there = (seen()._replace(outputs=()) if missing == place else seen() for place in ("here", "there"))
    found = judged(here, there)
    assert found.outputs is None
    assert found.verdict is Rehearsal.SAME


def test_a_figure_without_an_interval_is_told_without_one() -> None:
    """The largest error has none: its values are told, and that it moved."""
    sides = [
        Outcome(LOADED, Side(version(1, evaluation(Metric("max_error", value, None, None, 1000))), None, {}))
        for value in (3.0, 3.5)
    ]
    [figure] = judged(*sides).figures
    assert (figure.here, figure.there, figure.low, figure.high, figure.moved) == (3.0, 3.5, None, None, True)
