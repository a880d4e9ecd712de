"""Rehearsals of the deployed version in an environment that is asked for real: what each cannot do is its answer."""

import sys
from typing import Any

import msgspec
import pytest

from engine.processes import interpreter
from engine.processes.endings import ModelProcessError
from engine.processes.interpreter import Inventory
from engine.processes.model_process import ModelProcess
from engine.processes.probes import Probed
from storage.rehearsed import Rehearsed, RehearsedModel
from storage.vocabulary import JobKind, Rehearsal
from tests.ward import Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def rehearsed(ward: Ward, **parameters: Any) -> RehearsedModel:
    """Rehearse in the engine's own environment, and return what became of the deployed version."""
    job = ward.do(JobKind.REHEARSE, None, interpreter=sys.executable, **parameters)
    assert ward.succeeded(job), job.error
    [found] = msgspec.json.decode(job.result, type=Rehearsed).models
    return found


def test_an_environment_that_tells_of_no_runtime_breaks_the_version_and_not_the_rehearsal(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it says of itself is not ours: the version is told as broken there, and was tried here; where its settings are, nowhere."""
    monkeypatch.setattr(interpreter, "inventory", lambda *_given: Inventory("3.99", ()))
    found = rehearsed(ward)
    assert (found.verdict, found.here.loads, found.there.loads) == (Rehearsal.BREAKS, True, False)
    assert found.reasons == ("it does not load there: The other environment knows nothing of onnx",)
    ward.settings("[objectives\n")
    found = rehearsed(ward)
    assert (found.here.loads, found.there.loads) == (False, False)
    assert "model.toml" in found.here.problem


def test_answers_that_are_too_large_to_be_told_leave_the_figures(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They say what there is to say; that answers could not be compared breaks nothing."""

    def too_large(*_given: object, **_named: object) -> Probed:
        raise ModelProcessError("The answers are too large.")

    monkeypatch.setattr(ModelProcess, "probe", too_large)
    found = rehearsed(ward)
    assert (found.verdict, found.outputs) == (Rehearsal.SAME, None)
    assert "accuracy" in {figure.name for figure in found.figures}
