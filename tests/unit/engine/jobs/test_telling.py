"""Promises about the targets of a promotion: told in their order, all or none, and what is on record then."""

import errno
import os
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from engine.jobs import promote, rollback, tell
from engine.jobs.context import Context, Outcome
from engine.processes.pool import Pool
from engine.repository import deploy
from engine.repository.switch import recover, switch
from engine.repository.telling import BEHIND_FAULT
from storage import jobs
from storage.errors import JobError
from storage.promotion_records import PromotionTarget
from storage.records import JobParameters, Metric
from storage.settings import Trust, WorkspaceSettings
from storage.tables import faults, models, promotion_targets, promotions
from storage.vocabulary import JobKind, JobState, PromotionOutcome, TargetState
from storage.workspace import Workspace
from tests.serving import TensorFlowServing, until
from tests.serving_definitions import model_server_config
from tests.warm import Warm
from tests.watched import Watched

HANDLERS = {JobKind.PROMOTE: promote, JobKind.ROLLBACK: rollback, JobKind.TELL: tell}

SCRIPT = """#!/bin/sh
echo "$1 $MODELTENDER_VERSION over $MODELTENDER_PREVIOUS" >> told
grep -qx "$1 $MODELTENDER_VERSION" refused && { echo "not this one"; exit 1; }
echo "$1 has it"
"""

TARGETS = """
[[targets]]
kind = "command"
name = "first"
command = ["./tell.sh", "first"]

[[targets]]
kind = "tensorflow-serving"
config = "models.config"

[[targets]]
kind = "command"
name = "last"
command = ["./tell.sh", "last"]
"""

SERVING = 'model_config_list {\n  config {\n    name: "mnist"  # ours\n  }\n}\n'


class Silent:
    """A report to nobody."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return that nobody wants the end."""
        return False


class Stage:
    """A workspace with three versions, of which nothing is deployed, and three targets."""

    def __init__(self, watched: Watched) -> None:
        self.watched = watched
        root = watched.workspace.root
        self.config, self.told, self.refused = root / "models.config", root / "told", root / "refused"
        self.trust = Trust(commands=True)
        script = root / "tell.sh"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        self.config.write_text(SERVING)
        self.told.touch()
        self.refused.touch()
        watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.95})
        self.toml = watched.workspace.model_settings("mnist")
        self.toml.write_text(TARGETS)

    def do(self, kind: JobKind, version: int | None = None, by: str = "ann") -> Outcome:
        """Do a job as the engine does."""
        writer, now = self.watched.writer, self.watched.clock.now
        force = JobParameters(force=True, reason="test")
        with writer.transaction() as connection:
            jobs.add(connection, kind, "mnist", version, requested_by=by, now=now(), parameters=force)
            job = jobs.claim(connection, frozenset({kind}), now=now())
        assert job is not None
        settings = WorkspaceSettings(trust=self.trust)
        nobody = cast("Any", None)
        context = Context(self.watched.workspace, writer, settings, nobody, cast("Pool", Warm()), now)
        try:
            return cast("Outcome", HANDLERS[kind].run(context, job, Silent()))
        finally:
            with writer.transaction() as connection:
                jobs.finish(connection, job.id, JobState.SUCCEEDED, now=now())

    def deployed(self) -> str | None:
        """Return what the link says; link and record must agree."""
        link = self.watched.workspace.current_link("mnist")
        found = str(link.readlink()) if link.is_symlink() else None
        current = self.watched.model("mnist").current
        assert (None if current is None else str(current.number)) == found
        return found

    def lines(self) -> list[str]:
        """Return what the commands were told since this was asked last."""
        found = self.told.read_text().splitlines()
        self.told.write_text("")
        return found

    def targets(self) -> list[tuple[str, str, int | None]]:
        """Return what is on record of each target."""
        return [(target.name, str(target.state), target.version) for target in self.rows()]

    def rows(self) -> tuple[PromotionTarget, ...]:
        """Return the record of each target."""
        with self.watched.writer.transaction() as connection:
            return promotion_targets.read(connection, "mnist")

    def faults(self) -> list[str]:
        """Return what is said of targets that have not confirmed what is deployed."""
        with self.watched.writer.transaction() as connection:
            found = faults.all_open(connection, "mnist")
        return [fault.message for fault in found if fault.code == BEHIND_FAULT]

    def outcomes(self) -> list[tuple[int, str, str]]:
        """Return what was intended, how it ended and why, the oldest first."""
        with self.watched.writer.transaction() as connection:
            rows = connection.execute("SELECT to_number, outcome, problem FROM promotions ORDER BY id")
            return [tuple(row) for row in rows]


