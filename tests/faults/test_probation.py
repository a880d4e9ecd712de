"""What a real engine promotes, watches and rolls back by itself, and what a promotion evaluates first; kill -9 between."""

import time
from collections.abc import Callable

import pytest

from storage import jobs, launch
from storage.database import Reader
from storage.fault_records import Event
from storage.promotion_records import Probation
from storage.tables import events, probations
from storage.vocabulary import JobKind, JobState, ProbationState
from storage.workspace import Workspace
from tests.faults.test_kill_engine import MODEL, job_of, kill, state, two_versions, wait

PATIENT_S = 120.0

pytestmark = pytest.mark.timeout(400)
"""The first test of a run may build the samples, which takes long on a busy machine."""


def until(true: Callable[[], object], workspace: Workspace) -> None:
    """Wait until something is true."""
    deadline = time.monotonic() + PATIENT_S
    while not true():
        assert time.monotonic() < deadline, [event.message for event in log(workspace)]
        time.sleep(0.05)


def log(workspace: Workspace) -> list[Event]:
    """Return the log, the newest first."""
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        found = events.read(connection, limit=100)
    reader.close()
    return found


def watched(workspace: Workspace) -> list[Probation]:
    """Return the probations of the model, the newest first."""
    reader = Reader(workspace.database)
    with reader.transaction() as connection:
        found = probations.read(connection, MODEL)
    reader.close()
    return found


def set_gate(workspace: Workspace, lines: str) -> None:
    """Add lines to the gate's settings."""
    file = workspace.model_settings(MODEL)
    file.write_text(file.read_text().replace("[gate]\n", f"[gate]\n{lines}\n"))


def test_a_real_engine_promotes_by_itself_and_takes_back_what_changes_through_kill_9(
    engine: Workspace,
) -> None:
    """A new version is deployed with nobody looking; after a kill its probation goes on, and ends when its files change."""
    set_gate(engine, 'automatic = true\nprobation = "3h"')
    two_versions(engine)
    until(lambda: state(engine)[0] == 2, engine)
    assert [one.state for one in watched(engine)] == [ProbationState.OPEN]
    kill(engine)
    launch.start(engine)
    assert state(engine)[0] == 2
    file = engine.version_folder(MODEL, 2) / "model.onnx"
    file.write_bytes(file.read_bytes()[:-1] + b"w")
    until(lambda: state(engine)[0] == 1, engine)
    assert engine.current_link(MODEL).readlink().name == "1"
    until(lambda: watched(engine)[0].state is ProbationState.FAILED, engine)
    assert len(watched(engine)) == 1
    assert "rolled back 2 > 1 by itself: its files changed on disk" in [one.message for one in log(engine)]


def test_a_promotion_evaluates_what_it_misses_and_survives_kill_9_while_it_waits(engine: Workspace) -> None:
    """Figures of other preprocessing are made anew, off the promotion's lane; a new engine goes on where it was."""
    two_versions(engine)
    file = engine.model_settings(MODEL)
    file.write_text(file.read_text().replace("scale = 0.00392156862745098", "scale = 0.0039"))
    job = jobs.submit(engine, JobKind.EVALUATE, MODEL, 2, requested_by="ann")
    assert wait(engine, job.id).state is JobState.SUCCEEDED
    promotion = jobs.submit(engine, JobKind.PROMOTE, MODEL, 2, requested_by="ann")
    until(lambda: job_of(engine, promotion.id).waits_for, engine)
    kill(engine)
    launch.start(engine)
    found = wait(engine, promotion.id)
    assert {job_of(engine, number).version for number in found.waits_for} == {1}
    if state(engine)[0] != 2:
        # The evaluation had ended already, and the kill fell into the promotion before the link.
        assert found.state is JobState.INTERRUPTED, found
        again = jobs.submit(engine, JobKind.PROMOTE, MODEL, 2, requested_by="ann")
        assert wait(engine, again.id).state is JobState.SUCCEEDED
    assert state(engine)[0] == 2
