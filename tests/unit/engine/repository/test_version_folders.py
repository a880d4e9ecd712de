"""Promises about version folders: how they are found, when they are still, and what is on record when they change."""

import errno
import os
from pathlib import Path

import pytest

from engine.repository import versions as version_folders
from engine.repository.examine import Examined, examine
from engine.repository.repository import SCANNED_S, SLICE_S
from engine.repository.scanner import Item, read_item
from engine.repository.versions import Looked, look
from storage.records import JobParameters
from storage.tables import models
from storage.vocabulary import Format, JobKind, JobState, RepairKind, Severity, Status
from storage.workspace import Workspace
from tests.artefacts import artefact_sha256
from tests.attacks import keras_lambda
from tests.handmade_models import onnx_bytes, save_onnx
from tests.watched import START, Watched


def test_a_version_folder_is_found_checked_and_its_evaluation_asked_for(watched: Watched) -> None:
    """A folder that is put into models/ is recorded with its content, and its evaluation is queued."""
    watched.put_version("mnist", 3)
    watched.settle()
    found = watched.version("mnist", 3)
    assert (found.status, found.format, found.artefact) == (Status.CHECKING, Format.ONNX, "model.onnx")
    assert found.sha256 is not None
    assert found.bytes == len(onnx_bytes("mnist 3"))
    job = watched.jobs()[0]
    assert (job.kind, job.model, job.version, job.requested_by) == (JobKind.EVALUATE, "mnist", 3, "arrival")
    assert "version 3 found in models/mnist" in watched.messages()


def test_a_new_version_is_shown_before_it_is_settled(watched: Watched) -> None:
    """From the first look on the version is there, as settling, and no job touches it yet."""
    watched.put_version("mnist", 1)
    assert watched.scan() == pytest.approx(0.3)
    assert watched.version("mnist", 1).status is Status.SETTLING
    assert watched.jobs() == []


def test_a_version_that_is_being_copied_is_left_alone_until_it_is_still(watched: Watched) -> None:
    """As long as files grow or come, nothing is hashed, checked or asked for."""
    file = watched.put_version("mnist", 1)
    for part in range(5):
        watched.scan(0.2)
        file.with_name(f"part{part}.txt").write_text("x" * part)
    assert watched.version("mnist", 1).status is Status.SETTLING
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_a_long_copy_into_place_is_shown_while_it_lasts(watched: Watched) -> None:
    """After a second of growing, people see how far it is; of a version that is ready nothing is said until it is known."""
    watched.ready("mnist", {1: 0.9})
    files = [watched.put_version("mnist", number) for number in (1, 2)]
    for size in range(1, 8):
        for file in files:
            file.write_bytes(b"\x08" * size * 1000)
        watched.scan(0.2)
    shown = watched.version("mnist", 2)
    assert (shown.status, shown.reason) == (Status.SETTLING, "arriving: 6.8 KiB so far, 4.9 KiB/s")
    assert (watched.version("mnist", 1).status, watched.version("mnist", 1).reason) == (Status.READY, "")


def test_a_version_that_changes_while_it_is_read_settles_again(watched: Watched) -> None:
    """What was examined and what was hashed would not be the same."""
    file = watched.put_version("mnist", 1)
    item = read_item(file.parent.parent, "1")
    examined = examine(file.parent.parent, item)
    assert look(watched.workspace, "mnist", item, examined) is not None
    file.with_name("notes.txt").write_text("more")
    assert look(watched.workspace, "mnist", item, examined) is None


