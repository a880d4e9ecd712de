"""Promises about making a version out of what arrived."""

import errno
import os
from collections.abc import Callable
from typing import Any

import pytest

from engine.repository import ingest as ingesting
from engine.repository.examine import examine
from engine.repository.ingest import Duplicate, Ingested, ingest, sweep
from engine.repository.integrity import ChangedError, copy
from engine.repository.scanner import read_item
from storage.workspace import Workspace
from tests.failing import failing_at
from tests.handmade_models import save_onnx, save_onnx_with_weights


def take(
    workspace: Workspace,
    name: str = "better.onnx",
    *,
    known: Callable[[str], int | None] = lambda _: None,
    above: int = 0,
    unchanged: Callable[[], bool] = lambda: True,
) -> Ingested | Duplicate:
    """Ingest a file or folder of the inbox of mnist."""
    inbox = workspace.train / "mnist"
    item = read_item(inbox, name)
    folder = inbox / name if item.is_folder else inbox
    examined = examine(inbox, item)
    return ingest(workspace, "mnist", folder, examined, known=known, above=above, unchanged=unchanged)


def tree(workspace: Workspace) -> set[str]:
    """Return the paths of all files and folders of mnist's versions."""
    home = workspace.models / "mnist"
    return {str(path.relative_to(home)) for path in home.rglob("*")}


def test_the_first_arrival_becomes_version_1(workspace: Workspace) -> None:
    """A model without versions begins with 1, under the file's own name, and the source stays."""
    source = save_onnx(workspace.train / "mnist" / "better.onnx")
    made = take(workspace)
    assert isinstance(made, Ingested)
    assert (made.number, made.artefact) == (1, "better.onnx")
    assert tree(workspace) == {"1", "1/better.onnx"}
    assert (workspace.models / "mnist" / "1" / "better.onnx").read_bytes() == source.read_bytes()


@pytest.mark.parametrize(
    ("folders", "above", "number"), [(["3"], 0, 4), (["3"], 7, 8), ([], 7, 8), (["latest"], 0, 1)]
)
def test_the_next_number_is_above_every_other(
    workspace: Workspace, folders: list[str], above: int, number: int
) -> None:
    """A number that was ever given, on disk or on record, is not given again."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    for folder in folders:
        (workspace.models / "mnist" / folder).mkdir(parents=True)
    assert take(workspace, above=above).number == number


def test_a_folder_becomes_a_version_of_the_model_alone(workspace: Workspace) -> None:
    """Logs and checkpoints around a model stay in the inbox; what belongs to it comes along."""
    save_onnx_with_weights(workspace.train / "mnist" / "run5" / "export" / "model.onnx")
    (workspace.train / "mnist" / "run5" / "log.txt").write_text("epoch 1")
    made = take(workspace, "run5")
    assert isinstance(made, Ingested)
    assert made.artefact == "model.onnx"
    assert tree(workspace) == {"1", "1/model.onnx", "1/weights.bin"}


def test_the_same_content_is_not_ingested_twice(workspace: Workspace) -> None:
    """Known content makes no folder; the answer says which version has it."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    first = take(workspace)
    again = take(workspace, known={first.content.sha256: 1}.get)
    assert again == Duplicate(1, first.content)
    assert tree(workspace) == {"1", "1/better.onnx"}


