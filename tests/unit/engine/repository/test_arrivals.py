"""Promises about the inbox: what becomes of each file in it, once, and what is told of it."""

import errno
import os
import shutil

import pytest

from engine.repository import ingest as ingesting
from storage.vocabulary import Severity, Status
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights
from tests.watched import Watched


def test_a_file_in_the_inbox_becomes_the_next_version(watched: Watched) -> None:
    """A finished file is copied to the next number, recorded with its source, and its evaluation is asked for."""
    watched.ready("mnist", {1: 0.9})
    source = save_onnx(watched.inbox() / "better.onnx")
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
    save_onnx(watched.inbox() / "better.onnx")
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
    file = watched.inbox() / "slow.onnx"
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
    file = watched.inbox() / "stalling.onnx"
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
    file = watched.inbox() / "large.onnx"
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
    (watched.inbox() / "new.onnx").write_bytes(content)
    watched.settle()
    watched.restart()
    watched.settle()
    shown = watched.arrivals()["new.onnx"]
    assert shown.status is status
    assert shown.reason.startswith(reason)
    assert watched.versions("mnist") == {}
    assert watched.jobs() == []
    assert len([message for message in watched.messages() if "new.onnx" in message]) == 1
    save_onnx(watched.inbox() / "good.onnx")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]


def test_an_arrival_that_goes_leaves_the_list(watched: Watched) -> None:
    """A file that is removed from the inbox is spoken of no longer."""
    (watched.inbox() / "notes.txt").write_text("x")
    watched.settle()
    (watched.inbox() / "notes.txt").unlink()
    watched.scan()
    assert watched.arrivals() == {}


def test_what_is_no_model_in_another_way_of_the_same_kind_is_not_told_again(watched: Watched) -> None:
    """A note that somebody keeps writing into is as large as it is now, and was seen when it first was."""
    notes = watched.inbox() / "notes.txt"
    notes.write_text("x")
    watched.settle()
    told, before = watched.messages(), watched.arrivals()["notes.txt"]
    notes.write_text("x and more")
    watched.settle()
    shown = watched.arrivals()["notes.txt"]
    assert (shown.reason, shown.seen_at, shown.bytes) == (before.reason, before.seen_at, 10)
    assert watched.messages() == told


def test_arrivals_of_an_inbox_that_cannot_be_listed_are_unknown_and_not_gone(watched: Watched) -> None:
    """Where train/ is a disk that is not there at the moment, nobody is told everything anew when it is back."""
    (watched.inbox() / "notes.txt").write_text("x")
    watched.settle()
    told = [message for message in watched.messages() if "notes.txt" in message]
    away = watched.workspace.train.rename(watched.workspace.root / "away")
    watched.settle()
    assert list(watched.arrivals()) == ["notes.txt"]
    assert [fault.message for fault in watched.faults()] == [
        "train/ cannot be listed: No such file or directory."
    ]
    away.rename(watched.workspace.train)
    watched.settle()
    assert list(watched.arrivals()) == ["notes.txt"]
    assert [message for message in watched.messages() if "notes.txt" in message] == told
    assert watched.faults() == []


def test_the_same_content_is_no_new_version(watched: Watched) -> None:
    """The same bytes under another name say which version they are."""
    source = save_onnx(watched.inbox() / "better.onnx")
    watched.settle()
    shutil.copy(source, watched.inbox() / "copy.onnx")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["copy.onnx"].reason == "same as version 1"
    assert "train/mnist/copy.onnx is no new version: same as version 1" in watched.messages()


def test_two_equal_files_that_arrive_together_are_one_version(watched: Watched) -> None:
    """Neither of two equal files is ingested before the other is known."""
    save_onnx(watched.inbox() / "a.onnx", "same")
    save_onnx(watched.inbox() / "b.onnx", "same")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["b.onnx"].reason == "same as version 1"