def test_a_version_that_is_written_to_while_it_is_read_is_looked_at_again_once_it_is_still(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded as what it came to be, once, and what was half written is never tried."""
    file = watched.put_version("mnist", 1)
    looks: list[str] = []

    def written(workspace: Workspace, model: str, item: Item, examined: Examined) -> Looked | None:
        looks.append(item.stamp)
        if len(looks) == 1:
            save_onnx(file, "saved anew")
        return look(workspace, model, item, examined)

    monkeypatch.setattr(version_folders, "look", written)
    watched.settle()
    assert len(set(looks)) == 2
    found = watched.version("mnist", 1)
    assert (found.status, found.sha256) == (Status.CHECKING, artefact_sha256(file))
    assert len(watched.jobs()) == 1
    assert watched.faults() == []


def test_a_pass_that_reads_for_long_lets_others_have_their_turn(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Arrivals and links are not kept waiting by many large versions: the rest is read in passes that follow at once."""

    def slowly(workspace: Workspace, model: str, item: Item, examined: Examined) -> Looked | None:
        watched.clock.passed += SLICE_S + 0.1
        return look(workspace, model, item, examined)

    for number in (1, 2, 3):
        watched.put_version("mnist", number)
    watched.scan()
    monkeypatch.setattr(version_folders, "look", slowly)
    for recorded in (1, 2, 3):
        due = watched.scan(0.31 if recorded == 1 else 0.0)
        statuses = [version.status for version in watched.versions("mnist").values()]
        assert statuses.count(Status.CHECKING) == recorded
        assert (due == 0.0) == (recorded < 3)


def test_a_version_that_arrived_by_rename_needs_no_settling(watched: Watched) -> None:
    """A folder that was moved into place is complete, and taken at the first look."""
    watched.put_version("mnist", 1)
    watched.repository.renamed(watched.workspace.version_folder("mnist", 1))
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_an_empty_version_folder_waits(watched: Watched) -> None:
    """``mkdir`` before a copy is no failure; the version is taken when its files are there."""
    watched.workspace.version_folder("mnist", 1).mkdir(parents=True)
    watched.scan()
    watched.scan(1.0)
    assert watched.version("mnist", 1).status is Status.SETTLING
    assert watched.version("mnist", 1).reason == "1 is empty"
    watched.put_version("mnist", 1)
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"hello\n", Status.UNSUPPORTED, "model.onnx is a text file, not a model"),
        (b"", Status.FAILED, "model.onnx is empty"),
        (b"PK\3\4cut", Status.FAILED, "model.onnx is cut short: its zip directory is missing"),
        (
            onnx_bytes(location="/etc/passwd", size=4),
            Status.QUARANTINED,
            "model.onnx wants weights outside its folder",
        ),
    ],
)
def test_a_version_that_is_no_model_gets_its_reason_and_is_never_tried(
    watched: Watched, content: bytes, status: Status, reason: str
) -> None:
    """What cannot be a model is recorded with one sentence, told once, and no job is asked for."""
    file = watched.put_version("mnist", 1)
    file.write_bytes(content)
    watched.settle()
    watched.restart()
    watched.settle()
    found = watched.version("mnist", 1)
    assert found.status is status
    assert found.reason.startswith(reason)
    assert found.bytes == len(content)
    assert watched.jobs() == []
    assert [(event.code, event.severity) for event in watched.events() if event.version == 1] == [
        (str(status), Severity.WARNING)
    ]


def test_a_failed_version_is_looked_at_again_when_its_files_change(watched: Watched) -> None:
    """A truncated copy that is completed later becomes a version without anybody's asking."""
    file = watched.put_version("mnist", 1)
    whole = file.read_bytes()
    file.write_bytes(whole[:20])
    watched.settle()
    assert watched.version("mnist", 1).status is Status.FAILED
    file.write_bytes(whole)
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.version("mnist", 1).reason == ""