def test_a_source_that_changes_while_it_is_copied_is_not_taken(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trainer that overwrites during the copy makes it start over, and no mixture becomes a version."""
    source = save_onnx(workspace.train / "mnist" / "better.onnx", "a" * 100)
    write = os.write

    def write_and_train(descriptor: int, data: bytes) -> int:
        source.write_bytes(b"b" * 100)
        return write(descriptor, data)

    monkeypatch.setattr(os, "write", write_and_train)
    with pytest.raises(ChangedError):
        take(workspace)
    assert tree(workspace) == set()


def test_a_source_that_is_saved_anew_before_it_is_copied_is_not_taken(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A whole other model has come between hashing and copying: nobody has asked yet whether it is known already."""
    source = save_onnx(workspace.train / "mnist" / "better.onnx", "first")

    def train_and_copy(*given: Any) -> Any:
        save_onnx(source, "second")
        return copy(*given)

    monkeypatch.setattr(ingesting, "copy", train_and_copy)
    with pytest.raises(ChangedError):
        take(workspace)
    assert tree(workspace) == set()


def test_a_number_that_somebody_else_takes_meanwhile_is_left_to_them(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder that appears during the copy keeps its number, the new version gets the next one."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    fsync = os.fsync

    def fsync_late(descriptor: int) -> None:
        (workspace.models / "mnist" / "1").mkdir(exist_ok=True)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync_late)
    assert take(workspace).number == 2
    assert tree(workspace) == {"1", "2", "2/better.onnx"}


CALLS = ("open", "read", "write", "fsync", "fchmod")
"""What copying asks of the system; each may fail at any time."""


def test_a_source_that_is_not_what_was_examined_is_not_taken(workspace: Workspace) -> None:
    """What was emptied after it was looked into is copied as it is, noticed, and thrown away."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    with pytest.raises(ChangedError):
        take(workspace, unchanged=lambda: False)
    assert tree(workspace) == set()


def test_somebody_who_takes_every_number_is_told(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next free number is taken a few times over; then it is an error, and nothing of ours stays."""
    save_onnx(workspace.train / "mnist" / "better.onnx")

    def taken(source: object, target: Any) -> None:
        raise FileExistsError(errno.EEXIST, "File exists", str(target))

    monkeypatch.setattr(ingesting, "rename_new", taken)
    with pytest.raises(FileExistsError, match="models/mnist/1 and those after it exist already"):
        take(workspace)
    assert tree(workspace) == set()


def test_a_failure_at_any_step_leaves_nothing_and_the_next_try_succeeds(workspace: Workspace) -> None:
    """Whichever call fails: no partial folder, no version, or the finished one; the source is untouched."""
    source = save_onnx(workspace.train / "mnist" / "better.onnx")
    content = source.read_bytes()
    found = examine(source.parent, read_item(source.parent, source.name))
    for n in range(1, 200):
        with failing_at(n, CALLS, number=errno.ENOSPC) as reached:
            try:
                ingest(workspace, "mnist", source.parent, found, known=lambda _: None, above=0)
            except OSError as error:
                assert error.errno == errno.ENOSPC  # noqa: PT017 - success is a legal end, too
            else:
                break
        left = tree(workspace)
        # Only the very last step, making the finished name last, may fail with the version complete.
        assert left in (set(), {"1", "1/better.onnx"}), f"call {n}"
        assert source.read_bytes() == content
        if left:
            assert (workspace.models / "mnist" / "1" / "better.onnx").read_bytes() == content
            (workspace.models / "mnist" / "1").rename(workspace.root / f"kept {n}")
    assert not reached()
    assert n > 10
    assert tree(workspace) == {"1", "1/better.onnx"}


def test_left_overs_of_a_crash_are_swept_and_nothing_else(workspace: Workspace) -> None:
    """Only folders that an ingest of ours can have left are removed."""
    home = workspace.models / "mnist"
    for name in ("4.partial", "notes.partial", "5", "04.partial"):
        (home / name).mkdir(parents=True)
        (home / name / "file").write_bytes(b"x")
    (home / "6.partial").symlink_to(workspace.test)
    sweep(workspace)
    assert {path.name for path in home.iterdir()} == {"notes.partial", "5", "04.partial", "6.partial"}


def test_a_model_s_first_folder_is_made(workspace: Workspace) -> None:
    """A model that exists in the inbox only gets its folder with its first version."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    assert not (workspace.models / "mnist").exists()
    take(workspace)
    assert (workspace.models / "mnist").is_dir()


def test_an_unwritable_repository_is_an_error_and_harms_nothing(workspace: Workspace) -> None:
    """A file in the place of the model's folder is an error of the system's, and stays what it is."""
    save_onnx(workspace.train / "mnist" / "better.onnx")
    (workspace.models / "mnist").write_text("in the way")
    with pytest.raises(OSError, match=r"exists|Not a directory"):
        take(workspace)
    assert (workspace.models / "mnist").read_text() == "in the way"