@pytest.fixture
def stage(watched: Watched) -> Stage:
    """Return the stage of these tests."""
    return Stage(watched)


def confirmed(version: int) -> list[tuple[str, str, int | None]]:
    """Return the record of targets that all have a version."""
    return [(name, "confirmed", version) for name in ("first", "tensorflow-serving", "last")]


def test_targets_are_told_in_their_order_after_the_link(stage: Stage) -> None:
    """Each learns of the new version and of the one before it, and what it confirmed is on record."""
    stage.do(JobKind.PROMOTE, 2)
    assert stage.lines() == ["first 2 over ", "last 2 over "]
    assert stage.targets() == confirmed(2)
    stage.do(JobKind.PROMOTE, 3)
    assert stage.lines() == ["first 3 over 2", "last 3 over 2"]
    [entry] = model_server_config(stage.config.read_text()).model_config_list.config
    assert list(entry.model_version_policy.specific.versions) == [3, 2]
    assert stage.targets() == confirmed(3)
    assert [target.message for target in stage.rows()] == [
        "first has it",
        "written; no url to ask",
        "last has it",
    ]
    assert stage.outcomes() == [(2, "done", ""), (3, "done", "")]


def test_a_roll_back_goes_the_same_road(stage: Stage) -> None:
    """Rolling back tells the targets too, in the same order."""
    stage.do(JobKind.PROMOTE, 2)
    stage.do(JobKind.PROMOTE, 3)
    stage.lines()
    outcome = stage.do(JobKind.ROLLBACK)
    assert stage.lines() == ["first 2 over 3", "last 2 over 3"]
    assert stage.deployed() == "2"
    assert stage.targets() == confirmed(2)
    assert "untold" not in msgspec.json.decode(outcome.result)
    assert stage.faults() == []


@pytest.mark.parametrize("down", ["first", "last"])
def test_a_target_that_is_down_keeps_no_bad_version_deployed(stage: Stage, down: str) -> None:
    """A rollback goes ahead without it and tells the others; the fault says what it still has, and ends when it confirms."""
    stage.do(JobKind.PROMOTE, 2)
    stage.do(JobKind.PROMOTE, 3)
    stage.lines()
    stage.refused.write_text(f"{down} 2\n")
    outcome = stage.do(JobKind.ROLLBACK)
    reason = f"./tell.sh {down} ended with exit status 1: not this one"
    assert msgspec.json.decode(outcome.result)["untold"] == [f"{down} (command): {reason}"]
    assert outcome.message == f"rolled back 3 > 2 by ann: test; not told: {down} (command): {reason}"
    assert stage.deployed() == "2"
    assert stage.lines() == ["first 2 over 3", "last 2 over 3"]
    assert [target for target in stage.targets() if target[0] == down] == [(down, "failed", 3)]
    assert len([target for target in stage.targets() if target[1:] == ("confirmed", 2)]) == 2
    assert stage.outcomes()[-1] == (2, "done", "")
    sentence = f"Not every target confirmed that version 2 is deployed: {down} has version 3 ({reason})."
    assert stage.faults() == [sentence]
    assert sentence in stage.watched.messages()

    with pytest.raises(JobError, match="Not every target of mnist was told"):
        stage.do(JobKind.TELL)
    assert stage.faults() == [sentence]
    assert stage.watched.messages().count(sentence) == 1
    stage.refused.write_text("")
    stage.do(JobKind.TELL)
    assert stage.targets() == confirmed(2)
    assert stage.faults() == []


