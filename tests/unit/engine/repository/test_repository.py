"""Promises about the record of what lies in the folders: versions, arrivals, settings and faults."""

import errno
import os
import shutil
import sqlite3
from pathlib import Path

import pytest

from engine.repository import ingest as ingesting
from engine.repository import versions as version_folders
from engine.repository.repository import SCANNED_S
from storage.database import Writer
from storage.records import JobParameters
from storage.tables import engine as engine_table
from storage.tables import models
from storage.vocabulary import Format, JobKind, JobState, RepairKind, Role, Severity, Status
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights
from tests.watched import START, Watched


def inbox(watched: Watched, model: str = "mnist") -> Path:
    """Return the inbox of a model."""
    folder = watched.workspace.train / model
    folder.mkdir(parents=True, exist_ok=True)
    return folder


# Version folders


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
    assert watched.jobs() == []
    assert [event.severity for event in watched.events() if event.version == 1] == [Severity.WARNING]


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


def test_files_that_are_only_touched_change_nothing_but_the_stamp(watched: Watched) -> None:
    """The same bytes with a new time are the same version: no event, no job, no fault."""
    watched.ready("mnist", {1: 0.9})
    jobs, told = watched.jobs(), watched.messages()
    os.utime(watched.workspace.version_folder("mnist", 1) / "model.onnx")
    watched.settle()
    assert watched.version("mnist", 1).status is Status.READY
    assert (watched.jobs(), watched.messages(), watched.faults()) == (jobs, told, [])
    assert watched.scan(2 * SCANNED_S) == pytest.approx(30.0)


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
    assert watched.version("mnist", 2).evaluation is not None
    assert watched.faults() == []

    (watched.workspace.root / "aside").rename(folder)
    watched.settle()
    assert watched.version("mnist", 2).status is Status.CHECKING
    assert "version 2 is back in models/mnist" in watched.messages()


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


def test_an_unmounted_repository_loses_no_version(watched: Watched) -> None:
    """A models/ folder that is gone as a whole is one fault, not the end of every version."""
    watched.ready("mnist", {1: 0.9})
    watched.workspace.models.rename(watched.workspace.root / "aside")
    watched.settle()
    assert watched.version("mnist", 1).status is Status.READY
    assert [fault.message for fault in watched.faults()] == [
        "models/ cannot be listed: No such file or directory."
    ]
    assert watched.model("mnist").name == "mnist"

    (watched.workspace.root / "aside").rename(watched.workspace.models)
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
    assert [job.state for job in watched.jobs()].count(JobState.QUEUED) == 1
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
    watched.scan(31.0)
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_a_check_that_no_job_does_any_longer_is_asked_for_again_at_the_start(watched: Watched) -> None:
    """A version whose job is lost does not stay in checking for ever."""
    watched.put_version("mnist", 1)
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.INTERRUPTED,))
    watched.scan(1.0)
    assert [job.state for job in watched.jobs()] == [JobState.INTERRUPTED]
    watched.restart()
    watched.scan(1.0)
    assert [job.state for job in watched.jobs()] == [JobState.QUEUED, JobState.INTERRUPTED]


def test_what_an_older_program_did_not_support_is_looked_at_once_more(watched: Watched) -> None:
    """After an upgrade a version in a format that is new is found without touching its files."""
    watched.put_version("mnist", 1)
    save_onnx(inbox(watched) / "other.onnx", "other")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE versions SET status = 'unsupported', sha256 = NULL WHERE number = 1")
        connection.execute("UPDATE arrivals SET status = 'unsupported', sha256 = NULL, version_id = NULL")
        connection.execute("DELETE FROM jobs")
        connection.execute("DELETE FROM versions WHERE number = 2")
    shutil.rmtree(watched.workspace.version_folder("mnist", 2))
    watched.restart()
    watched.settle()
    assert {number: found.status for number, found in watched.versions("mnist").items()} == {
        1: Status.CHECKING,
        2: Status.CHECKING,
    }


