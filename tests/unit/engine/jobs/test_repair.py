"""Promises about repairing what is deployed: byte for byte, nothing lost, and told as it is."""

import errno
import os
import shutil
import signal
import stat
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from engine.jobs import repair
from engine.jobs.context import Context, Outcome
from engine.processes.client import Hosts
from engine.processes.endings import LOST
from engine.processes.examiner_process import ExaminerProcess
from engine.repairs.restore import NO_COPY
from engine.repository import restore
from engine.repository.keeper import Keeper
from engine.repository.switch import CHANGED_FAULT
from storage import jobs
from storage.errors import UnknownError
from storage.records import Metric
from storage.settings import WorkspaceSettings
from storage.vocabulary import JobKind, JobState, Status
from tests.failing import failing_at
from tests.handmade_models import save_onnx, save_onnx_with_weights
from tests.watched import HostsAtHand, Watched

Contents = dict[str, bytes]


class Silent:
    """A report to nobody."""

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Tell nobody."""

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Return that nobody wants the end."""
        return False


def contents(folder: Path) -> Contents:
    """Return the files below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def ask(
    watched: Watched, version: int | None = None, hosts: Hosts | None = None
) -> tuple[Outcome, dict[str, Any]]:
    """Do a repair as the engine does, and return its outcome with its answer."""
    with watched.writer.transaction() as connection:
        jobs.add(connection, JobKind.REPAIR, "mnist", version, requested_by="ann", now=watched.clock.now())
        job = jobs.claim(connection, frozenset({JobKind.REPAIR}), now=watched.clock.now())
    assert job is not None
    context = Context(
        watched.workspace,
        watched.writer,
        WorkspaceSettings(),
        cast("Any", hosts or HostsAtHand()),
        cast("Any", None),
        watched.clock.now,
    )
    try:
        outcome = repair.run(context, job, Silent())
    finally:
        with watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=watched.clock.now())
    return outcome, msgspec.json.decode(outcome.result or "{}")


def one_file(folder: Path) -> None:
    """Save a model of one file, beside something that is not its own."""
    save_onnx(folder / "model.onnx")
    (folder / "labels.txt").write_text("cat\ndog\n")


def several_files(folder: Path) -> None:
    """Save a model of two files."""
    save_onnx_with_weights(folder / "model.onnx")


def several_below(folder: Path) -> None:
    """Save a model of two files, in a folder of its own."""
    save_onnx_with_weights(folder / "exported" / "model.onnx", "weights.bin")


@pytest.fixture(params=[one_file, several_files, several_below], ids=["one", "several", "below"])
def shipped(request: pytest.FixtureRequest, watched: Watched) -> Watched:
    """Return a workspace in which version 2 of mnist is deployed and has its copy, and version 1 was before it."""
    for number in (1, 2):
        folder = watched.workspace.version_folder("mnist", number)
        request.param(folder)
        artefact = next(folder.rglob("model.onnx"))
        # One more line of metadata (ModelProto.metadata_props): another content, the same model.
        artefact.write_bytes(artefact.read_bytes() + b"\x72\x06\x0a\x01k\x12\x01" + str(number).encode())
    watched.settle()
    for number in (1, 2):
        watched.evaluated("mnist", number)
        watched.deploy("mnist", number)
        watched.settle()
    keep(watched)
    return watched


def keep(watched: Watched) -> None:
    """Look after the copies, as the engine does by itself."""
    Keeper(watched.workspace, watched.writer, now=watched.clock.now, monotonic=watched.clock.monotonic).look()


def flip(folder: Path) -> None:
    """Damage one bit of the last file of the model."""
    victim = max(folder.rglob("*.bin"), default=next(folder.rglob("model.onnx")))
    raw = bytearray(victim.read_bytes())
    raw[-1] ^= 1
    victim.write_bytes(raw)


def cut(folder: Path) -> None:
    """Cut the model short."""
    artefact = next(folder.rglob("model.onnx"))
    artefact.write_bytes(artefact.read_bytes()[:20])


def lose_a_file(folder: Path) -> None:
    """Remove the model and leave the rest."""
    next(folder.rglob("model.onnx")).unlink()


def lose_everything(folder: Path) -> None:
    """Remove the whole folder."""
    shutil.rmtree(folder)


def add_another_model(folder: Path) -> None:
    """Put a second model beside the first, so that nobody can tell which one is meant."""
    save_onnx(folder / "other.onnx", "another one")


def put_a_link(folder: Path) -> None:
    """Put a link to another version in its place."""
    shutil.rmtree(folder)
    folder.symlink_to("1")


def put_a_file(folder: Path) -> None:
    """Put a file in its place."""
    shutil.rmtree(folder)
    folder.write_text("not a folder")


def make_it_a_folder(folder: Path) -> None:
    """Put a folder where the model was."""
    artefact = next(folder.rglob("model.onnx"))
    artefact.unlink()
    artefact.mkdir()
    (artefact / "notes.txt").write_text("what is this?")


DAMAGE = [
    make_it_a_folder,
    flip,
    cut,
    lose_a_file,
    lose_everything,
    add_another_model,
    put_a_link,
    put_a_file,
]


@pytest.mark.parametrize("damage", DAMAGE, ids=[each.__name__ for each in DAMAGE])
@pytest.mark.parametrize("noticed", [True, False], ids=["noticed", "at once"])
def test_whatever_happened_the_deployed_bytes_come_back(
    shipped: Watched, damage: Callable[[Path], None], *, noticed: bool
) -> None:
    """Whether or not the scanner has seen it: the same files, nothing lost of what was there, no fault left, checked anew."""
    folder = shipped.workspace.version_folder("mnist", 2)
    whole, sha256 = contents(folder), shipped.version("mnist", 2).sha256
    damage(folder)
    damaged = contents(folder) if folder.is_dir() and not folder.is_symlink() else {}
    if noticed:
        shipped.settle()
        assert {fault.code for fault in shipped.faults()} & {CHANGED_FAULT, "missing"}
        assert all("modeltender repair mnist" in fault.repair for fault in shipped.faults())
    outcome, answer = ask(shipped)
    assert outcome.state is JobState.SUCCEEDED, outcome
    assert (answer["repaired"], [each["repaired"] for each in answer["versions"]]) == (True, [True, False])
    restored = contents(folder)
    assert {name: restored[name] for name in restored if "labels" not in name} == {
        name: whole[name] for name in whole if "labels" not in name
    }
    if damage in {flip, cut, lose_a_file}:
        assert restored == whole, "what lay beside the model must stay beside it"
    set_aside = answer["versions"][0]["set_aside"]
    assert (set_aside is None) == (damage is lose_everything)
    if set_aside is not None and damaged:
        assert contents(shipped.workspace.root / set_aside) == damaged
    version = shipped.version("mnist", 2)
    assert (version.sha256, version.role) == (sha256, "current")
    shipped.settle()
    assert shipped.faults() == []
    expected = Status.READY if not noticed else Status.CHECKING
    assert shipped.version("mnist", 2).status is expected
    waiting = {(job.kind, job.version) for job in shipped.jobs() if job.state is JobState.QUEUED}
    assert (JobKind.EVALUATE, 2) in waiting or not noticed
    left = {path.name for path in (shipped.workspace.models / "mnist").iterdir()}
    assert left == {"1", "2", "current"}


def test_nothing_to_repair_is_said_and_nothing_is_touched(shipped: Watched) -> None:
    """Of versions that are as they were deployed not even a time changes."""
    folder = shipped.workspace.version_folder("mnist", 2)
    before = [(path, path.stat().st_ctime_ns) for path in sorted(folder.rglob("*"))]
    outcome, answer = ask(shipped)
    assert outcome.state is JobState.SUCCEEDED
    assert answer["repaired"] is False
    assert [(each["version"], each["repaired"]) for each in answer["versions"]] == [(2, False), (1, False)]
    assert [(path, path.stat().st_ctime_ns) for path in sorted(folder.rglob("*"))] == before
    assert not shipped.workspace.damaged.exists()


def test_a_damaged_folder_is_looked_into_behind_walls(shipped: Watched, examiner_hosts: Hosts) -> None:
    """With real processes: what is intact is known for it, and what was put beside the model does not come along."""
    keep(shipped)
    folder = shipped.workspace.version_folder("mnist", 1)
    assert not ask(shipped, 1, examiner_hosts)[1]["repaired"]
    add_another_model(folder)
    _, answer = ask(shipped, 1, examiner_hosts)
    assert answer["repaired"]
    assert not ask(shipped, 1, examiner_hosts)[1]["repaired"]


def test_what_ends_the_process_that_looks_into_it_is_nothing_that_was_deployed(
    shipped: Watched, examiner_hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy comes back. Where its host was ended too, nobody knows what is there, and nothing is touched."""
    keep(shipped)
    folder = shipped.workspace.version_folder("mnist", 1)
    add_another_model(folder)
    before = contents(folder)
    opened = examiner_hosts.open_examiner

    def then_killed(whose: Callable[[ExaminerProcess], int]) -> Callable[[Sequence[Path]], ExaminerProcess]:
        def open_and_kill(readable: Sequence[Path]) -> ExaminerProcess:
            process = opened(readable)
            os.kill(whose(process), signal.SIGKILL)
            while process.alive:
                time.sleep(0.01)
            return process

        return open_and_kill

    monkeypatch.setattr(examiner_hosts, "open_examiner", then_killed(lambda process: process.host.pid))
    assert ask(shipped, 1, examiner_hosts)[0].code == LOST
    assert contents(folder) == before
    monkeypatch.setattr(examiner_hosts, "open_examiner", then_killed(lambda process: process.pid))
    assert ask(shipped, 1, examiner_hosts)[1]["repaired"]
    assert contents(folder) != before


