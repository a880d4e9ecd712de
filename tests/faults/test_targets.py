"""What telling targets survives: the engine killed between the link and a target, and while things are taken back."""

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import pytest

from engine.jobs import tell
from engine.jobs.context import Context
from engine.repository.switch import recover
from storage import jobs, launch
from storage.database import Reader
from storage.errors import JobError, RefusedError
from storage.promotion_records import PromotionTarget
from storage.records import Job, JobParameters
from storage.settings import WorkspaceSettings
from storage.tables import events, models, promotion_targets, promotions
from storage.vocabulary import JobKind, JobState, TargetState
from storage.workspace import Workspace, engine_pid
from tests.failing import failing_at
from tests.faults.test_switch import CALLS, Silent, act, check_consistent
from tests.serving import until
from tests.serving_definitions import model_server_config
from tests.watched import Watched

SCRIPT = """#!/bin/sh
echo "$1 $MODELTENDER_VERSION" >> told
grep -qx "$1 $MODELTENDER_VERSION" refused && exit 1
grep -qx "$1 $MODELTENDER_VERSION" deadly && { kill -9 $PPID; exit 1; }
echo "$MODELTENDER_VERSION" > "says-$1"
"""
"""A command of the owner's that ends the engine that runs it, at a moment which is always the same."""

TARGETS = """
[[targets]]
kind = "command"
name = "first"
command = ["./tell.sh", "first"]

[[targets]]
kind = "command"
name = "last"
command = ["./tell.sh", "last"]
"""


class Stage:
    """A workspace with version 2 deployed by a real engine, and what its database says."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._reader = Reader(workspace.database)

    def close(self) -> None:
        """Let go of the database."""
        self._reader.close()

    def submit(self, version: int) -> Job:
        """Ask for a promotion."""
        return jobs.submit(
            self.workspace,
            JobKind.PROMOTE,
            "mnist",
            version,
            requested_by="ann",
            parameters=JobParameters(force=True, reason="fault test"),
        )

    def job(self, number: int) -> Job:
        """Return a job as it is."""
        with self._reader.transaction() as connection:
            found = jobs.read_one(connection, number)
        assert found is not None
        return found

    def deployed(self) -> tuple[str, int | None, list[int]]:
        """Return what the link says, what the record says, and what the history ends with."""
        with self._reader.transaction() as connection:
            model = models.read_one(connection, "mnist")
            history = [entry.to_version for entry in promotions.read(connection, "mnist")]
        assert model is not None
        link = str(self.workspace.current_link("mnist").readlink())
        return link, model.current.number if model.current else None, history

    def targets(self) -> tuple[PromotionTarget, ...]:
        """Return the record of the targets."""
        with self._reader.transaction() as connection:
            return promotion_targets.read(connection, "mnist")

    def settled(self) -> bool:
        """Whether the engine works and knows of each target what it says."""
        return (
            launch.works(self.workspace)
            and self.telling() != []
            and all(target.state is not TargetState.TELLING for target in self.targets())
        )

    def telling(self) -> list[Job]:
        """Return the jobs that told the targets again."""
        with self._reader.transaction() as connection:
            return [job for job in jobs.read(connection, limit=100) if job.kind is JobKind.TELL]

    def messages(self) -> list[str]:
        """Return what the log says."""
        with self._reader.transaction() as connection:
            return [event.message for event in events.read(connection, limit=200)]

    def write(self, name: str, text: str) -> None:
        """Write a file of the commands."""
        (self.workspace.root / name).write_text(text)

    def says(self, name: str) -> str:
        """Return what a target was last told and took."""
        return (self.workspace.root / f"says-{name}").read_text().strip()


@pytest.fixture
def stage(watched: Watched) -> Iterator[Stage]:
    """Return a workspace whose engine deployed version 2 and told two targets."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
    workspace = watched.workspace
    script = workspace.root / "tell.sh"
    script.write_text(SCRIPT)
    script.chmod(0o755)
    workspace.settings_file.write_text("[trust]\ncommands = true\n")
    workspace.model_settings("mnist").write_text(TARGETS)
    here = Stage(workspace)
    here.write("refused", "")
    here.write("deadly", "")
    launch.start(workspace)
    try:
        job = here.submit(2)
        assert until(lambda: here.job(job.id).state is JobState.SUCCEEDED), here.job(job.id)
        yield here
    finally:
        launch.stop(workspace)
        here.close()