def test_saving_the_same_model_again_says_nothing(watched: Watched) -> None:
    """A trainer that saves an unchanged model over itself makes no version and no event."""
    source = save_onnx(watched.inbox() / "better.onnx")
    watched.settle()
    told = watched.messages()
    source.write_bytes(source.read_bytes())
    watched.settle()
    assert watched.messages() == told
    assert watched.arrivals() == {}


def test_a_better_model_under_the_same_name_is_the_next_version(watched: Watched) -> None:
    """Trainers overwrite in place: new content in an old file is new, and the old version stays as it was."""
    source = save_onnx(watched.inbox() / "better.onnx", "epoch 1")
    watched.settle()
    first = (watched.workspace.version_folder("mnist", 1) / "better.onnx").read_bytes()
    save_onnx(source, "epoch 2")
    watched.settle()
    assert list(watched.versions("mnist")) == [2, 1]
    assert (watched.workspace.version_folder("mnist", 1) / "better.onnx").read_bytes() == first


def test_a_model_with_weights_of_its_own_is_one_arrival(watched: Watched) -> None:
    """ONNX with external data is ingested as a whole, and its weights are no arrival of their own."""
    save_onnx_with_weights(watched.inbox() / "better.onnx")
    watched.settle()
    assert {path.name for path in watched.workspace.version_folder("mnist", 1).iterdir()} == {
        "better.onnx",
        "weights.bin",
    }
    assert watched.arrivals() == {}
    (watched.inbox() / "weights.bin").write_bytes(b"\1" * 64)
    watched.settle()
    assert list(watched.versions("mnist")) == [2, 1]


def test_a_model_waits_for_its_weights(watched: Watched) -> None:
    """A model whose weights come later is one version, taken when they are there."""
    save_onnx_with_weights(watched.inbox() / "better.onnx")
    (watched.inbox() / "weights.bin").rename(watched.workspace.root / "late")
    watched.scan()
    watched.scan(1.0)
    assert watched.arrivals()["better.onnx"].status is Status.SETTLING
    watched.scan(60.0)
    assert watched.arrivals()["better.onnx"].status is Status.FAILED
    (watched.workspace.root / "late").rename(watched.inbox() / "weights.bin")
    watched.settle()
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals() == {}


def test_an_arrival_by_rename_is_taken_at_once(watched: Watched) -> None:
    """Who renames the finished file into the inbox does not wait for the settle time."""
    file = save_onnx(watched.inbox() / "better.onnx")
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

    save_onnx(watched.inbox() / "better.onnx")
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
    save_onnx(watched.inbox("stuck") / "a.onnx")
    save_onnx(watched.inbox("mnist") / "b.onnx")
    watched.scan()
    watched.scan(0.31)
    assert list(watched.versions("mnist")) == [1]
    assert watched.arrivals()["a.onnx"].status is Status.FAILED


def test_a_burst_of_junk_does_not_bury_the_log(watched: Watched) -> None:
    """Hundreds of files that are no models are recorded one by one and told together."""
    for number in range(500):
        (watched.inbox() / f"{number:03}.txt").write_text("x")
    save_onnx(watched.inbox() / "zz.onnx")
    watched.settle()
    assert len(watched.arrivals()) == 500
    assert list(watched.versions("mnist")) == [1]
    assert len(watched.messages()) < 12


def test_hostile_names_are_stored_clean_and_kept_apart(watched: Watched) -> None:
    """Names that could steer a terminal, or that are no text, are cleaned before they are stored."""
    folder = watched.inbox()
    for name in (b"a\x1b[2J.txt", b"a\xff[2J.txt", b"a\xfe[2J.txt"):
        (folder / os.fsdecode(name)).write_text("x")
    watched.settle()
    names = set(watched.arrivals())
    assert len(names) == 3
    assert all(name.isprintable() for name in names)
    assert all(message.isprintable() for message in watched.messages())


def test_a_crash_between_the_name_and_the_record_makes_no_second_version(watched: Watched) -> None:
    """An ingest whose record was lost is found as a version, and its source as the same content."""
    save_onnx(watched.inbox() / "better.onnx")
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