def test_a_target_that_cannot_even_be_asked_keeps_none_deployed_either(stage: Stage) -> None:
    """What a promotion is refused for before anything is touched holds up no rollback."""
    stage.do(JobKind.PROMOTE, 2)
    stage.do(JobKind.PROMOTE, 3)
    stage.lines()
    stage.config.unlink()
    stage.do(JobKind.ROLLBACK)
    assert (stage.deployed(), stage.lines()) == ("2", ["first 2 over 3", "last 2 over 3"])
    [fault] = stage.faults()
    assert "tensorflow-serving has version 3" in fault


def test_a_target_that_is_named_no_more_is_not_behind(stage: Stage) -> None:
    """The owner takes away what is gone for good, and the fault ends when the others are told again."""
    stage.do(JobKind.PROMOTE, 2)
    stage.do(JobKind.PROMOTE, 3)
    stage.refused.write_text("last 2\n")
    stage.do(JobKind.ROLLBACK)
    assert len(stage.faults()) == 1
    stage.toml.write_text(TARGETS[: TARGETS.rindex("[[targets]]")])
    stage.do(JobKind.TELL)
    assert stage.faults() == []


def test_a_target_that_fails_takes_everything_back(stage: Stage) -> None:
    """Link, record and every target are as before, in reverse order, and error and record have its sentence."""
    stage.do(JobKind.PROMOTE, 2)
    stage.lines()
    before = stage.config.read_bytes()
    stage.refused.write_text("last 3\n")
    with pytest.raises(JobError) as caught:
        stage.do(JobKind.PROMOTE, 3)
    sentence = "last (command): ./tell.sh last ended with exit status 1: not this one"
    assert (
        caught.value.message
        == f"A target did not take version 3, and version 2 is still deployed: {sentence}."
    )
    assert stage.deployed() == "2"
    assert stage.config.read_bytes() == before
    assert stage.lines() == ["first 3 over 2", "last 3 over 2", "last 2 over 3", "first 2 over 3"]
    assert stage.outcomes()[-1] == (3, "abandoned", sentence)
    assert [entry.to_version for entry in stage.watched.promotions("mnist")] == [2]
    assert stage.targets() == [
        ("first", "confirmed", 2),
        ("tensorflow-serving", "confirmed", 2),
        ("last", "failed", 2),
    ]
    stage.refused.write_text("")
    stage.do(JobKind.PROMOTE, 3)
    assert stage.deployed() == "3"
    assert stage.targets() == confirmed(3)


def test_a_first_promotion_that_fails_leaves_nothing_deployed(stage: Stage) -> None:
    """There is no old version: the link goes, files are as before, commands hear of no version."""
    stage.refused.write_text("last 2\n")
    with pytest.raises(JobError, match=r"and nothing is deployed: last"):
        stage.do(JobKind.PROMOTE, 2)
    assert stage.deployed() is None
    assert stage.config.read_text() == SERVING
    assert stage.lines() == ["first 2 over ", "last 2 over ", "last  over 2", "first  over 2"]
    assert stage.targets() == [
        ("first", "untold", None),
        ("tensorflow-serving", "untold", None),
        ("last", "failed", None),
    ]


