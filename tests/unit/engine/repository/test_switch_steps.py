"""Promises about the steps of a switch: their order, what stays where one fails, and what goes on record after a crash."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from engine.repository.scanner import Link
from engine.repository.switch import interpret, preflight, read_current, recover, remove, switch
from storage import jobs
from storage.errors import RefusedError
from storage.tables import deployed, models, probations, promotion_targets, promotions
from storage.target_settings import TargetSettings
from storage.vocabulary import JobKind, Severity, TargetKind
from storage.workspace import Workspace
from tests.unit.engine.repository.test_switch import two_versions
from tests.watched import Watched

Step = tuple[str, Any]


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch) -> list[Step]:
    """Return what is asked of the system from now on, each with the folder of the descriptor that it is asked of."""
    made: list[Step] = []

    def spied(name: str, folder: Callable[..., int]) -> None:
        real = getattr(os, name)

        def call(*given: Any, **named: Any) -> Any:
            made.append((name, str(Path(f"/proc/self/fd/{folder(*given, **named)}").readlink())))
            return real(*given, **named)

        monkeypatch.setattr(os, name, call)

    for name in ("symlink", "unlink"):
        spied(name, lambda *_, dir_fd: dir_fd)
    spied("replace", lambda *_, src_dir_fd, dst_dir_fd: dst_dir_fd if dst_dir_fd == src_dir_fd else -1)
    for name in ("fsync", "close"):
        spied(name, lambda descriptor: descriptor)
    return made


def test_a_switch_is_on_the_disk_before_and_after_the_old_link_goes(
    workspace: Workspace, steps: list[Step]
) -> None:
    """A power cut leaves the old link or the new one: the new one is on the disk before it takes the name."""
    home = str(two_versions(workspace))
    switch(workspace, "mnist", 2)
    assert steps == [(step, home) for step in ("symlink", "fsync", "replace", "fsync", "close")]


def test_a_removal_is_on_the_disk_before_it_is_told(workspace: Workspace, steps: list[Step]) -> None:
    """Nothing is deployed afterwards, not even after a power cut, and nothing else is gone."""
    home = two_versions(workspace)
    switch(workspace, "mnist", 1)
    steps.clear()
    remove(workspace, "mnist")
    assert steps == [(step, str(home)) for step in ("unlink", "fsync", "close")]
    assert read_current(workspace, "mnist") is None
    assert {path.name for path in home.iterdir()} == {"1", "2"}


def full(*_: Any, **__: Any) -> None:
    """Fail as on a disk that is full."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_switch_that_fails_leaves_the_old_link_and_nothing_else(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    """The first failure is told, whether or not the new link can be taken away again."""
    home = two_versions(workspace)
    switch(workspace, "mnist", 1)
    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        switch(workspace, "mnist", 2)
    assert read_current(workspace, "mnist") == 1
    assert {path.name for path in home.iterdir()} == {"1", "2", "current"}
    monkeypatch.setattr(os, "unlink", full)
    with pytest.raises(OSError, match="No space left"):
        switch(workspace, "mnist", 2)
    assert read_current(workspace, "mnist") == 1


def open_descriptors() -> set[str]:
    """Return which folders of models this process holds open."""
    links = list(Path("/proc/self/fd").iterdir())
    return {str(path) for path in links if path.is_symlink() and path.readlink().name == "mnist"}


def test_no_descriptor_stays_open(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Thousands of switches, and as many that fail, use up none of what an engine may open."""
    two_versions(workspace)
    before = open_descriptors()
    switch(workspace, "mnist", 1)
    remove(workspace, "mnist")
    with pytest.raises(FileNotFoundError):
        remove(workspace, "mnist")
    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space left"):
        switch(workspace, "mnist", 1)
    assert open_descriptors() == before


def refusal(workspace: Workspace, number: int) -> tuple[str, str]:
    """Return how a switch to a version is refused: what is wrong, and what to do."""
    with pytest.raises(RefusedError) as raised:
        preflight(workspace, "mnist", number)
    return raised.value.message, raised.value.hint


