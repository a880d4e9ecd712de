"""Promises about what is taken out of the inbox: where it goes, what is on record, and how it comes back or ends."""

import errno
import os
from pathlib import Path
from shutil import copy
from typing import Any, cast

import pytest

from engine.jobs import delete, release, revoke, trust
from engine.jobs.context import Context, Outcome
from engine.repository import quarantine as keeping
from engine.repository.integrity import rename_new
from storage import jobs
from storage.errors import RefusedError, UnknownError
from storage.records import JobParameters, Quarantined
from storage.settings import WorkspaceSettings
from storage.tables import models, quarantine
from storage.tables import trust as trust_table
from storage.vocabulary import Custody, Format, JobKind, JobState, Status
from tests.attacks import keras_lambda, zip_bomb
from tests.handmade_models import onnx_bytes, save_onnx
from tests.unit.engine.jobs.asking import Quiet
from tests.watched import Watched

NOWHERE = Path("/nowhere")
HANDLERS = {
    JobKind.TRUST: trust.run,
    JobKind.REVOKE: revoke.run,
    JobKind.RELEASE: release.run,
    JobKind.DELETE: delete.run,
}


def entries(watched: Watched) -> list[Quarantined]:
    """Return every entry on record, the oldest first."""
    with watched.writer.transaction() as connection:
        return quarantine.read(connection)[::-1]


def held(watched: Watched) -> list[str]:
    """Return the paths of the files in quarantine."""
    root = watched.workspace.quarantine
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def ask(
    watched: Watched, kind: JobKind, version: int | None = None, *, model: str = "mnist", **parameters: Any
) -> Outcome:
    """Do a job as the engine does; none of these kinds needs hosts or model processes."""
    with watched.writer.transaction() as connection:
        jobs.add(
            connection,
            kind,
            model,
            version,
            requested_by="ann",
            now=watched.clock.now(),
            parameters=JobParameters(**parameters),
        )
        job = jobs.claim(connection, frozenset({kind}), now=watched.clock.now())
    assert job is not None
    none = cast("Any", None)
    context = Context(watched.workspace, watched.writer, WorkspaceSettings(), none, none, watched.clock.now)
    try:
        return HANDLERS[kind](context, job, Quiet())
    finally:
        with watched.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=watched.clock.now())


def test_a_refused_arrival_is_moved_out_of_the_inbox(watched: Watched) -> None:
    """It is kept apart under its entry, with what was found, told once, and uses no version number."""
    keras_lambda(watched.inbox(), NOWHERE)
    watched.settle()
    watched.restart()
    watched.settle()
    [entry] = entries(watched)
    assert (entry.state, entry.model, entry.name, entry.format) == (
        Custody.KEPT,
        "mnist",
        "lambda.keras",
        Format.KERAS,
    )
    assert (entry.liftable, entry.evidence[0]) == (True, "Lambda layer 'lambda'")
    assert os.listdir(watched.inbox()) == []  # noqa: PTH208 - nothing may be left
    assert held(watched) == ["1/lambda.keras"]
    assert watched.arrivals() == {}
    assert watched.versions("mnist") == {}
    assert watched.model("mnist").quarantined == 1
    told = [event for event in watched.events() if event.code == keeping.CODE]
    asks = "asks Keras to run code of its own (Lambda layer 'lambda')"
    assert [event.message for event in told] == [
        f"quarantined: train/mnist/lambda.keras (entry 1): lambda.keras {asks}"
    ]


def test_a_version_folder_is_marked_and_never_moved(watched: Watched) -> None:
    """What people put into models/ is theirs; the record says what was found, and since when."""
    folder = watched.workspace.version_folder("mnist", 4)
    folder.mkdir(parents=True)
    keras_lambda(folder, NOWHERE)
    watched.settle()
    version = watched.version("mnist", 4)
    assert (version.status, version.format, version.artefact) == (
        Status.QUARANTINED,
        Format.KERAS,
        "lambda.keras",
    )
    assert version.sha256 is not None
    assert version.refusal is not None
    assert version.refusal.liftable
    assert (folder / "lambda.keras").exists()
    assert entries(watched) == []
    assert watched.jobs() == []