def test_a_target_that_cannot_be_taken_back_is_named(stage: Stage) -> None:
    """The rest is taken back all the same, and the error says what is left over."""
    stage.do(JobKind.PROMOTE, 2)
    stage.refused.write_text("first 2\nlast 3\n")
    with pytest.raises(JobError, match=r"first \(command\) could not be taken back: .*: not this one\."):
        stage.do(JobKind.PROMOTE, 3)
    assert stage.deployed() == "2"
    assert stage.targets()[0] == ("first", "failed", 3)
    assert stage.rows()[0].message.startswith("could not be taken back: ")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda stage: stage.config.unlink(), r"models\.config cannot be read: No such file or directory"),
        (lambda stage: setattr(stage, "trust", Trust()), r"allows them with \[trust\] commands = true"),
        (lambda stage: (stage.config.parent / "tell.sh").unlink(), r"tell\.sh is not there"),
    ],
)
def test_what_cannot_work_is_refused_before_anything_is_touched(stage: Stage, spoil: Any, said: str) -> None:
    """A missing file, a missing program, or no trust: the pre-flight's sentence names the target."""
    spoil(stage)
    outcome = stage.do(JobKind.PROMOTE, 2)
    assert (outcome.state, outcome.code) == (JobState.FAILED, "refused")
    assert said.replace("\\", "") in outcome.error
    assert outcome.error.startswith("The promotion targets of mnist could not be told: ")
    assert stage.deployed() is None
    assert stage.lines() == []
    assert stage.outcomes() == []


