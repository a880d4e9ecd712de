"""What every way from one format to another promises: one body for all of them, on real models in real model processes."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.evaluation.parity import broken, parity
from engine.exports import ROUTES, ways
from engine.processes.client import Hosts
from engine.processes.export_messages import Export, Predict, Predicted
from engine.processes.lockdown import FULL, probe
from engine.processes.model_process import ModelProcess
from engine.protocols import ExportRoute
from engine.runtimes import recognise, runtime_for
from storage import exported
from storage.settings import Output
from storage.vocabulary import Format, LayerState, Task
from tests.artefacts import artefact_sha256
from tests.tiny_models import KERAS_WARNING, OPTIONS, PREPROCESS, digits_file, saved

__all__ = ["digits_file", "saved"]

pytestmark = pytest.mark.filterwarnings(KERAS_WARNING)

WAYS = [
    (source, route)
    for route in ROUTES
    for source in route.sources
    if route.quantize is None or source is route.sources[0]
]
"""Every route, and every format that one takes; what becomes of numbers hangs on the route alone."""

each_way = pytest.mark.parametrize(
    ("source", "route"), WAYS, ids=[f"{source}-to-{route.name}" for source, route in WAYS]
)

DEADLINE_S = 100.0
EXAMPLES = 200

Saved = Callable[[Format], Path]


def predicted(process: ModelProcess, source: Format, data: Path) -> Predicted:
    """Return what a model answers on the same examples as every other one, prepared as its source takes them."""
    request = Predict(str(data), PREPROCESS[source], Output(), EXAMPLES)
    return process.predict(request, deadline_s=DEADLINE_S)


@pytest.mark.parametrize("source", list(Format))
def test_what_is_offered_is_what_can_be_done(source: Format) -> None:
    """The console, which knows no engine, offers of a format exactly the ways that lead from it."""
    there = {(way.target, way.quantize) for way in ways(source)}
    offered = exported.WAYS.get(source, ())
    assert set(offered) == there
    assert len(offered) == len(there)


@each_way
def test_a_model_becomes_another_one_that_answers_alike(
    source: Format, route: ExportRoute, warm_hosts: Hosts, saved: Saved, digits_file: Path, tmp_path: Path
) -> None:
    """Behind every wall, recognised as what it should be, and with the original's outputs.

    All of them where numbers stay as they are, the same class nearly always where they are made smaller.
    """
    original = saved(source)
    before_sha256 = artefact_sha256(original)
    opened = warm_hosts.open(
        original, runtime_for(source), "cpu", [digits_file, original.parent], wanted=source
    )
    result = tmp_path / route.artefact
    try:
        if set(probe().layers.values()) == {LayerState.ON}:
            assert opened.isolation == FULL
        before = predicted(opened, source, digits_file)
        request = Export(
            route.converter, route.artefact, route.quantize, str(digits_file), PREPROCESS[source]
        )
        opened.export(request, result, deadline_s=DEADLINE_S)
    finally:
        opened.close()
    assert artefact_sha256(original) == before_sha256
    artefact = result / "saved_model.pb" if result.is_dir() else result
    assert recognise(artefact).format is route.target
    made = warm_hosts.open(
        artefact,
        runtime_for(route.target),
        "cpu",
        [digits_file, artefact.parent],
        wanted=route.target,
        options=OPTIONS.get(route.target, ()),
    )
    try:
        after = predicted(made, source, digits_file)
    finally:
        made.close()
    found = parity(
        before, after, dataset="test.npz", task=Task.CLASSIFICATION, lossless=route.quantize is None
    )
    assert found.n == EXAMPLES
    assert not broken(found)
    assert found.agreement is not None
    if route.quantize is None:
        assert found.agreement == 1
    else:
        # Something was made smaller, and the classes are still there.
        assert 0 < found.max_difference < 0.2 * largest(before)
        assert found.agreement > 0.97


def largest(answers: Predicted) -> float:
    """Return the largest output."""
    return float(np.abs(np.frombuffer(answers.values, "<f4")).max())
