"""Promises about the names that unfinished files have."""

import pytest

from engine.repository.unfinished import is_temporary

UNFINISHED = [
    ".model.onnx.Ab12Cd",  # rsync
    ".~tmp~/model.onnx",  # rsync --delay-updates
    "1/.~tmp~/model.onnx",
    ".rsync-partial/model.onnx",
    "model.onnx.filepart",  # WinSCP
    "model.onnx.crdownload",
    "model.onnx.opdownload",
    "model.onnx.download",
    "model.onnx.part",
    "model.onnx.x7fQ2a.partial",  # rclone
    "model.onnx.incomplete",
    "model.onnx.aria2",
    "model.onnx_.gstmp",
    "model.onnx.tmp",
    "model.onnx.temp",
    "model.toml~",
    "#model.toml#",
    ".#model.toml",
    ".model.toml.swp",
    "model.toml.swp",
    ".nfs000000000123",
    "4.partial",
    # TensorFlow, seen while a SavedModel and a checkpoint were saved.
    "saved_model.pb.tmp0f176b457c024c64b16bb229bdc166c0",
    "fingerprint.pb.tmpe6fc570008cb434f8e5997d049f119e2",
    "variables/variables_temp/part-00000-of-00001.data-00000-of-00001",
    "variables/variables_temp/part-00000-of-00001.index.tempstate16584275905865344626",
]

FINISHED = [
    "model.onnx",
    "model.onnx.data",
    "room_temp",
    "room_temp.keras",
    "template.onnx",
    "partial.onnx",
    "model.tmpl",
    "downloads/model.onnx",
    "C#",
    "variables/variables.data-00000-of-00001",
    "variables/variables.index",
    "saved_model.pb",
]


@pytest.mark.parametrize("name", UNFINISHED)
def test_what_is_not_finished_is_known_by_its_name(name: str) -> None:
    """Copy programs, downloads, editors and frameworks name what is incomplete, and none of it is taken for a model."""
    assert is_temporary(name)


@pytest.mark.parametrize("name", FINISHED)
def test_ordinary_names_are_ordinary(name: str) -> None:
    """A model whose name merely resembles such a name is not passed over."""
    assert not is_temporary(name)