def test_a_link_that_cannot_be_put_back_is_what_counts(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk fails while things are taken back: the record follows the link, and the targets are told again."""
    stage.do(JobKind.PROMOTE, 2)
    stage.refused.write_text("last 3\n")
    working = switch

    def broken_backwards(workspace: Workspace, model: str, number: int) -> None:
        if number == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        working(workspace, model, number)

    monkeypatch.setattr(deploy, "switch", broken_backwards)
    with pytest.raises(
        JobError, match=r"and version 3 is deployed: .*current could not be put back: Input/output error\."
    ):
        stage.do(JobKind.PROMOTE, 3)
    assert stage.deployed() == "3"
    waiting = [job for job in stage.watched.jobs() if job.kind is JobKind.TELL]
    assert [(job.model, job.requested_by, job.state) for job in waiting] == [("mnist", "recovery", "queued")]


def test_a_broken_settings_file_does_not_keep_a_bad_version_deployed(stage: Stage) -> None:
    """The rollback happens, and it is told that no target was."""
    stage.do(JobKind.PROMOTE, 2)
    stage.do(JobKind.PROMOTE, 3)
    stage.lines()
    stage.toml.write_text("[[targets]\n")
    stage.do(JobKind.ROLLBACK)
    assert (stage.deployed(), stage.lines()) == ("2", [])
    assert {(target.state, target.version) for target in stage.rows()} == {(TargetState.FAILED, 3)}
    said = "the promotion targets were not told, because model.toml cannot be read"
    assert said in stage.watched.messages()


def test_a_long_telling_is_not_taken_for_a_dead_one(stage: Stage) -> None:
    """While targets are told, nobody else settles the switch, however long ago it began; then somebody does."""
    stage.toml.write_text(TARGETS.replace('name = "first"', 'name = "first"\ntimeout_s = 600'))
    stage.do(JobKind.PROMOTE, 2)
    with stage.watched.writer.transaction() as connection:
        jobs.add(connection, JobKind.PROMOTE, "mnist", 3, requested_by="ann", now=stage.watched.clock.now())
        running = jobs.claim(connection, frozenset({JobKind.PROMOTE}), now=stage.watched.clock.now())
        assert running is not None
        patience = connection.execute("SELECT patience_s FROM promotions").fetchone()[0]
        promotions.intend(
            connection,
            models.model_id(connection, "mnist") or 0,
            job_id=running.id,
            at=stage.watched.clock.now(),
            requested_by="ann",
            kind=JobKind.PROMOTE,
            from_number=2,
            to_number=3,
            gate=None,
            patience_s=patience,
        )
    assert patience > 1200
    stage.watched.scan(after=1000)
    assert stage.outcomes()[-1][1] == PromotionOutcome.INTENDED
    stage.watched.scan(after=1000)
    assert stage.outcomes()[-1][1] == PromotionOutcome.ABANDONED


def test_telling_again_mends_what_was_out_of_reach(stage: Stage) -> None:
    """`tell` brings every target to what is deployed; one that fails keeps no other from it."""
    stage.do(JobKind.PROMOTE, 2)
    stage.watched.deploy("mnist", 3)
    stage.watched.settle()
    stage.refused.write_text("first 3\n")
    stage.lines()
    with pytest.raises(
        JobError, match=r"Not every target of mnist was told that version 3 is deployed: first"
    ):
        stage.do(JobKind.TELL)
    assert [target.state for target in stage.rows()] == ["failed", "confirmed", "confirmed"]
    stage.refused.write_text("")
    outcome = stage.do(JobKind.TELL)
    assert stage.targets() == confirmed(3)
    answer = msgspec.json.decode(outcome.result)
    assert (answer["version"], len(answer["targets"])) == (3, 3)


def test_a_telling_that_was_cut_off_is_asked_for_again_at_every_start(stage: Stage) -> None:
    """Without any switch under way too: who was being told is told until it is known what it says."""
    stage.do(JobKind.PROMOTE, 2)
    workspace, writer = stage.watched.workspace, stage.watched.writer
    recover(workspace, writer, stage.watched.clock.now())
    assert not [job for job in stage.watched.jobs() if job.kind is JobKind.TELL]
    with writer.transaction() as connection:
        promotion_targets.begin(connection, models.model_id(connection, "mnist") or 0)
    for _ in range(2):
        recover(workspace, writer, stage.watched.clock.now())
    [job] = [job for job in stage.watched.jobs() if job.kind is JobKind.TELL]
    assert (job.model, job.version, job.requested_by, job.state) == ("mnist", None, jobs.RECOVERY, "queued")


def test_there_is_nothing_to_tell_where_nothing_is_deployed(stage: Stage) -> None:
    """A person who asks is refused; a start after a crash says the same to the targets that can hear it."""
    with pytest.raises(Exception, match=r"Nothing of mnist is deployed, so there is nothing to tell\."):
        stage.do(JobKind.TELL)
    with pytest.raises(JobError, match="cannot say that nothing is deployed"):
        stage.do(JobKind.TELL, by=jobs.RECOVERY)
    assert stage.lines() == ["first  over ", "last  over "]


def test_targets_that_are_named_no_more_are_forgotten(stage: Stage) -> None:
    """The record has the targets of the settings, in their order, also before the first promotion."""
    stage.watched.settle()
    assert [name for name, _, _ in stage.targets()] == ["first", "tensorflow-serving", "last"]
    stage.toml.write_text('[[targets]]\nkind = "triton"\nconfig = "elsewhere/config.pbtxt"\n')
    stage.watched.settle()
    assert stage.targets() == [("triton", "untold", None)]
    [row] = stage.rows()
    assert (row.place, row.at, row.message) == ("elsewhere/config.pbtxt", None, "")


def test_a_server_that_never_serves_the_version_is_told_the_old_one_again(
    stage: Stage, tmp_path: Path
) -> None:
    """A real server that cannot load the new version serves the old one with its label at the end."""
    with TensorFlowServing(stage.config) as server:
        stage.toml.write_text(
            f'[[targets]]\nkind = "tensorflow-serving"\nconfig = "models.config"\nurl = "{server.url}"\ntimeout_s = 60\n'
        )
        stage.do(JobKind.PROMOTE, 2)
        server.broken = {3}
        with pytest.raises(JobError, match="could not load version 3: no such file"):
            stage.do(JobKind.PROMOTE, 3)
        assert until(lambda: polled(server).labels == {"stable": 2})
    assert stage.deployed() == "2"
    recover(stage.watched.workspace, stage.watched.writer, stage.watched.clock.now())
    assert not [job for job in stage.watched.jobs() if job.kind is JobKind.TELL]


def polled(server: TensorFlowServing) -> TensorFlowServing:
    """Return the server after it has read its file once more."""
    server.poll()
    return server
