"""Promises about which file of a folder is the model, and why none may be."""

from pathlib import Path

from engine.repository.examine import Examined, examine
from engine.repository.scanner import read_item
from storage.vocabulary import Format
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights


def examined(folder: Path, name: str) -> Examined:
    """Return what a file or folder holds."""
    return examine(folder, read_item(folder, name))


def test_a_file_is_what_its_content_says(tmp_path: Path) -> None:
    """The name's ending decides nothing."""
    save_onnx(tmp_path / "model.keras")
    found = examined(tmp_path, "model.keras")
    assert (found.format, found.artefact, found.files) == (Format.ONNX, "model.keras", ("model.keras",))


def test_what_belongs_to_a_model_is_found_with_it(tmp_path: Path) -> None:
    """External weights are part of the model, other files of its folder are not."""
    save_onnx_with_weights(tmp_path / "1" / "sub" / "model.onnx")
    (tmp_path / "1" / "README.md").write_text("about")
    found = examined(tmp_path, "1")
    assert found.artefact == "sub/model.onnx"
    assert found.files == ("sub/model.onnx", "sub/weights.bin")


def test_two_models_in_a_folder_are_no_version(tmp_path: Path) -> None:
    """A version is one model; which of two was meant is not guessed."""
    save_onnx(tmp_path / "1" / "a.onnx")
    save_onnx(tmp_path / "1" / "b.onnx", "other")
    assert examined(tmp_path, "1").reason == "1 holds 2 models (a.onnx, b.onnx); a version is one model"


def test_a_text_file_gets_its_reason(tmp_path: Path) -> None:
    """A text file that is called .onnx is told to be text."""
    (tmp_path / "fake.onnx").write_text("hello\n" * 10)
    found = examined(tmp_path, "fake.onnx")
    assert (found.format, found.reason, found.complete) == (
        None,
        "fake.onnx is a text file, not a model",
        True,
    )


def test_what_is_cut_short_may_still_be_on_its_way(tmp_path: Path) -> None:
    """An incomplete file in a folder is the reason that is told, and marked as such."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").write_bytes(onnx_bytes("x" * 500)[:100])
    (tmp_path / "1" / "notes.txt").write_text("about")
    found = examined(tmp_path, "1")
    assert (found.format, found.complete) == (None, False)
    assert found.reason.startswith("model.onnx is cut short")


def test_an_empty_folder_is_incomplete(tmp_path: Path) -> None:
    """A folder without files may be about to be filled."""
    (tmp_path / "1").mkdir()
    assert examined(tmp_path, "1") == Examined(reason="1 is empty", complete=False)


def test_weights_from_outside_are_refused(tmp_path: Path) -> None:
    """A model that reaches for files outside its folder is harmful, not merely unknown."""
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    (tmp_path / "1").mkdir()
    (tmp_path / "1" / "model.onnx").write_bytes(onnx_bytes(location="../secret.bin", size=64))
    assert examined(tmp_path, "1").refused


def test_a_file_name_that_could_steer_a_terminal_is_turned_down(tmp_path: Path) -> None:
    """A model is not taken under a name that cannot be shown."""
    save_onnx(tmp_path / "a\x1b[2J.onnx")
    found = examined(tmp_path, "a\x1b[2J.onnx")
    assert found.format is None
    assert "has characters in its name that cannot be shown" in found.reason
    assert "\x1b" not in found.reason
