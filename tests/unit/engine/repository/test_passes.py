"""Promises about passes over the folders: what each writes, remembers, and looks at once more after a restart."""

import shutil
import sqlite3
from concurrent.futures import Future

import pytest

from engine.processes.examiner_process import Suspect
from engine.repository import scanner
from engine.repository.examine import Examined, examine
from storage.database import Writer
from storage.tables import engine as engine_table
from storage.tables import models
from storage.vocabulary import JobState, Status
from storage.workspace import Workspace
from tests.handmade_models import onnx_bytes, save_onnx
from tests.watched import AtOnce, Watched


class Late(AtOnce):
    """Looks into files when it is told to."""

    def __init__(self) -> None:
        self._asked: list[tuple[Suspect, Future[Examined]]] = []

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Promise to tell what ``suspect`` is."""
        answer: Future[Examined] = Future()
        self._asked.append((suspect, answer))
        return answer

    def tell(self) -> None:
        """Tell everything that was asked."""
        for suspect, answer in self._asked:
            answer.set_result(examine(suspect.folder, suspect.item))


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
    save_onnx(watched.inbox() / "other.onnx", "other")
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
    save_onnx(watched.inbox() / "notes.txt").write_text("x")
    watched.settle()
    with watched.writer.transaction() as connection:
        before = connection.total_changes
    for _ in range(5):
        watched.scan(10.0)
    with watched.writer.transaction() as connection:
        assert connection.total_changes == before


def test_a_model_is_known_from_its_inbox_on(watched: Watched) -> None:
    """A model that has an inbox and no version yet is listed; one without any folder is not."""
    watched.inbox()
    watched.put_version("other", 1)
    watched.scan()
    assert watched.model("mnist").versions == 0
    shutil.rmtree(watched.workspace.models / "other")
    watched.scan()
    with watched.writer.transaction() as connection:
        assert models.names(connection) == ["mnist"]


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


def test_a_model_whose_folder_cannot_be_listed_keeps_its_versions(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be seen is not gone: it is that folder's fault, others go on, and it ends when the folder is readable again."""
    watched.ready("mnist", {1: 0.9, 2: 0.8, 3: 0.7})
    watched.put_version("other", 1)
    with monkeypatch.context() as patch:
        # As root may read everything, a folder of too many entries stands for one that may not be read.
        patch.setattr(scanner, "ENTRIES", 2)
        watched.settle()
        assert [(fault.code, fault.model, fault.message) for fault in watched.faults()] == [
            ("folder", "mnist", "models/mnist cannot be listed: it has more than 2 entries.")
        ]
        assert {found.status for found in watched.versions("mnist").values()} == {Status.READY}
        assert watched.version("other", 1).status is Status.CHECKING
    watched.settle()
    assert watched.faults() == []


def test_an_examiner_in_trouble_is_told_once(workspace: Workspace, writer: Writer) -> None:
    """New files wait for it; once it works again the next trouble is told anew."""
    examiner = AtOnce()
    watched = Watched(workspace, writer, examiner)
    sentence = "New files cannot be examined, which is tried again: no sandbox"
    for trouble in ("no sandbox", "no sandbox", "", "no sandbox"):
        examiner.trouble = trouble
        watched.scan()
    watched.scan()
    assert watched.messages() == [sentence, sentence]


def test_what_is_not_known_yet_is_left_to_a_later_pass(workspace: Workspace, writer: Writer) -> None:
    """A file that takes long to examine holds up no pass, and is recorded as soon as it is known."""
    examiner = Late()
    watched = Watched(workspace, writer, examiner)
    watched.put_version("mnist", 1)
    watched.scan()
    watched.scan(0.31)
    assert watched.version("mnist", 1).status is Status.SETTLING
    examiner.tell()
    watched.scan()
    assert watched.version("mnist", 1).status is Status.CHECKING


def test_renames_elsewhere_are_of_no_account(watched: Watched) -> None:
    """The watching tells of every rename below the folders; only things right in a model's folder arrive by it."""
    file = watched.put_version("mnist", 1)
    watched.repository.renamed(file)
    watched.repository.renamed(watched.workspace.root)
    watched.scan()
    assert watched.version("mnist", 1).status is Status.SETTLING