def test_a_refused_version_that_is_replaced_is_found_anew(watched: Watched) -> None:
    """It never had figures, so nothing of it has changed: other bad bytes are refused, good ones are taken."""
    folder = watched.workspace.version_folder("mnist", 4)
    folder.mkdir(parents=True)
    zip_bomb(folder, NOWHERE)
    watched.settle()
    (folder / "bomb.keras").unlink()
    keras_lambda(folder, NOWHERE)
    watched.settle()
    assert "Lambda" in watched.version("mnist", 4).reason
    (folder / "lambda.keras").unlink()
    save_onnx(folder / "model.onnx")
    watched.settle()
    assert watched.version("mnist", 4).status is Status.CHECKING
    assert watched.version("mnist", 4).refusal is None
    assert watched.faults() == []
    assert "version 4 found in models/mnist" in watched.messages()


def test_trust_is_for_the_content_wherever_it_lies(watched: Watched) -> None:
    """The same bytes as another version, then or later, or as an arrival are trusted too, any other bytes are not."""
    for number in (1, 2, 3):
        folder = watched.workspace.version_folder("mnist", number)
        folder.mkdir(parents=True)
        # Copied and not made again: an archive has the time in it at which it was made.
        if number == 2:
            copy(folder.parent / "1" / "lambda.keras", folder)
        else:
            keras_lambda(folder, Path("/other") if number == 3 else NOWHERE)
    watched.settle()
    ask(watched, JobKind.TRUST, 1, reason="reviewed")
    watched.settle()
    statuses = {number: found.status for number, found in watched.versions("mnist").items()}
    assert statuses == {1: Status.CHECKING, 2: Status.CHECKING, 3: Status.QUARANTINED}
    assert {(job.kind, job.version) for job in watched.jobs() if job.state is JobState.QUEUED} == {
        (JobKind.EVALUATE, 1),
        (JobKind.EVALUATE, 2),
    }
    later = watched.workspace.version_folder("mnist", 4)
    later.mkdir()
    for place in (watched.inbox("other"), later):
        copy(watched.workspace.version_folder("mnist", 1) / "lambda.keras", place)
    watched.settle()
    for arrived in (watched.version("other", 1), watched.version("mnist", 4)):
        assert (arrived.status, arrived.format) == (Status.CHECKING, Format.KERAS)
    ask(watched, JobKind.REVOKE, 1)
    watched.settle()
    for model, number in (("mnist", 1), ("mnist", 2), ("mnist", 4), ("other", 1)):
        assert watched.version(model, number).status is Status.QUARANTINED
    with watched.writer.transaction() as connection:
        history = trust_table.read(connection)
    assert [(entry.granted, entry.by, entry.reason) for entry in history] == [
        (False, "ann", ""),
        (True, "ann", "reviewed"),
    ]


def test_trust_says_no_where_it_changes_nothing(watched: Watched) -> None:
    """Without a reason, for what was not refused, for what no trust lifts, and for other content than was seen."""
    watched.put_version("mnist", 1)
    for number, write in ((2, zip_bomb), (3, keras_lambda)):
        folder = watched.workspace.version_folder("mnist", number)
        folder.mkdir()
        write(folder, NOWHERE)
    outside = watched.put_version("mnist", 4)
    outside.write_bytes(onnx_bytes(location="/etc/passwd", size=4))
    watched.settle()
    for version, parameters, words in (
        (3, {}, "needs a reason"),
        (1, {"reason": "x"}, "nothing about it was refused"),
        (2, {"reason": "x"}, "zip bomb does. No trust lifts that"),
        (4, {"reason": "x"}, "No trust lifts that"),
        (3, {"reason": "x", "expected_sha256": "0" * 64}, "changed since you looked"),
    ):
        with pytest.raises(RefusedError, match=words):
            ask(watched, JobKind.TRUST, version, **cast("Any", parameters))
    with pytest.raises(UnknownError):
        ask(watched, JobKind.TRUST, 9, reason="x")
    with pytest.raises(RefusedError, match="is not trusted"):
        ask(watched, JobKind.REVOKE, 3)
    ask(watched, JobKind.TRUST, 3, reason="x")
    with pytest.raises(RefusedError, match="is trusted already"):
        ask(watched, JobKind.TRUST, 3, reason="x")