def test_files_that_are_only_touched_change_nothing_but_the_stamp(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same bytes with a new time are the same version: no event, no job, no fault, and they are read once."""
    watched.ready("mnist", {1: 0.9})
    jobs, told = watched.jobs(), watched.messages()
    os.utime(watched.workspace.version_folder("mnist", 1) / "model.onnx")
    watched.settle()
    assert watched.version("mnist", 1).status is Status.READY
    assert (watched.jobs(), watched.messages(), watched.faults()) == (jobs, told, [])
    monkeypatch.setattr(version_folders, "digest", None)
    assert watched.scan(2 * SCANNED_S) == pytest.approx(30.0)


def test_a_refused_version_that_is_only_touched_is_not_told_again(watched: Watched, tmp_path: Path) -> None:
    """The same bytes are refused for the same reason, since the same moment."""
    folder = watched.workspace.version_folder("mnist", 4)
    folder.mkdir(parents=True)
    file = keras_lambda(folder, tmp_path)
    watched.settle()
    before, told = watched.version("mnist", 4), watched.messages()
    os.utime(file)
    watched.settle()
    after = watched.version("mnist", 4)
    assert (after.status, after.reason, after.sha256) == (before.status, before.reason, before.sha256)
    assert (watched.messages(), watched.faults(), watched.jobs()) == (told, [], [])


def test_a_version_whose_content_changes_is_a_fault_and_checked_again(watched: Watched) -> None:
    """Versions never change; one that does is told, and its figures are not believed any longer."""
    watched.ready("mnist", {1: 0.9})
    before = watched.version("mnist", 1).sha256
    watched.put_version("mnist", 1, "something else")
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.version("mnist", 1).sha256 != before
    assert [(fault.code, fault.version) for fault in watched.faults()] == [("artefact-changed", 1)]
    assert watched.events()[-1].severity is Severity.WARNING

    watched.evaluated("mnist", 1)
    watched.scan(1.0)
    assert watched.faults() == []


def test_a_version_that_becomes_what_must_not_be_tried_is_a_fault_too(watched: Watched) -> None:
    """Its figures are of other content, whatever became of it."""
    watched.ready("mnist", {1: 0.9})
    artefact = watched.workspace.version_folder("mnist", 1) / "model.onnx"
    artefact.write_bytes(onnx_bytes(location="/etc/passwd", size=4))
    watched.settle()
    assert watched.version("mnist", 1).status is Status.QUARANTINED
    assert [(fault.code, fault.version) for fault in watched.faults()] == [("artefact-changed", 1)]


def test_a_deployed_version_that_changed_stays_a_fault(watched: Watched) -> None:
    """Content that is deployed without ever having been promoted does not become right by being evaluated."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.put_version("mnist", 1, "something else")
    watched.settle()
    watched.evaluated("mnist", 1)
    watched.scan(1.0)
    assert [fault.code for fault in watched.faults()] == ["artefact-changed"]


def test_a_fault_says_what_ends_it_from_the_moment_that_it_opens(watched: Watched) -> None:
    """Changed or gone: no check has run yet, and key f has its repair."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.put_version("mnist", 1, "something else")
    watched.settle()
    watched.workspace.version_folder("mnist", 1).rename(watched.workspace.root / "aside")
    watched.settle()
    found = {fault.code: fault.remedies for fault in watched.faults()}
    assert set(found) == {"artefact-changed", "missing"}
    for remedies in found.values():
        assert [remedy.kind for remedy in remedies] == [RepairKind.RESTORE]
        assert "models/mnist/1" in remedies[0].sentence


def test_a_vanished_version_is_missing_and_checked_again_when_it_is_back(watched: Watched) -> None:
    """Removing a folder loses no history; bringing it back asks for a check."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    folder = watched.workspace.version_folder("mnist", 2)
    folder.rename(watched.workspace.root / "aside")
    watched.settle()
    assert watched.version("mnist", 2).status is Status.MISSING
    assert watched.version("mnist", 2).reason == "models/mnist/2 is gone"
    told = watched.events()[-1]
    assert (told.code, told.message) == ("gone", "version 2 is gone: models/mnist/2 was removed")
    assert watched.version("mnist", 2).evaluation is not None
    assert watched.faults() == []

    (watched.workspace.root / "aside").rename(folder)
    watched.settle()
    assert watched.version("mnist", 2).status is Status.CHECKING
    assert "version 2 is back in models/mnist" in watched.messages()


def test_an_incomplete_version_that_is_back_is_decided_about_again(watched: Watched) -> None:
    """It looks as it did before it went, and does not settle for ever."""
    folder = watched.put_version("mnist", 1).parent
    (folder / "model.onnx").write_bytes(b"")
    watched.settle()
    folder.rename(watched.workspace.root / "aside")
    watched.settle()
    (watched.workspace.root / "aside").rename(folder)
    watched.settle()
    found = watched.version("mnist", 1)
    assert (found.status, found.reason) == (Status.FAILED, "model.onnx is empty")


def test_a_deployed_version_that_vanishes_is_an_error_until_it_is_back(watched: Watched) -> None:
    """What is deployed and gone is the worst that a folder can show."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.workspace.version_folder("mnist", 1).rename(watched.workspace.root / "aside")
    watched.settle()
    assert [(fault.code, fault.severity) for fault in watched.faults()] == [("missing", Severity.ERROR)]
    current = watched.model("mnist").current
    assert current is not None
    assert current.status is Status.MISSING

    (watched.workspace.root / "aside").rename(watched.workspace.version_folder("mnist", 1))
    watched.settle()
    assert watched.faults() == []


def test_a_failed_version_is_tried_again_when_its_time_has_come(watched: Watched) -> None:
    """After the back-off that the evaluate job set, the version is checked again, once."""
    watched.ready("mnist", {1: 0.9})
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
        models.set_version(
            connection, 1, status=Status.FAILED, reason="no memory", failures=2, retry_at=START + 60
        )
    watched.scan(50.0)
    assert watched.version("mnist", 1).status is Status.FAILED
    watched.scan(20.0)
    watched.scan(1.0)
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert [job.version for job in watched.jobs() if job.state is JobState.QUEUED] == [1]
    with watched.writer.transaction() as connection:
        # The next failure goes on counting where this one stopped.
        assert connection.execute("SELECT failures FROM versions").fetchone()[0] == 2


def test_a_version_that_cannot_be_read_fails_and_is_read_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An input error while hashing blocks nothing else and is tried again after a while."""

    def broken(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    watched.put_version("mnist", 1)
    with monkeypatch.context() as patch:
        patch.setattr(version_folders, "digest", broken)
        watched.settle()
    assert watched.version("mnist", 1).status is Status.FAILED
    assert watched.version("mnist", 1).reason == "1 cannot be read (Input/output error)"
    watched.scan(20.0)
    assert watched.version("mnist", 1).status is Status.FAILED
    watched.scan(11.0)
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_job_parameters_of_an_arrival_are_the_defaults(watched: Watched) -> None:
    """The first evaluation runs on the processor with the model's test data."""
    watched.put_version("mnist", 1)
    watched.settle()
    assert watched.jobs()[0].parameters == JobParameters()
