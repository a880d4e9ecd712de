"""What every recalibration promises: one body for all formats, on real models in real model processes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.evaluation.temperature import applied
from engine.exports.recalibration import ELSEWHERE, RECALIBRATIONS
from engine.processes.client import Hosts
from engine.processes.export_messages import Export, FitTemperature, Predict, Predicted
from engine.processes.lockdown import FULL, probe
from engine.processes.model_process import ModelProcess
from engine.protocols import ExportRoute, Temperature
from engine.runtimes import recognise, runtime_for
from storage.settings import Output
from storage.vocabulary import Format, LayerState
from tests.artefacts import artefact_sha256
from tests.tiny_models import KERAS_WARNING, PREPROCESS, digits, digits_file, expected_probabilities, saved

__all__ = ["digits_file", "saved"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

WAYS = [(source, route) for route in RECALIBRATIONS for source in route.sources]

DEADLINE_S = 100.0
EXAMPLES = 200
WANTED = 2.5

Saved = Callable[[Format], Path]


def test_every_format_is_recalibrated_or_has_a_reason() -> None:
    """A new format has to say which."""
    assert {source for source, _ in WAYS} | set(ELSEWHERE) == set(Format)
    assert not {source for source, _ in WAYS} & set(ELSEWHERE)


def fitted(process: ModelProcess, source: Format, data: Path) -> Temperature:
    """Return the temperature of a model, as its own process finds it."""
    request = FitTemperature(str(data), (), PREPROCESS[source], Output())
    found = process.fit_temperature(request, on_progress=lambda *_: None, deadline_s=DEADLINE_S)
    assert found.n == len(expected_probabilities())
    return found.temperature


def predicted(process: ModelProcess, source: Format, data: Path) -> Predicted:
    """Return what a model answers on the same examples as every other one."""
    request = Predict(str(data), PREPROCESS[source], Output(), EXAMPLES)
    return process.predict(request, deadline_s=DEADLINE_S)


def values(answers: Predicted) -> "np.ndarray[tuple[int, ...], np.dtype[np.float32]]":
    """Return outputs as rows."""
    return np.frombuffer(answers.values, "<f4").reshape(answers.rows, answers.width)


def searched() -> float:
    """Return the temperature by which the labels of the test examples are most likely, found by trying many."""
    logits = np.log(expected_probabilities())
    targets = digits()[1][1000:]

    def loss(value: float) -> float:
        scaled = logits / value
        known = np.log(np.exp(scaled - scaled.max(axis=1, keepdims=True)).sum(axis=1)) + scaled.max(axis=1)
        return float((known - scaled[np.arange(len(targets)), targets]).mean())

    tried = np.geomspace(0.2, 5, 500)
    return float(tried[np.argmin([loss(value) for value in tried])])


@pytest.mark.parametrize(("source", "route"), WAYS, ids=[source for source, _ in WAYS])
def test_a_model_is_softened_by_exactly_its_temperature(
    source: Format, route: ExportRoute, warm_hosts: Hosts, saved: Saved, digits_file: Path, tmp_path: Path
) -> None:
    """Fitted behind every wall as a search says, built into a file that any server loads, with the same classes."""
    original = saved(source)
    before_sha256 = artefact_sha256(original)
    opened = warm_hosts.open(
        original, runtime_for(source), "cpu", [digits_file, original.parent], wanted=source
    )
    result = tmp_path / route.artefact
    try:
        if set(probe().layers.values()) == {LayerState.ON}:
            assert opened.isolation == FULL
        found = fitted(opened, source, digits_file)
        assert found.value == pytest.approx(searched(), rel=0.02)
        before = predicted(opened, source, digits_file)
        wanted = Temperature(WANTED, found.scale, found.place, found.width)
        request = Export(route.converter, route.artefact, None, str(digits_file), PREPROCESS[source], wanted)
        opened.export(request, result, deadline_s=DEADLINE_S)
    finally:
        opened.close()
    assert artefact_sha256(original) == before_sha256
    artefact = result / "saved_model.pb" if result.is_dir() else result
    assert recognise(artefact).format is route.target
    made = warm_hosts.open(
        artefact, runtime_for(route.target), "cpu", [digits_file, artefact.parent], wanted=route.target
    )
    try:
        after = predicted(made, route.target, digits_file)
    finally:
        made.close()
    assert np.allclose(values(after), applied(values(before), wanted), atol=1e-5)
    assert not np.allclose(values(after), values(before), atol=1e-2)
    assert (values(after).argmax(axis=1) == values(before).argmax(axis=1)).all()
