"""A temperature is found where there is one to find, is not believed where chance explains it, and changes what it should."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from engine.evaluation.likeliest import PRECISION, find, fitted, losses
from engine.evaluation.outcomes import Outcomes, Scale
from engine.evaluation.temperature import applied, at_a_limit, telling
from engine.protocols import Temperature
from storage.vocabulary import OutputScale

ROWS = 4000


def drawn(temperature: float, *, rows: int = ROWS, classes: int = 5) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return logits, and classes drawn by them once they are divided by a temperature."""
    random = np.random.default_rng(0)
    logits = random.normal(0, 3, (rows, classes))
    noise = random.gumbel(size=logits.shape)
    return logits, np.asarray((logits / temperature + noise).argmax(axis=1))


def outcomes(scores: "NDArray[Any]", targets: "NDArray[Any]", scale: Scale) -> Outcomes:
    """Return what examples came to."""
    return Outcomes(targets, scores.argmax(axis=1), scores, scale)


def softmax(logits: "NDArray[Any]") -> "NDArray[Any]":
    """Return probabilities."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


@pytest.mark.parametrize("true", [0.5, 2.0, 4.0])
@pytest.mark.parametrize("scale", [Scale.LOGITS, Scale.PROBABILITIES])
def test_the_temperature_that_labels_were_drawn_with_is_found(true: float, scale: Scale) -> None:
    """From logits and from the probabilities that they make, in single precision; and it helps beyond chance."""
    logits, targets = drawn(true)
    scores = logits if scale is Scale.LOGITS else softmax(logits)
    found = find(outcomes(scores.astype(np.float32), targets, scale), scores.shape[1])
    assert found.value == pytest.approx(true, rel=0.08)
    assert found.gain_low > 0
    assert found.loss_after < found.loss_before
    assert found.softened is not None
    assert (found.softened.predicted == scores.argmax(axis=1)).all()
    # As a search over many says, which knows nothing of how it was found.
    tried = np.geomspace(0.2, 6, 400)
    best = tried[np.argmin([losses(logits, targets, value).mean() for value in tried])]
    assert found.value == pytest.approx(best, rel=0.02)


@pytest.mark.parametrize("true", [0.3, 1.0, 7.0])
def test_the_temperature_is_that_of_scipys_search(true: float) -> None:
    """To the precision that is promised, wherever between its limits it lies."""
    logits, targets = drawn(true)
    wanted = minimize_scalar(
        lambda power: losses(logits, targets, np.exp(power)).mean(), bracket=(-1.0, 1.0), tol=1e-10
    )
    assert np.log(fitted(logits, targets)) == pytest.approx(wanted.x, abs=PRECISION)


def test_what_is_well_calibrated_is_left_alone() -> None:
    """A temperature of about 1 may lower the loss of its own examples; of others it does not, beyond chance."""
    logits, targets = drawn(1.0)
    found = find(outcomes(logits, targets, Scale.LOGITS), 5)
    assert found.value == pytest.approx(1.0, rel=0.08)
    assert found.gain_low <= 0


def test_one_probability_of_two_classes_is_a_sigmoid() -> None:
    """A single column speaks for the second class, and its odds are what is divided."""
    random = np.random.default_rng(1)
    odds = random.normal(0, 4, (ROWS, 1))
    targets = (random.random(ROWS) < 1 / (1 + np.exp(-odds[:, 0] / 3))).astype(np.int64)
    column = 1 / (1 + np.exp(-odds))
    both = np.hstack([1 - column, column])
    found = find(outcomes(both, targets, Scale.PROBABILITIES), 1)
    assert found.value == pytest.approx(3.0, rel=0.1)


def test_several_labels_share_one_temperature() -> None:
    """Each is a question of its own; there is no calibration error of a top class."""
    random = np.random.default_rng(2)
    logits = random.normal(0, 4, (ROWS, 3))
    targets = random.random(logits.shape) < 1 / (1 + np.exp(-logits / 2))
    for scale, scores in ((Scale.LOGITS, logits), (Scale.SCORES, 1 / (1 + np.exp(-logits)))):
        found = find(Outcomes(targets, scores > 0, scores, scale), 3)
        assert found.value == pytest.approx(2.0, rel=0.1)
        assert found.softened is None


def test_labels_that_are_always_right_ask_for_more_than_there_is() -> None:
    """Then the lowest limit is what is found, and it is known to be one."""
    logits, _ = drawn(1.0)
    found = find(outcomes(logits, logits.argmax(axis=1), Scale.LOGITS), 5)
    assert at_a_limit(found.value)
    assert not at_a_limit(1.0)


@pytest.mark.parametrize("value", [0.5, 2.0])
def test_outputs_become_what_their_logits_say(value: float) -> None:
    """Logits are divided, probabilities come from divided logits, sigmoids from divided odds."""
    logits, _ = drawn(1.0, rows=50)
    told = Temperature(value, OutputScale.LOGITS, 0, 5)
    assert np.allclose(applied(logits.astype(np.float32), told), logits / value, atol=1e-6)
    told = Temperature(value, OutputScale.PROBABILITIES, 0, 5)
    soft = softmax(logits).astype(np.float32)
    assert np.allclose(applied(soft, told), softmax(logits / value), atol=1e-6)
    told = Temperature(value, OutputScale.SCORES, 0, 5)
    sigmoids = (1 / (1 + np.exp(-logits))).astype(np.float32)
    assert np.allclose(applied(sigmoids, told), 1 / (1 + np.exp(-logits / value)), atol=1e-3)


def test_a_sigmoid_that_is_as_good_as_one_tells_nothing() -> None:
    """Its digits are lost, so that nothing can be held against it; among classes the others still tell."""
    values = np.array([[0.2], [1.0]], dtype=np.float32)
    assert telling(values, Temperature(2.0, OutputScale.PROBABILITIES, 0, 1)).tolist() == [True, False]
    wide = np.array([[0.0, 1.0]], dtype=np.float32)
    assert telling(wide, Temperature(2.0, OutputScale.PROBABILITIES, 0, 2)).tolist() == [True]