def test_the_previous_version_is_repaired_too(shipped: Watched) -> None:
    """A rollback must find what it would bring back; its fault stays until it is restored, whatever is evaluated."""
    folder = shipped.workspace.version_folder("mnist", 1)
    whole = contents(folder)
    flip(folder)
    shipped.settle()
    shipped.evaluated("mnist", 1)
    shipped.settle()
    assert [(fault.code, fault.version) for fault in shipped.faults()] == [(CHANGED_FAULT, 1)]
    _, answer = ask(shipped, 1)
    assert [each["version"] for each in answer["versions"]] == [1]
    assert contents(folder) == whole
    assert shipped.faults() == []


def test_content_that_somebody_puts_back_by_hand_ends_the_fault(shipped: Watched) -> None:
    """The same bytes are the same, whoever brought them."""
    folder = shipped.workspace.version_folder("mnist", 2)
    artefact = next(folder.rglob("model.onnx"))
    whole = artefact.read_bytes()
    artefact.write_bytes(b"")
    shipped.settle()
    assert [fault.code for fault in shipped.faults()] == [CHANGED_FAULT]
    artefact.write_bytes(whole)
    shipped.settle()
    assert shipped.faults() == []
    assert "version 2 holds again what was deployed" in shipped.messages()


def test_without_a_copy_it_is_said_what_can_be_done(shipped: Watched) -> None:
    """A copy that is gone or damaged is none, and nothing is touched; the other version is restored all the same."""
    folders = [shipped.workspace.version_folder("mnist", number) for number in (1, 2)]
    whole = contents(folders[0])
    kept = shipped.workspace.objects / (shipped.version("mnist", 2).sha256 or "")
    for path in kept.rglob("*"):
        path.chmod(0o600)
        path.write_bytes(b"rot")
    for folder in folders:
        flip(folder)
    damaged = contents(folders[1])
    outcome, answer = ask(shipped)
    assert (outcome.state, outcome.code) == (JobState.FAILED, NO_COPY)
    assert outcome.error == "There is no copy to restore mnist@2 from."
    assert outcome.hint == (
        "Put its files back into models/mnist/2, or deploy another version: modeltender promote mnist@VERSION"
    )
    assert [(each["version"], each["repaired"]) for each in answer["versions"]] == [(1, True)]
    assert (contents(folders[0]), contents(folders[1])) == (whole, damaged)