def test_what_is_released_takes_the_ordinary_road(watched: Watched) -> None:
    """Its content is trusted from then on, it lies in the inbox again, and becomes the next version."""
    file = keras_lambda(watched.inbox(), NOWHERE)
    watched.settle()
    ask(watched, JobKind.RELEASE, entry=1, reason="reviewed")
    assert file.exists()
    assert held(watched) == []
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING
    [entry] = entries(watched)
    assert (entry.state, entry.by, entry.why) == (Custody.RELEASED, "ann", "reviewed")
    with pytest.raises(RefusedError, match="is released already"):
        ask(watched, JobKind.RELEASE, entry=1, reason="reviewed")


def test_what_no_trust_allows_is_only_deleted(watched: Watched) -> None:
    """A release is refused and moves nothing; deleting removes it for good and keeps the record."""
    zip_bomb(watched.inbox(), NOWHERE)
    watched.settle()
    with pytest.raises(RefusedError, match="No trust lifts that"):
        ask(watched, JobKind.RELEASE, entry=1, reason="x")
    assert held(watched) == ["1/bomb.keras"]
    ask(watched, JobKind.DELETE, entry=1)
    assert held(watched) == []
    assert [entry.state for entry in entries(watched)] == [Custody.DELETED]
    with pytest.raises(UnknownError, match="no entry 7"):
        ask(watched, JobKind.DELETE, entry=7)


def test_a_release_overwrites_nothing(watched: Watched) -> None:
    """Where a file of that name has come meanwhile, both stay where they are."""
    keras_lambda(watched.inbox(), NOWHERE)
    watched.settle()
    (watched.inbox() / "lambda.keras").write_text("mine")
    with pytest.raises(RefusedError, match="holds a file of that name already"):
        ask(watched, JobKind.RELEASE, entry=1, reason="x")
    assert (watched.inbox() / "lambda.keras").read_text() == "mine"
    assert [entry.state for entry in entries(watched)] == [Custody.KEPT]
    assert held(watched) == ["1/lambda.keras"]


def test_a_release_follows_no_link(watched: Watched, tmp_path: Path) -> None:
    """An inbox that became a link to elsewhere gets nothing."""
    keras_lambda(watched.inbox(), NOWHERE)
    watched.settle()
    watched.inbox().rmdir()
    (watched.workspace.train / "mnist").symlink_to(tmp_path)
    with pytest.raises(Exception, match="symbolic link"):
        ask(watched, JobKind.RELEASE, entry=1, reason="x")
    assert held(watched) == ["1/lambda.keras"]


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.EXDEV, "it stays in train/, which is on another file system than .modeltender/"),
        (errno.EACCES, "it stays in train/, as it could not be moved (Permission denied)"),
    ],
)
def test_what_cannot_be_moved_stays(
    watched: Watched, monkeypatch: pytest.MonkeyPatch, number: int, words: str
) -> None:
    """It is marked where it lies, with a sentence that says why, and no half of it is moved."""
    file = keras_lambda(watched.inbox(), NOWHERE)

    def refuse(source: Path, target: Path) -> None:
        raise OSError(number, os.strerror(number), str(target))

    monkeypatch.setattr("engine.repository.quarantine.rename_new", refuse)
    watched.settle()
    assert file.exists()
    shown = watched.arrivals()["lambda.keras"]
    assert shown.status is Status.QUARANTINED
    assert shown.reason.endswith(f"; {words}")
    assert entries(watched) == []
    assert list(watched.workspace.quarantine.iterdir()) == []


