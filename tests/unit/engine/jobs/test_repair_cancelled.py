"""Promises about a repair that somebody ends: what it has done is told and looked at, and nothing else is done."""

from typing import Any, cast

import msgspec
import pytest

from engine.jobs import repair
from engine.jobs.context import Context
from engine.repository.keeper import Keeper
from storage import jobs
from storage.records import Metric
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState
from tests.watched import HostsAtHand, Watched


class Stopping:
    """A report of somebody who ends the job once it has told so many steps."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Count a step."""
        self._left -= 1

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Whether that was enough."""
        return self._left <= 0


@pytest.fixture
def damaged(watched: Watched) -> Watched:
    """Return a workspace whose deployed version, 2, and the one before it, 1, are both damaged."""
    watched.ready("mnist", {1: 0.9, 2: 0.9})
    for number in (1, 2):
        watched.deploy("mnist", number)
        watched.settle()
    Keeper(watched.workspace, watched.writer, now=watched.clock.now).look()
    for number in (1, 2):
        file = watched.workspace.version_folder("mnist", number) / "model.onnx"
        file.write_bytes(file.read_bytes()[:-1] + b"?")
    return watched


@pytest.mark.parametrize("steps", [0, 1])
def test_what_was_restored_before_the_end_is_told_and_checked(damaged: Watched, steps: int) -> None:
    """The deployed version first; where one was restored a check is asked for, as after any repair."""
    files = [damaged.workspace.version_folder("mnist", number) / "model.onnx" for number in (2, 1)]
    with damaged.writer.transaction() as connection:
        asked = jobs.add(connection, JobKind.REPAIR, "mnist", None, requested_by="ann", now=0.0)
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=0.0)
    assert job is not None
    context = Context(
        damaged.workspace,
        damaged.writer,
        WorkspaceSettings(),
        cast("Any", HostsAtHand()),
        cast("Any", None),
        damaged.clock.now,
    )
    outcome = repair.run(context, job, Stopping(steps))
    assert (outcome.state, outcome.error) == (JobState.CANCELLED, "Cancelled.")
    answer = msgspec.json.decode(outcome.result)
    assert [(one["version"], one["repaired"]) for one in answer["versions"]] == [(2, True), (1, True)][:steps]
    assert [file.read_bytes().endswith(b"?") for file in files] == [number >= steps for number in range(2)]
    checks = [one.id for one in damaged.jobs() if one.kind is JobKind.CHECK and one.id > asked.id]
    assert checks == ([answer["check"]] if steps else [])