def test_unknown_names_are_told(shipped: Watched) -> None:
    """A version that does not exist is an error of its own kind."""
    with pytest.raises(UnknownError, match=r"There is no version mnist@9\."):
        ask(shipped, 9)


def test_a_version_that_was_never_deployed_has_no_copy(shipped: Watched) -> None:
    """That is said, and what it holds stays."""
    folder = shipped.put_version("mnist", 3).parent
    shipped.settle()
    assert ask(shipped, 3)[1]["repaired"] is False
    cut(folder)
    assert ask(shipped, 3)[0].code == NO_COPY


def test_who_serves_the_model_may_still_read_it(shipped: Watched) -> None:
    """Copies are private, versions are not: a restored file has the rights of the damaged one, or of the model's folder."""
    folder = shipped.workspace.version_folder("mnist", 2)
    artefact = next(folder.rglob("model.onnx"))
    artefact.chmod(0o640)
    flip(folder)
    ask(shipped)
    assert stat.S_IMODE(artefact.stat().st_mode) == 0o640
    assert all(not path.stat().st_mode & 0o111 for path in folder.rglob("*") if path.is_file())
    shutil.rmtree(folder)
    folder.parent.chmod(0o755)
    ask(shipped)
    assert stat.S_IMODE(artefact.stat().st_mode) == 0o644
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755