def test_what_is_refused_before_a_switch_says_what_to_do(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each reason in a sentence of its own, and a version that can be deployed has none."""
    home = two_versions(workspace)
    preflight(workspace, "mnist", 1)
    (home / "3").write_text("x")
    assert refusal(workspace, 3) == ("models/mnist/3 is not a folder.", "")
    assert refusal(workspace, 4) == ("models/mnist/4 cannot be reached: No such file or directory.", "")
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda path, mode: not (path == home and mode & os.W_OK))
        assert refusal(workspace, 1) == (
            "models/mnist cannot be written by this user.",
            "Give the engine's user the right: chmod u+rwx models/mnist",
        )
    with monkeypatch.context() as patch:
        # What a mount in the model's folder looks like; only root could make one here.
        patch.setattr(Path, "lstat", lambda _: SimpleNamespace(st_dev=-1, st_mode=0o040700))
        assert refusal(workspace, 1) == (
            "models/mnist/1 lies on another file system than models/mnist.",
            "Copy the version there; a link across file systems can lose its target.",
        )
    (home / "current").mkdir()
    assert refusal(workspace, 1) == ("models/mnist/current is not a symbolic link.", "Move it away.")


@pytest.mark.parametrize(
    ("link", "said"),
    [
        (Link(None), ""),
        (
            Link(None, is_other=True),
            "models/mnist/current is not a symbolic link, so nothing can be promoted; move it away.",
        ),
        (
            Link("../\x1b" + 200 * "a"),
            f"models/mnist/current points to ../\ufffd{116 * 'a'}…, which is not a version of mnist.",
        ),
    ],
)
def test_a_link_that_means_no_version_is_told_in_a_sentence(
    workspace: Workspace, link: Link, said: str
) -> None:
    """Whoever made it reads where it is; what it points to cannot write on the terminal."""
    assert interpret(workspace, "mnist", link) == (None, said)


def interrupted(watched: Watched, kind: JobKind = JobKind.PROMOTE) -> None:
    """Have an engine die at a switch from version 1 to version 2 that it made by itself, with a probation."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    with watched.writer.transaction() as connection:
        model_id = models.model_id(connection, "mnist")
        assert model_id is not None
        promotion_targets.declare(
            connection, model_id, [TargetSettings(name="shop", kind=TargetKind.COMMAND)]
        )
        promotion_targets.begin(connection, model_id)
        promotions.intend(
            connection,
            model_id,
            job_id=None,
            at=watched.clock.now(),
            requested_by=jobs.ITSELF,
            kind=kind,
            from_number=1,
            to_number=2,
            gate=None,
            reason="it is better",
            sha256="c" * 64,
            probation_s=3600.0,
        )


def test_a_promotion_that_took_effect_has_all_that_follows_from_one(watched: Watched) -> None:
    """After the crash it is watched, its content can be brought back, its targets are told, and people read of it."""
    interrupted(watched)
    watched.deploy("mnist", 2)
    now = watched.clock.now() + 5.0
    recover(watched.workspace, watched.writer, now)
    version = watched.version("mnist", 2)
    with watched.writer.transaction() as connection:
        [probation] = probations.read(connection, "mnist")
        held = deployed.read(connection, version.id)
    assert (probation.number, probation.sha256, probation.begun_at) == (2, "c" * 64, now)
    assert probation.ends_at == now + 3600.0
    assert held == deployed.content_of(version)
    assert [
        (job.kind, job.model, job.requested_by) for job in watched.jobs() if job.kind is JobKind.TELL
    ] == [(JobKind.TELL, "mnist", jobs.RECOVERY)]
    [told] = [event for event in watched.events() if event.code == "promote-recovered"]
    assert (told.at, told.severity, told.model, told.version) == (now, Severity.WARNING, "mnist", 2)
    assert watched.promotions("mnist")[0].reason == "it is better"


@pytest.mark.parametrize(
    ("kind", "code", "word"),
    [
        (JobKind.PROMOTE, "promote-abandoned", "promotion"),
        (JobKind.ROLLBACK, "rollback-abandoned", "rollback"),
    ],
)
def test_a_switch_that_took_no_effect_has_nothing_that_follows(
    watched: Watched, kind: JobKind, code: str, word: str
) -> None:
    """Nothing is watched and no content was deployed; only the targets, which may have been told, are told again."""
    interrupted(watched, kind)
    recover(watched.workspace, watched.writer, watched.clock.now())
    version = watched.version("mnist", 2)
    with watched.writer.transaction() as connection:
        assert probations.read(connection, "mnist") == []
        assert deployed.read(connection, version.id) is None
    assert [job.model for job in watched.jobs() if job.kind is JobKind.TELL] == ["mnist"]
    [told] = [event for event in watched.events() if event.code == code]
    assert told.message == f"the {word} to version 2 was interrupted; nothing changed"
    assert (told.severity, told.model, told.version) == (Severity.WARNING, "mnist", 2)


def test_a_roll_back_that_took_effect_is_called_one(watched: Watched) -> None:
    """Also in what it does to a probation: what the engine rolled back by itself has failed, with its reason."""
    interrupted(watched, JobKind.ROLLBACK)
    with watched.writer.transaction() as connection:
        model_id = models.model_id(connection, "mnist")
        assert model_id is not None
        probations.begin(
            connection,
            model_id,
            number=1,
            sha256="a" * 64,
            now=watched.clock.now(),
            length_s=60.0,
            every_s=10.0,
        )
    watched.deploy("mnist", 2)
    recover(watched.workspace, watched.writer, watched.clock.now())
    with watched.writer.transaction() as connection:
        ended = next(one for one in probations.read(connection, "mnist") if one.number == 1)
    assert (ended.state, ended.reason) == ("failed", "it is better")
    [told] = [event for event in watched.events() if event.code == "rollback-recovered"]
    assert told.message == "the rollback to version 2 was interrupted after it had taken effect"
