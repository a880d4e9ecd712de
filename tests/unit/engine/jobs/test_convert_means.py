"""Ways by which a version could be written anew, and what is said where there is none: nothing is loaded for that."""

import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from engine import exports
from engine.processes import interpreter as interpreters
from engine.processes.interpreter import Inventory
from storage.records import Job
from storage.tables import models
from storage.vocabulary import Format, JobKind, JobState
from tests.ward import MODEL, Ward, ward, ward_hosts

__all__ = ["ward", "ward_hosts"]


def refused(ward: Ward, kind: Format = Format.ONNX, *, interpreter: str = "") -> Job:
    """Have the deployed version written anew as if it were of a format; return the job, which fails and leaves nothing."""
    current = ward.current()
    with ward.context.writer.transaction() as connection:
        models.set_artefact(
            connection,
            current.id,
            artefact=current.artefact,
            kind=kind,
            sha256=current.sha256,
            size=current.bytes,
        )
    job = ward.do(JobKind.CONVERT, 2, interpreter=interpreter)
    assert job.state is JobState.FAILED
    assert not (ward.context.workspace.train / MODEL).exists()
    return job


def test_where_there_is_no_way_it_is_said_before_anything_is_loaded(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A format that cannot be changed, one that another environment makes nothing better of, and a tool that is not there."""
    job = refused(ward, Format.LITERT)
    assert job.error.startswith(
        "litert cannot be rewritten here: a LiteRT file cannot be changed once it is made"
    )
    assert job.hint.startswith("What is left: install what it was saved with")
    job = refused(ward, interpreter="/no/such/python")
    assert job.error == "There is no way from onnx to a format that this environment may read better."
    monkeypatch.setattr(exports, "version_of", lambda name: None)
    assert refused(ward).error == "Rewriting onnx needs onnx, which is not installed."


@pytest.mark.skipif(find_spec("tensorflow") is None, reason="what exports Keras here is not installed")
def test_an_environment_without_the_framework_cannot_export(
    ward: Ward, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which is told with what it lacks."""
    monkeypatch.setattr(interpreters, "inventory", lambda *_given: Inventory("3.99", ()))
    job = refused(ward, Format.KERAS, interpreter=str(Path(sys.executable)))
    assert job.error == "The other environment cannot export keras."
    assert job.hint == "It needs tensorflow for that."