def test_a_folder_that_nobody_may_enter_any_more_is_replaced_too(shipped: Watched) -> None:
    """What cannot be read is not what was deployed; it is set aside, and its owner may look into it there."""
    folder = shipped.workspace.version_folder("mnist", 2)
    whole = contents(folder)
    folder.chmod(0)
    if os.access(folder, os.R_OK | os.X_OK):
        pytest.skip("root may read everything")
    shipped.settle()
    _, answer = ask(shipped, 2)
    assert {name: raw for name, raw in contents(folder).items() if "labels" not in name} == {
        name: raw for name, raw in whole.items() if "labels" not in name
    }
    assert contents(shipped.workspace.root / answer["versions"][0]["set_aside"]) == whole


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.EINVAL])
def test_a_file_system_that_cannot_exchange_is_repaired_too(
    shipped: Watched, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """With two renames in place of one, the outcome is the same."""
    monkeypatch.setattr(restore, "exchange", lambda _first, _second: not number)
    folder = shipped.workspace.version_folder("mnist", 2)
    whole = contents(folder)
    flip(folder)
    _, answer = ask(shipped)
    assert contents(folder) == whole
    assert (shipped.workspace.root / answer["versions"][0]["set_aside"]).is_dir()


def test_whatever_call_fails_the_folder_is_damaged_or_restored(shipped: Watched) -> None:
    """For every n: the n-th call fails, and the version's folder is what it was or what it should be."""
    folder = shipped.workspace.version_folder("mnist", 2)
    whole = contents(folder)
    for n in range(1, 400):
        flip(folder)
        damaged = contents(folder)
        with failing_at(n, ("write", "fsync", "fchmod", "mkdir", "rename", "chmod")) as reached:
            outcome, _ = ask(shipped)
        restore.recover(shipped.workspace, shipped.writer, shipped.clock.now())
        found = contents(folder)
        assert found == (whole if outcome.state is JobState.SUCCEEDED else damaged)
        left_over = {path.name for path in (shipped.workspace.models / "mnist").iterdir()}
        assert left_over - {"2.partial"} == {"1", "2", "current"}
        if not reached():
            break
        if found == damaged:
            flip(folder)
            assert contents(folder) == whole
    assert not reached(), "there must be an end to the calls"
    assert n > 10