def test_a_thousand_versions_are_recorded_in_few_transactions(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A repository that is adopted whole costs a handful of commits, not one a version."""
    content = onnx_bytes()
    for number in range(1, 1001):
        folder = watched.workspace.version_folder("mnist", number)
        folder.mkdir(parents=True)
        (folder / "model.onnx").write_bytes(content + b"\x32\x04%04d" % number)
    begun = 0
    transaction = Writer.transaction

    def counted(writer: Writer) -> object:
        nonlocal begun
        begun += 1
        return transaction(writer)

    watched.scan()
    monkeypatch.setattr(Writer, "transaction", counted)
    watched.scan(0.31)
    assert begun < 12
    monkeypatch.undo()
    statuses = [found["status"] for found in rows(watched)]
    assert statuses == [Status.CHECKING] * 1000


def rows(watched: Watched) -> list[sqlite3.Row]:
    """Return the rows of all versions."""
    with watched.writer.transaction() as connection:
        return models.version_rows(connection)


def test_a_pass_without_news_writes_nothing_durable(watched: Watched) -> None:
    """When nothing changed, the disk is left alone but for the time of the pass."""
    watched.ready("mnist", {1: 0.9, 2: 0.8})
    save_onnx(inbox(watched) / "notes.txt").write_text("x")
    watched.settle()
    with watched.writer.transaction() as connection:
        before = connection.total_changes
    for _ in range(5):
        watched.scan(10.0)
    with watched.writer.transaction() as connection:
        assert connection.total_changes == before


# Arrivals


def test_a_file_in_the_inbox_becomes_the_next_version(watched: Watched) -> None:
    """A finished file is copied to the next number, recorded with its source, and its evaluation is asked for."""
    watched.ready("mnist", {1: 0.9})
    source = save_onnx(inbox(watched) / "better.onnx")
    watched.settle()
    found = watched.version("mnist", 2)
    assert (found.status, found.source, found.artefact) == (
        Status.CHECKING,
        "train/mnist/better.onnx",
        "better.onnx",
    )
    assert (watched.workspace.version_folder("mnist", 2) / "better.onnx").read_bytes() == source.read_bytes()
    assert "version 2 found, from train/mnist/better.onnx" in watched.messages()
    assert watched.jobs()[-1].version == 2 or watched.jobs()[0].version == 2
    assert watched.arrivals() == {}


def test_a_version_of_our_own_making_is_not_found_a_second_time(watched: Watched) -> None:
    """The folder that ingesting made is known already: one event, one job."""
    save_onnx(inbox(watched) / "better.onnx")
    watched.settle()
    watched.settle()
    watched.restart()
    watched.settle()
    assert [message for message in watched.messages() if "found" in message] == [
        "version 1 found, from train/mnist/better.onnx"
    ]
    assert len(watched.jobs()) == 1
    assert list(watched.versions("mnist")) == [1]


def test_a_file_that_is_being_written_is_taken_once_and_whole(watched: Watched) -> None:
    """However often the writer pauses shorter than the settle time, one version comes of it, at the end."""
    whole = onnx_bytes("x" * 5000)
    file = inbox(watched) / "slow.onnx"
    for end in range(500, len(whole) + 500, 500):
        file.write_bytes(whole[:end])
        watched.scan(0.25)
    assert watched.versions("mnist") == {}
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert (watched.workspace.version_folder("mnist", 1) / "slow.onnx").read_bytes() == whole


def test_a_writer_that_stalls_in_the_middle_is_waited_for(watched: Watched) -> None:
    """A file that is cut short gets a few seconds more; it is shown as settling, with what it lacks."""
    whole = onnx_bytes("x" * 5000)
    file = inbox(watched) / "stalling.onnx"
    file.write_bytes(whole[:1000])
    watched.scan()
    watched.scan(1.9)
    assert watched.arrivals()["stalling.onnx"].status is Status.SETTLING
    assert watched.arrivals()["stalling.onnx"].reason.startswith("stalling.onnx is cut short")
    assert not [event for event in watched.events() if event.severity is Severity.WARNING]
    file.write_bytes(whole)
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals() == {}


def test_a_long_copy_is_shown_while_it_lasts(watched: Watched) -> None:
    """After a second of growing, the arrival is on record with its size so far."""
    file = inbox(watched) / "large.onnx"
    for size in range(1, 8):
        file.write_bytes(b"\x08" * size * 1000)
        watched.scan(0.2)
    shown = watched.arrivals()["large.onnx"]
    assert (shown.status, shown.reason) == (Status.SETTLING, "arriving: 6.8 KiB so far, 4.9 KiB/s")
    assert shown.bytes >= 6000


@pytest.mark.parametrize(
    ("content", "status", "reason"),
    [
        (b"hello\n", Status.UNSUPPORTED, "new.onnx is a text file, not a model"),
        (b"", Status.FAILED, "new.onnx is empty"),
        (onnx_bytes("x" * 500)[:60], Status.FAILED, "new.onnx is cut short"),
    ],
)
def test_what_is_no_model_is_an_arrival_with_a_reason_and_uses_no_number(
    watched: Watched, content: bytes, status: Status, reason: str
) -> None:
    """It is told once, also over a restart, never tried, and the next model gets the next number."""
    (inbox(watched) / "new.onnx").write_bytes(content)
    watched.settle()
    watched.restart()
    watched.settle()
    shown = watched.arrivals()["new.onnx"]
    assert shown.status is status
    assert shown.reason.startswith(reason)
    assert watched.versions("mnist") == {}
    assert watched.jobs() == []
    assert len([message for message in watched.messages() if "new.onnx" in message]) == 1
    save_onnx(inbox(watched) / "good.onnx")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]


def test_an_arrival_that_goes_leaves_the_list(watched: Watched) -> None:
    """A file that is removed from the inbox is spoken of no longer."""
    (inbox(watched) / "notes.txt").write_text("x")
    watched.settle()
    (inbox(watched) / "notes.txt").unlink()
    watched.scan()
    assert watched.arrivals() == {}


def test_the_same_content_is_no_new_version(watched: Watched) -> None:
    """The same bytes under another name say which version they are."""
    source = save_onnx(inbox(watched) / "better.onnx")
    watched.settle()
    shutil.copy(source, inbox(watched) / "copy.onnx")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["copy.onnx"].reason == "same as version 1"
    assert "train/mnist/copy.onnx is no new version: same as version 1" in watched.messages()


def test_two_equal_files_that_arrive_together_are_one_version(watched: Watched) -> None:
    """Neither of two equal files is ingested before the other is known."""
    save_onnx(inbox(watched) / "a.onnx", "same")
    save_onnx(inbox(watched) / "b.onnx", "same")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["b.onnx"].reason == "same as version 1"


def test_saving_the_same_model_again_says_nothing(watched: Watched) -> None:
    """A trainer that saves an unchanged model over itself makes no version and no event."""
    source = save_onnx(inbox(watched) / "better.onnx")
    watched.settle()
    told = watched.messages()
    source.write_bytes(source.read_bytes())
    watched.settle()
    assert watched.messages() == told
    assert watched.arrivals() == {}


def test_a_better_model_under_the_same_name_is_the_next_version(watched: Watched) -> None:
    """Trainers overwrite in place: new content in an old file is new, and the old version stays as it was."""
    source = save_onnx(inbox(watched) / "better.onnx", "epoch 1")
    watched.settle()
    first = (watched.workspace.version_folder("mnist", 1) / "better.onnx").read_bytes()
    save_onnx(source, "epoch 2")
    watched.settle()
    assert list(watched.versions("mnist")) == [2, 1]
    assert (watched.workspace.version_folder("mnist", 1) / "better.onnx").read_bytes() == first


def test_a_model_with_weights_of_its_own_is_one_arrival(watched: Watched) -> None:
    """ONNX with external data is ingested as a whole, and its weights are no arrival of their own."""
    save_onnx_with_weights(inbox(watched) / "better.onnx")
    watched.settle()
    assert {path.name for path in watched.workspace.version_folder("mnist", 1).iterdir()} == {
        "better.onnx",
        "weights.bin",
    }
    assert watched.arrivals() == {}
    (inbox(watched) / "weights.bin").write_bytes(b"\1" * 64)
    watched.settle()
    assert list(watched.versions("mnist")) == [2, 1]


def test_a_model_waits_for_its_weights(watched: Watched) -> None:
    """A model whose weights come later is one version, taken when they are there."""
    save_onnx_with_weights(inbox(watched) / "better.onnx")
    (inbox(watched) / "weights.bin").rename(watched.workspace.root / "late")
    watched.scan()
    watched.scan(1.0)
    assert watched.arrivals()["better.onnx"].status is Status.SETTLING
    watched.scan(60.0)
    assert watched.arrivals()["better.onnx"].status is Status.FAILED
    (watched.workspace.root / "late").rename(inbox(watched) / "weights.bin")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals() == {}


def test_an_arrival_by_rename_is_taken_at_once(watched: Watched) -> None:
    """Who renames the finished file into the inbox does not wait for the settle time."""
    file = save_onnx(inbox(watched) / "better.onnx")
    watched.repository.renamed(file)
    watched.scan()
    assert list(watched.versions("mnist")) == [1]


def test_a_full_disk_is_told_once_and_tried_again(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """An arrival that cannot be copied has its reason, is tried again ever more slowly, and succeeds in the end."""
    tries = 0

    def full(*_: object) -> None:
        nonlocal tries
        tries += 1
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    save_onnx(inbox(watched) / "better.onnx")
    with monkeypatch.context() as patch:
        patch.setattr(ingesting, "copy", full)
        watched.scan()
        for _ in range(100):
            watched.scan(0.31)
    assert 3 <= tries <= 7
    shown = watched.arrivals()["better.onnx"]
    assert shown.status is Status.FAILED
    assert shown.reason == "could not be copied to models/mnist: No space left on device; it is tried again"
    assert len([message for message in watched.messages() if "No space left" in message]) == 1
    assert list((watched.workspace.models / "mnist").iterdir()) == []

    watched.scan(61.0)
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals() == {}


def test_one_stuck_arrival_does_not_hold_up_another(watched: Watched) -> None:
    """A model whose folder cannot be written leaves the other models' arrivals alone."""
    (watched.workspace.models / "stuck").write_text("in the way")
    save_onnx(inbox(watched, "stuck") / "a.onnx")
    save_onnx(inbox(watched, "mnist") / "b.onnx")
    watched.scan()
    watched.scan(0.31)
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["a.onnx"].status is Status.FAILED


def test_a_burst_of_junk_does_not_bury_the_log(watched: Watched) -> None:
    """Hundreds of files that are no models are recorded one by one and told together."""
    for number in range(500):
        (inbox(watched) / f"{number:03}.txt").write_text("x")
    save_onnx(inbox(watched) / "zz.onnx")
    watched.settle()
    assert len(watched.arrivals()) == 500
    assert list(watched.versions("mnist")) == [1]
    assert len(watched.messages()) < 12


def test_hostile_names_are_stored_clean_and_kept_apart(watched: Watched) -> None:
    """Names that could steer a terminal, or that are no text, are cleaned before they are stored."""
    folder = inbox(watched)
    for name in (b"a\x1b[2J.txt", b"a\xff[2J.txt", b"a\xfe[2J.txt"):
        (folder / os.fsdecode(name)).write_text("x")
    watched.settle()
    names = set(watched.arrivals())
    assert len(names) == 3
    assert all(name.isprintable() for name in names)
    assert all(message.isprintable() for message in watched.messages())


def test_a_crash_between_the_name_and_the_record_makes_no_second_version(watched: Watched) -> None:
    """An ingest whose record was lost is found as a version, and its source as the same content."""
    save_onnx(inbox(watched) / "better.onnx")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("DELETE FROM arrivals")
        connection.execute("DELETE FROM jobs")
        connection.execute("DELETE FROM versions")
    watched.restart()
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["better.onnx"].reason == "same as version 1"


def test_left_overs_are_swept_at_the_start(watched: Watched) -> None:
    """Half a copy of a crashed engine is gone after the first pass."""
    left = watched.workspace.models / "mnist" / "1.partial"
    left.mkdir(parents=True)
    watched.restart()
    watched.scan()
    assert not left.exists()


# Models, settings and oddities


def test_a_model_is_known_from_its_inbox_on(watched: Watched) -> None:
    """A model that has an inbox and no version yet is listed; one without any folder is not."""
    inbox(watched)
    watched.put_version("other", 1)
    watched.scan()
    assert watched.model("mnist").versions == 0
    shutil.rmtree(watched.workspace.models / "other")
    watched.scan()
    with watched.writer.transaction() as connection:
        assert models.names(connection) == ["mnist"]


def test_broken_settings_are_that_model_s_problem_alone(watched: Watched) -> None:
    """A broken model.toml is a fault, told once, that ends when the file is mended; other models go on."""
    watched.put_version("mnist", 1)
    watched.put_version("other", 1)
    settings = watched.workspace.model_settings("mnist")
    settings.write_text("task = 'guessing'")
    for _ in range(3):
        watched.settle()
    assert [(fault.code, fault.model, fault.count) for fault in watched.faults()] == [
        ("settings", "mnist", 1)
    ]
    assert watched.model("mnist").problem.startswith("models/mnist/model.toml: task:")
    assert watched.version("other", 1).status is Status.CHECKING
    told = [message for message in watched.messages() if message.startswith("models/mnist/model.toml")]
    assert len(told) == 1

    settings.write_text("task = 'regression'")
    watched.settle()
    assert watched.faults() == []
    assert watched.model("mnist").task == "regression"
    assert watched.model("mnist").problem == ""


def test_versions_that_broken_settings_kept_from_being_checked_are_checked_when_they_are_mended(
    watched: Watched,
) -> None:
    """The jobs that failed on a broken model.toml are asked for again."""
    settings = watched.workspace.model_settings("mnist")
    watched.put_version("mnist", 1)
    settings.write_text("nonsense")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
    settings.unlink()
    watched.settle()
    assert [job.state for job in watched.jobs()] == [JobState.QUEUED, JobState.FAILED]


def test_a_version_that_failed_is_loaded_again_when_its_runtime_is_told_something_else(
    watched: Watched,
) -> None:
    """Who names the right signature in model.toml need not wait for the next try; other changes ask for nothing."""
    settings = watched.workspace.model_settings("mnist")
    watched.put_version("mnist", 1)
    settings.write_text("")
    watched.settle()
    with watched.writer.transaction() as connection:
        connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
        models.set_version(connection, 1, status=Status.FAILED, reason="several signatures", failures=1)
    settings.write_text("task = 'regression'")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.FAILED
    settings.write_text("[runtime]\nsignature = 'right'")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.jobs()[0].state is JobState.QUEUED


def test_a_version_that_failed_is_loaded_again_when_the_loader_of_its_weights_changes(
    watched: Watched,
) -> None:
    """Who mends loader.py need not wait for the next try; nor who restarts the engine, which may trust it now."""
    settings = watched.workspace.model_settings("mnist")
    loader = settings.with_name("loader.py")
    watched.put_version("mnist", 1)
    settings.write_text("[runtime]\nloader = 'loader.py'")
    loader.write_text("nonsense")
    watched.settle()

    def fail() -> None:
        with watched.writer.transaction() as connection:
            connection.execute("UPDATE jobs SET state = ?", (JobState.FAILED,))
            models.set_version(connection, 1, status=Status.QUARANTINED, reason="loader.py", failures=3)

    fail()
    watched.scan()
    assert watched.version("mnist", 1).status is Status.QUARANTINED
    loader.write_text("def load(weights, device): ...")
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    fail()
    watched.restart()
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.jobs()[0].state is JobState.QUEUED


def test_a_changed_margin_is_applied_to_the_candidate_at_once(watched: Watched) -> None:
    """What the gate says follows model.toml, not only the next evaluation; broken settings say nothing."""
    watched.ready("mnist", {1: 0.97, 2: 0.94})
    watched.deploy("mnist", 1)
    watched.settle()
    settings = watched.workspace.model_settings("mnist")

    def passed() -> bool | None:
        gate = watched.version("mnist", 2).gate
        return None if gate is None else gate.passed

    assert passed() is False
    settings.write_text("[gate]\nmargin = 0.05")
    watched.scan()
    assert passed() is True
    settings.write_text("[gate]\nmargin = 'wide'")
    watched.scan()
    assert passed() is None


def test_an_oddity_is_told_once_over_restarts(watched: Watched) -> None:
    """A folder called latest is spoken of once, not at every look and not at every start."""
    (watched.workspace.models / "mnist" / "latest").mkdir(parents=True)
    for _ in range(3):
        watched.settle()
        watched.restart()
    sentence = "models/mnist/latest is not a version: a version folder's name is a number such as 3."
    assert watched.messages().count(sentence) == 1


def test_notices_of_the_watching_get_into_the_log(watched: Watched) -> None:
    """What the observer has to tell is told by the next pass."""
    watched.repository.notice("events-lost", "events were lost")
    watched.scan()
    assert watched.messages() == ["events were lost"]


def begin_engine(watched: Watched) -> None:
    """Record that an engine has begun, which the passes belong to."""
    with watched.writer.passing() as connection:
        engine_table.start(connection, pid=1, version="1", now=0.0, sandbox={})


def test_the_time_of_the_last_complete_pass_is_on_record(watched: Watched) -> None:
    """People see when the folders were last listed; a pass that could not list them does not count."""

    def scanned() -> float | None:
        with watched.writer.passing() as connection:
            row = connection.execute("SELECT scanned_at FROM engine").fetchone()
            return None if row is None else row["scanned_at"]

    begin_engine(watched)
    watched.scan(5.0)
    assert scanned() == watched.clock.now()
    watched.workspace.models.rmdir()
    before = scanned()
    watched.scan(5.0)
    assert scanned() == before


def test_what_nothing_is_decided_about_is_on_record(watched: Watched) -> None:
    """Whoever asks for a candidate knows that another one may be about to arrive, from the first pass to the decision."""

    def undecided() -> tuple[str, ...]:
        with watched.writer.passing() as connection:
            found = engine_table.read(connection)
            return () if found is None else found.undecided

    begin_engine(watched)
    save_onnx(watched.workspace.train / "mnist" / "model.onnx", "new")
    watched.workspace.train.joinpath("other").mkdir()
    watched.workspace.train.joinpath("other", "notes.onnx").write_text("this is not a model")
    watched.scan()
    assert undecided() == ("mnist", "other")
    watched.settle()
    assert undecided() == ()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert watched.arrivals()["notes.onnx"].status is Status.UNSUPPORTED


# What is deployed


def test_a_repository_that_is_adopted_keeps_what_it_deploys(watched: Watched) -> None:
    """A current link that was there before modeltender is taken over, and stands in the history."""
    watched.put_version("mnist", 1)
    watched.deploy("mnist", 1)
    watched.settle()
    assert watched.version("mnist", 1).role is Role.CURRENT
    history = watched.promotions("mnist")
    assert [(entry.from_version, entry.to_version, entry.requested_by) for entry in history] == [
        (None, 1, "outside modeltender")
    ]


def test_nothing_is_deployed_without_a_link(watched: Watched) -> None:
    """A model without current has no current version, however many versions it has."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.settle()
    assert watched.model("mnist").current is None
    assert watched.faults() == []


@pytest.mark.parametrize("target", ["2", "./2", "2/", "{models}/mnist/2"])
def test_a_change_by_hand_is_a_promotion_from_outside(watched: Watched, target: str) -> None:
    """Whoever moves the link by hand finds it in the history and the log, and can be rolled back."""
    watched.ready("mnist", {1: 0.9, 2: 0.95})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.deploy("mnist", target.format(models=watched.workspace.models))  # type: ignore[arg-type]
    watched.settle()
    model = watched.model("mnist")
    assert model.current is not None
    assert model.previous is not None
    assert (model.current.number, model.previous.number) == (2, 1)
    assert watched.promotions("mnist")[0].requested_by == "outside modeltender"
    assert watched.events()[-1].severity is Severity.WARNING
    assert len(watched.promotions("mnist")) == 2


def test_a_removed_link_is_noticed_and_can_be_rolled_back_to(watched: Watched) -> None:
    """Where current is removed by hand nothing is deployed, and the version that was is the previous one."""
    watched.ready("mnist", {1: 0.9})
    watched.deploy("mnist", 1)
    watched.settle()
    watched.workspace.current_link("mnist").unlink()
    watched.settle()
    model = watched.model("mnist")
    assert model.current is None
    assert model.previous is not None
    assert model.previous.number == 1
    assert (
        "version 1 is no longer deployed: models/mnist/current was changed outside modeltender"
        in watched.messages()
    )


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        ("9", "models/mnist/current points to 9, and there is no such version."),
        ("../../other", "models/mnist/current points to ../../other, which is not a version of mnist."),
        ("../other/1", "models/mnist/current points to ../other/1, which is not a version of mnist."),
        ("/etc/passwd", "models/mnist/current points to /etc/passwd, which is not a version of mnist."),
        (None, "models/mnist/current is not a symbolic link, so nothing can be promoted; move it away."),
    ],
)
def test_a_link_that_means_no_version_is_a_fault(watched: Watched, target: str | None, sentence: str) -> None:
    """Dangling, foreign, or no link at all: one sentence, nothing is deployed, and it ends when mended."""
    watched.ready("mnist", {1: 0.9})
    link = watched.workspace.current_link("mnist")
    if target is None:
        link.mkdir()
    else:
        link.symlink_to(target)
    watched.settle()
    watched.settle()
    assert [(fault.code, fault.message, fault.count) for fault in watched.faults()] == [
        ("current", sentence, 1)
    ]
    assert watched.model("mnist").current is None
    shutil.rmtree(link) if target is None else link.unlink()
    watched.settle()
    assert watched.faults() == []


def test_job_parameters_of_an_arrival_are_the_defaults(watched: Watched) -> None:
    """The first evaluation runs on the processor with the model's test data."""
    watched.put_version("mnist", 1)
    watched.settle()
    assert watched.jobs()[0].parameters == JobParameters()