def test_kill_9_between_the_link_and_a_target_is_settled_at_the_next_start(stage: Stage) -> None:
    """The link had moved: the new version is what is deployed, and both targets are told until they say so."""
    stage.write("deadly", "last 3\n")
    job = stage.submit(3)
    assert until(lambda: engine_pid(stage.workspace) is None)
    assert str(stage.workspace.current_link("mnist").readlink()) == "3"
    assert (stage.says("first"), stage.says("last")) == ("3", "2")
    assert {target.state for target in stage.targets()} == {TargetState.TELLING}
    stage.write("deadly", "")
    launch.start(stage.workspace)
    assert until(stage.settled)
    assert stage.deployed() == ("3", 3, [3, 2])
    assert (stage.says("first"), stage.says("last")) == ("3", "3")
    assert [(target.state, target.version) for target in stage.targets()] == [(TargetState.CONFIRMED, 3)] * 2
    assert stage.job(job.id).state is JobState.INTERRUPTED
    assert "the promotion to version 3 was interrupted after it had taken effect" in stage.messages()
    assert "told first, last that version 3 is deployed" in stage.messages()


def test_kill_9_while_things_are_taken_back_ends_where_the_link_is(stage: Stage) -> None:
    """One target refused and another ended the engine when it was taken back: the link decides, and it is told."""
    stage.write("refused", "last 3\n")
    stage.write("deadly", "first 2\n")
    stage.submit(3)
    assert until(lambda: engine_pid(stage.workspace) is None)
    assert str(stage.workspace.current_link("mnist").readlink()) == "3"
    stage.write("deadly", "")
    launch.start(stage.workspace)
    assert until(stage.settled)
    assert stage.deployed() == ("3", 3, [3, 2])
    assert stage.says("first") == "3"
    assert [target.state for target in stage.targets()] == [TargetState.CONFIRMED, TargetState.FAILED]
    assert until(lambda: stage.telling()[0].state is JobState.FAILED)
    assert stage.telling()[0].error.startswith(
        "Not every target of mnist was told that version 3 is deployed: last"
    )


def test_a_target_that_fails_is_told_by_the_log_of_a_real_engine(stage: Stage) -> None:
    """Job, log and record say which target kept the version from being deployed."""
    stage.write("refused", "last 3\n")
    job = stage.submit(3)
    assert until(lambda: stage.job(job.id).state is JobState.FAILED)
    error = stage.job(job.id).error
    assert error.startswith(
        "A target did not take version 3, and version 2 is still deployed: last (command): "
    )
    assert f"promote failed: {error}" in stage.messages()
    assert stage.deployed() == ("2", 2, [2])
    assert (stage.says("first"), stage.says("last")) == ("2", "2")


def tell_what_is_owed(watched: Watched) -> None:
    """Do the jobs that a start after a crash asks for."""
    nobody, writer = cast("Any", None), watched.writer
    context = Context(watched.workspace, writer, WorkspaceSettings(), nobody, nobody, time.time)
    while True:
        with writer.transaction() as connection:
            job = jobs.claim(connection, frozenset({JobKind.TELL}), now=time.time())
        if job is None:
            return
        tell.run(context, job, Silent())
        with writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=time.time())


def test_whatever_call_fails_the_target_says_what_is_deployed(watched: Watched) -> None:
    """For every n: the n-th call fails, and link, record and the server's file agree once everything is settled."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
    config = watched.workspace.root / "models.config"
    config.write_text('model_config_list { config { name: "mnist" } }')
    watched.workspace.model_settings("mnist").write_text(
        '[[targets]]\nkind = "tensorflow-serving"\nconfig = "models.config"\n'
    )
    act(watched.workspace, watched.writer, JobKind.PROMOTE, 2)
    hit, n, seen = True, 0, set()
    while hit:
        n += 1
        with failing_at(n, CALLS) as reached:
            # The job may fail in any of these ways; what matters is what it leaves behind.
            with suppress(JobError, RefusedError, OSError):
                act(watched.workspace, watched.writer, JobKind.PROMOTE, 3)
            hit = reached()
        recover(watched.workspace, watched.writer, time.time())
        tell_what_is_owed(watched)
        deployed = check_consistent(watched.workspace, watched.writer)
        [entry] = model_server_config(config.read_text()).model_config_list.config
        assert dict(entry.version_labels) == {"stable": deployed}, n
        assert deployed in entry.model_version_policy.specific.versions
        assert [path.name for path in watched.workspace.root.iterdir() if path.name.count(".tmp-")] == []
        seen.add(deployed)
        if deployed == 3:
            act(watched.workspace, watched.writer, JobKind.ROLLBACK)
    assert seen == {2, 3}
    assert n > 20
