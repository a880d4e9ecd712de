"""What a file is said to be, and why it is not tried."""

import os
import pickle
import time
import timeit
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.protocols import Recognition
from engine.runtimes import recognise
from storage.vocabulary import Format

SLOWEST_S = 30.0
"""Thousands of times what a small file takes, and below the limit of a test, which would not say which file it was."""

Saved = Callable[[Format], Path]


def written(folder: Path, name: str, content: bytes) -> Path:
    """Return a new file."""
    file = folder / name
    file.write_bytes(content)
    return file


def zipped(folder: Path, name: str, members: dict[str, bytes]) -> Path:
    """Return a new zip archive."""
    file = folder / name
    with zipfile.ZipFile(file, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return file


def torch_saved(folder: Path, make: Callable[[Any], Any], **options: Any) -> Path:
    """Return what ``torch.save`` writes of what ``make`` makes with torch."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own, while it is imported
        import torch

        file = folder / "model.pt"
        torch.save(make(torch), file, **options)
    return file


class Gadget:
    """Unpickles into a call of a function."""

    def __init__(self, function: Callable[..., Any], argument: str) -> None:
        self.call = (function, (argument,))

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
        return self.call


def hdf5(more: bytes = b"", *, missing: int = 0) -> bytes:
    """Return the superblock of an HDF5 file, version 0, which says that the file ends ``missing`` bytes after ``more``."""
    start = b"\x89HDF\r\n\x1a\n" + bytes(5) + b"\x08\x08" + bytes(25)
    return start + (56 + len(more) + missing).to_bytes(8, "little") + bytes(8) + more


FILES: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "is empty"),
    "text": (b"this is not a model\n", "is a text file, not a model"),
    "utf-8 text": ("Grüße\n".encode() * 1000, "is a text file, not a model"),
    "zip without end": (b"PK\x03\x04" + bytes(200), "is cut short: its zip directory is missing"),
    "hdf5 mark": (b"\x89HDF\r\n\x1a\n", "is cut short: it ends after its mark"),
    "hdf5 start": (hdf5()[:40], "is cut short: it ends within its first block"),
    "hdf5 half": (hdf5(missing=9), "is cut short: it needs 9 bytes more"),
    "hdf5 weights": (hdf5(), "holds weights only"),
    "hdf5 of the future": (b"\x89HDF\r\n\x1a\n\x09" + bytes(99), "of a version that does not exist"),
    "hdf5 of an odd kind": (b"\x89HDF\r\n\x1a\n" + bytes(99), "of an odd kind"),
    "safetensors": ((2).to_bytes(8, "little") + b"{}", "holds no tensors"),
    "litert": (b"\x1c\0\0\0TFL3" + bytes(64), "is damaged: its tables do not fit together"),
    "ort": (b"\x1c\0\0\0ORTM" + bytes(64), "keep the .onnx file"),
    "gguf": (b"GGUF" + bytes(64), "GGUF"),
    "elf": (b"\x7fELF" + bytes(64), "native library"),
    "gzip": (b"\x1f\x8b" + bytes(64), "gzip"),
    "npy": (b"\x93NUMPY" + bytes(64), "holds an array"),
    "zeros": (bytes(4096), "is not a model of a format that is known"),
    "plain pickle": (pickle.dumps({"weights": [1, 2, 3]}), "is a pickle, which runs code"),
}


@pytest.mark.parametrize(("content", "words"), FILES.values(), ids=FILES.keys())
def test_what_is_no_model_is_named(content: bytes, words: str, tmp_path: Path) -> None:
    """A file that is no model gets one sentence that begins with its name and says what it is."""
    found = recognise(written(tmp_path, "model.onnx", content))
    assert found.format is None
    assert found.reason.startswith("model.onnx ")
    assert words in found.reason


def test_an_empty_file_may_still_be_on_its_way(tmp_path: Path) -> None:
    """A file that was created and not yet written is not final."""
    assert not recognise(written(tmp_path, "model.keras", b"")).complete


@pytest.mark.parametrize(
    ("function", "name"),
    [(os.system, "posix.system"), (timeit.timeit, "timeit.timeit"), (eval, "builtins.eval")],
)
@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_a_pickle_that_would_run_code_is_refused_by_name(
    function: Callable[..., Any], name: str, protocol: int, tmp_path: Path
) -> None:
    """Every protocol's way of naming a function is understood, and nothing is run."""
    canary = tmp_path / "canary"
    content = pickle.dumps(Gadget(function, f"open({str(canary)!r}, 'w')"), protocol)
    found = recognise(zipped(tmp_path, "model.pt", {"model/data.pkl": content, "model/version": b"3"}))
    assert found.refused
    assert "would run code" in found.reason
    # Protocols 0 to 2 call this module by its name in Python 2.
    assert name in found.reason.replace("__builtin__", "builtins")
    assert not canary.exists()


def test_a_state_dict_holds_weights_only(tmp_path: Path) -> None:
    """The most common mistake with torch gets its own sentence, with what to do instead."""
    found = recognise(torch_saved(tmp_path, lambda torch: torch.nn.Linear(2, 3).state_dict()))
    assert found.format is None
    assert not found.refused
    assert "holds weights only" in found.reason
    assert "torch.jit.script" in found.reason


def test_a_pickled_torch_module_is_named(tmp_path: Path) -> None:
    """torch.save(model) is a pickle of code; the sentence says how to save it instead."""
    found = recognise(torch_saved(tmp_path, lambda torch: torch.nn.Linear(2, 3)))
    assert "is a pickled torch module" in found.reason


def test_an_old_torch_file_is_named(tmp_path: Path) -> None:
    """What torch.save wrote before 1.6 is no zip archive."""
    state = torch_saved(
        tmp_path, lambda torch: torch.nn.Linear(2, 3).state_dict(), _use_new_zipfile_serialization=False
    )
    assert "old torch.save file" in recognise(state).reason


def test_an_hdf5_file_that_describes_a_model_is_one(tmp_path: Path) -> None:
    """A whole file with a description is a legacy Keras model; what it describes is read in its model process."""
    file = written(tmp_path, "model", hdf5(b"model_config"))
    assert recognise(file).format is Format.KERAS_H5


def test_a_torch_export_program_is_told_from_torchscript(tmp_path: Path) -> None:
    """Both are zip archives of torch, and their members' names tell them apart."""
    file = zipped(tmp_path, "model.pt2", {"m/archive_format": b"pt2", "m/models/model.json": b"{}"})
    assert recognise(file).format is Format.TORCH_EXPORT


def test_arrays_are_no_model(tmp_path: Path) -> None:
    """Test data that were put among the models are called what they are."""
    np.savez(tmp_path / "test.npz", x=np.zeros(3), y=np.zeros(3))
    assert "holds arrays (.npz)" in recognise(tmp_path / "test.npz").reason


def test_a_saved_model_folder_is_what_its_graph_is(saved: Saved) -> None:
    """Who asks about the folder is told about the graph in it."""
    assert recognise(saved(Format.SAVED_MODEL).parent) == recognise(saved(Format.SAVED_MODEL))


def test_a_saved_model_as_text_is_named(tmp_path: Path) -> None:
    """The text form of the graph, which TensorFlow reads too, gets its own sentence."""
    written(tmp_path, "saved_model.pbtxt", b"saved_model_schema_version: 1")
    assert "is a SavedModel written as text" in recognise(tmp_path).reason


def test_other_folders_are_no_model_file(tmp_path: Path) -> None:
    """An empty folder is called a folder."""
    assert "is a folder" in recognise(tmp_path).reason


def test_what_is_not_there_is_said(tmp_path: Path) -> None:
    """A file that vanished meanwhile is a reason, not an exception."""
    assert "cannot be read (No such file or directory)" in recognise(tmp_path / "gone.keras").reason


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    """A link may lead anywhere, and a pipe would wait for ever."""
    written(tmp_path, "model", b"x")
    (tmp_path / "link").symlink_to(tmp_path / "model")
    os.mkfifo(tmp_path / "pipe")
    assert "is a symbolic link" in recognise(tmp_path / "link").reason
    assert "is not a regular file" in recognise(tmp_path / "pipe").reason


def test_a_hostile_name_is_cleaned(tmp_path: Path) -> None:
    """Reasons are stored and shown; a file's name must not steer a terminal."""
    found = recognise(written(tmp_path, "a\x1b]0;x\x07.onnx", b"text"))
    assert found.reason.isprintable()


# Whatever the bytes, an answer.


def answered(file: Path) -> Recognition:
    """Recognise ``file``, in time, with one printable sentence or none."""
    began = time.monotonic()
    found = recognise(file)
    assert time.monotonic() - began < SLOWEST_S
    assert bool(found.reason) is (found.format is None)
    assert found.reason.isprintable()
    assert len(found.reason) < 600
    return found


@settings(
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(content=st.binary(max_size=2000))
def test_random_bytes_get_an_answer(content: bytes, tmp_path: Path) -> None:
    """No bytes raise, hang or pass for a model."""
    assert answered(written(tmp_path, "noise", content)).format is None


@settings(
    deadline=None,
    database=None,
    max_examples=150,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
@pytest.mark.parametrize("wanted", list(Format))
def test_damaged_models_get_an_answer(
    wanted: Format, data: st.DataObject, saved: Saved, tmp_path: Path
) -> None:
    """A real model with a few bytes changed and its end cut off raises nothing and hangs nowhere."""
    raw = bytearray(saved(wanted).read_bytes())
    for position, value in data.draw(
        st.lists(st.tuples(st.integers(0, len(raw) - 1), st.integers(0, 255)), max_size=8)
    ):
        raw[position] = value
    answered(written(tmp_path, saved(wanted).name, bytes(raw[: data.draw(st.integers(0, len(raw)))])))
