"""Promises about what is done about one version: decided from its record and how its folder looks."""

import sqlite3
from typing import Any, cast

import pytest

from engine.repository.versions import Step, next_step, refused
from storage.vocabulary import Status

NOW = 1000.0

LOOKED = [("mnist", "1"), ("other", "2")]


def row(**given: Any) -> sqlite3.Row:
    """Return a version's record, of a ready one where nothing else is said."""
    plain = {
        "model": "mnist",
        "number": 2,
        "status": Status.READY,
        "stamp": "s",
        "sha256": "a" * 64,
        "retry_at": None,
        "refusal": None,
        "format": "onnx",
    }
    return cast("sqlite3.Row", plain | given)


@pytest.mark.parametrize("status", list(Status))
def test_a_folder_that_is_gone_is_lost_once(status: Status) -> None:
    """Whatever the version was; what is missing already is not told again."""
    expected = Step.NOTHING if status is Status.MISSING else Step.LOSE
    assert next_step(row(status=status), None, now=NOW, looked=()) is expected


@pytest.mark.parametrize("status", list(Status))
def test_a_folder_that_looks_different_is_looked_into(status: Status) -> None:
    """And so is one that is back, which may hold anything."""
    assert next_step(row(status=status), "other", now=NOW, looked=()) is Step.LOOK
    assert next_step(row(status=Status.MISSING), "s", now=NOW, looked=()) is Step.LOOK


@pytest.mark.parametrize(
    ("record", "step"),
    [
        pytest.param({}, Step.NOTHING, id="ready"),
        pytest.param({"status": Status.UNSUPPORTED}, Step.LOOK, id="an older program did not support it"),
        pytest.param(
            {"status": Status.UNSUPPORTED, "number": 1}, Step.NOTHING, id="this one does not either"
        ),
        pytest.param(
            {"status": Status.UNSUPPORTED, "model": "other", "number": 1}, Step.LOOK, id="another model's"
        ),
        pytest.param({"status": Status.QUARANTINED}, Step.NOTHING, id="quarantined with its evidence"),
        pytest.param(
            {"status": Status.QUARANTINED, "sha256": None}, Step.LOOK, id="quarantined without evidence"
        ),
        pytest.param({"status": Status.FAILED}, Step.NOTHING, id="failed for good"),
        pytest.param({"status": Status.FAILED, "retry_at": NOW}, Step.CHECK, id="failed, to be tried now"),
        pytest.param(
            {"status": Status.FAILED, "retry_at": NOW + 1}, Step.NOTHING, id="failed, its time has not come"
        ),
        pytest.param(
            {"status": Status.FAILED, "retry_at": NOW, "sha256": None}, Step.LOOK, id="failed to be read"
        ),
        pytest.param({"retry_at": NOW, "sha256": None}, Step.NOTHING, id="what did not fail is not tried"),
    ],
)
def test_a_folder_that_looks_as_before(record: dict[str, Any], step: Step) -> None:
    """Only what an older program judged, and what failed and is due, is tried again."""
    assert next_step(row(**record), "s", now=NOW, looked=LOOKED) is step


LIFTABLE = '{"at":0,"evidence":[],"liftable":true}'


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        pytest.param({"status": Status.QUARANTINED, "format": None, "refusal": "{}"}, True, id="no model"),
        pytest.param(
            {"status": Status.UNSUPPORTED, "format": None, "refusal": "{}"}, True, id="no model either"
        ),
        pytest.param({"status": Status.QUARANTINED, "refusal": LIFTABLE}, True, id="its owner may trust it"),
        pytest.param(
            {"status": Status.QUARANTINED, "refusal": LIFTABLE.replace("true", "false")},
            False,
            id="tried, and what it did was refused",
        ),
        pytest.param({"status": Status.QUARANTINED, "format": None}, False, id="nothing was refused"),
        pytest.param({"status": Status.FAILED, "format": None, "refusal": "{}"}, False, id="failed"),
    ],
)
def test_what_was_refused_as_against_what_was_tried(record: dict[str, Any], *, expected: bool) -> None:
    """Content that must not be tried is refused; content that was tried and misbehaved is not."""
    assert refused(row(**record)) is expected
