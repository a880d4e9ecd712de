"""What is put into an inbox by us: whole, under a name of its own, and nothing is replaced."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.jobs import delivering
from engine.jobs.exporting import Artefact
from engine.repository.integrity import digest
from storage.errors import JobError
from storage.vocabulary import Format


@pytest.fixture
def artefact(tmp_path: Path) -> Artefact:
    """Return a file that was made."""
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "model.onnx").write_bytes(b"model")
    content = digest(folder, ["model.onnx"])
    return Artefact(folder, "model.onnx", folder, ("model.onnx",), Format.ONNX, content)


@pytest.fixture
def hand_in(tmp_path: Path, artefact: Artefact) -> Callable[..., str]:
    """Return what puts it into an inbox, and does something once it is copied."""

    def given(record: Callable[[], None] = lambda: None, made: Artefact = artefact) -> str:
        inbox = tmp_path / "train" / "mnist"
        return delivering.hand_in(inbox, made, ("mnist-1", ".onnx"), called="the export", record=record)

    return given


def test_a_name_that_is_taken_is_left_to_who_has_it(tmp_path: Path, hand_in: Callable[..., str]) -> None:
    """Something else under that name stays, and the next free one is taken; the same again is not put there twice."""
    inbox = tmp_path / "train" / "mnist"
    inbox.mkdir(parents=True)
    (inbox / "mnist-1.onnx").write_bytes(b"theirs")
    assert hand_in() == hand_in() == "mnist-1-2.onnx"
    assert {path.name: path.read_bytes() for path in inbox.iterdir()} == {
        "mnist-1.onnx": b"theirs",
        "mnist-1-2.onnx": b"model",
    }


def test_where_every_name_is_taken_it_is_said(
    tmp_path: Path, hand_in: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """So many are no accident; the inbox stays as it was."""
    monkeypatch.setattr(delivering, "NAME_TRIES", 2)
    inbox = tmp_path / "train" / "mnist"
    inbox.mkdir(parents=True)
    for name in ("mnist-1.onnx", "mnist-1-2.onnx"):
        (inbox / name).write_bytes(b"theirs")
    with pytest.raises(JobError, match=r"cannot be written to train/mnist \(mnist-1.onnx exists 2 times\)"):
        hand_in()
    assert {path.name for path in inbox.iterdir()} == {"mnist-1.onnx", "mnist-1-2.onnx"}


def test_what_is_not_what_was_examined_is_not_handed_in(
    tmp_path: Path, hand_in: Callable[..., str], artefact: Artefact
) -> None:
    """A file that changed since has no name in the inbox, and where it came from is not put on record."""
    artefact.file.write_bytes(b"other")
    told: list[str] = []
    with pytest.raises(JobError, match="the export changed while it was copied"):
        hand_in(lambda: told.append("recorded"))
    assert told == []
    assert list((tmp_path / "train" / "mnist").iterdir()) == []


def test_what_cannot_be_recorded_is_not_handed_in(tmp_path: Path, hand_in: Callable[..., str]) -> None:
    """A version of unknown origin would come of it."""

    def fail() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        hand_in(fail)
    assert list((tmp_path / "train" / "mnist").iterdir()) == []