def test_what_changes_while_it_is_moved_is_looked_at_again(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A good model that took the name of a refused one at the last moment is not locked away."""
    file = keras_lambda(watched.inbox(), NOWHERE)
    swapped: list[Path] = []

    def swap(source: Path, target: Path) -> None:
        if not swapped:
            swapped.append(save_onnx(file))
        rename_new(source, target)

    monkeypatch.setattr("engine.repository.quarantine.rename_new", swap)
    watched.settle()
    assert watched.version("mnist", 1).format is Format.ONNX
    assert entries(watched) == []


def test_what_cannot_be_put_back_is_kept_and_nothing_is_overwritten(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It changed at the last moment, and a file of its name came when it had been moved: both are still there."""
    file = keras_lambda(watched.inbox(), NOWHERE)
    moves: list[Path] = []

    def swap(source: Path, target: Path) -> None:
        moves.append(target)
        if len(moves) == 1:
            save_onnx(file, "swapped")
        rename_new(source, target)
        if len(moves) == 1:
            save_onnx(file, "came later")

    monkeypatch.setattr("engine.repository.quarantine.rename_new", swap)
    watched.settle()
    [entry] = entries(watched)
    assert (entry.state, entry.name) == (Custody.KEPT, "lambda.keras")
    assert (watched.workspace.quarantine / "1" / "lambda.keras").read_bytes() == onnx_bytes("swapped")
    [line] = [message for message in watched.messages() if message.startswith("quarantined: ")]
    assert "lambda.keras (entry 1)" in line
    assert line.endswith("and could not be put back")
    version = watched.workspace.version_folder("mnist", 1)
    assert [path.read_bytes() for path in version.iterdir()] == [onnx_bytes("came later")]


def test_hostile_names_are_kept_and_shown_clean(watched: Watched) -> None:
    """The file keeps its name for its owner; what is stored and told cannot steer a terminal."""
    name = "a\x1b]0;pwned\x07\u202eb.keras"
    keras_lambda(watched.inbox(), NOWHERE).rename(watched.inbox() / name)
    watched.settle()
    [entry] = entries(watched)
    assert entry.name.isprintable()
    assert held(watched) == [f"1/{name}"]
    assert all(message.isprintable() for message in watched.messages())
    # A name that cannot be shown is no version, whoever trusts its content.
    with pytest.raises(RefusedError, match="No trust lifts that"):
        ask(watched, JobKind.RELEASE, entry=entry.id, reason="x")


def test_a_burst_does_not_bury_the_log(watched: Watched) -> None:
    """Each gets its entry; the log names one and counts the rest."""
    for number in range(20):
        keras_lambda(watched.inbox(), Path(f"/nowhere/{number}")).rename(watched.inbox() / f"{number}.keras")
    watched.settle()
    assert len(entries(watched)) == 20
    assert len([event for event in watched.events() if event.model == "mnist"]) == 2


@pytest.mark.parametrize(
    ("state", "there", "after"),
    [
        (Custody.TAKING, True, Custody.KEPT),
        (Custody.TAKING, False, None),
        (Custody.RELEASING, True, Custody.KEPT),
        (Custody.RELEASING, False, Custody.RELEASED),
        (Custody.DELETING, True, Custody.DELETED),
        (Custody.DELETING, False, Custody.DELETED),
    ],
)
def test_what_a_dead_engine_left_open_is_settled_from_where_the_thing_lies(
    watched: Watched,
    state: Custody,
    there: bool,  # noqa: FBT001 - a case of the table
    after: Custody | None,
) -> None:
    """However far a move had come, the next engine's record says what is the case."""
    keras_lambda(watched.inbox(), NOWHERE)
    watched.settle()
    if not there:
        (watched.workspace.quarantine / "1" / "lambda.keras").rename(watched.inbox() / "elsewhere.txt")
        (watched.inbox() / "elsewhere.txt").write_text("not what it was")
    with watched.writer.transaction() as connection:
        quarantine.set_state(connection, 1, state)
    watched.restart()
    watched.settle()
    assert [entry.state for entry in entries(watched)] == ([] if after is None else [after])
    assert held(watched) == (["1/lambda.keras"] if after is Custody.KEPT else [])


def test_what_was_not_opened_for_missing_walls_is_tried_by_the_next_engine(watched: Watched) -> None:
    """No engine tries it again by itself, and none has to be asked to."""
    watched.put_version("mnist", 1)
    watched.settle()
    version = watched.version("mnist", 1)
    with watched.writer.transaction() as connection:
        [job] = jobs.read(connection, limit=10)
        jobs.finish(connection, job.id, JobState.FAILED, now=watched.clock.now())
        models.set_version(connection, version.id, status=Status.FAILED, reason="Not loaded: no file wall")
    watched.scan(3600)
    assert watched.version("mnist", 1).status is Status.FAILED
    watched.restart()
    watched.settle()
    assert watched.version("mnist", 1).status is Status.CHECKING
    assert [job.state for job in watched.jobs()].count(JobState.QUEUED) == 1
