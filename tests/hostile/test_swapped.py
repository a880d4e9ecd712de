"""A file that takes a model's place after it was examined is looked at again before any framework opens it."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.processes.client import Hosts, ModelProcessError
from engine.processes.endings import REFUSED
from engine.runtimes import runtime_for
from storage.vocabulary import Format
from tests.handmade_models import onnx_bytes, save_onnx


def reaching(file: Path) -> None:
    """Write a model that wants its weights from elsewhere."""
    file.write_bytes(onnx_bytes(location="../secret.bin", size=64))


def script(file: Path) -> None:
    """Write an archive of TorchScript, which is a program."""
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("data.pkl", "constants.pkl", "version", "code/m.py"):
            archive.writestr(f"m/{name}", b"x")


def text(file: Path) -> None:
    """Write a text."""
    file.write_text("hello\n" * 100)


SWAPS = [
    (reaching, "model.onnx wants weights outside its folder: ../secret.bin.", REFUSED),
    (script, "model.onnx is torchscript and not onnx: it was replaced.", "failed"),
    (text, "model.onnx is a text file, not a model.", "failed"),
]


@pytest.mark.parametrize(("swap", "sentence", "code"), SWAPS, ids=[swap[0].__name__ for swap in SWAPS])
def test_a_swapped_file_is_refused_at_load(
    warm_hosts: Hosts, tmp_path: Path, swap: Callable[[Path], None], sentence: str, code: str
) -> None:
    """The sentence is the one that its examination would have given, and what is harmful stays marked so."""
    file = save_onnx(tmp_path / "models" / "model.onnx")
    (tmp_path / "secret.bin").write_bytes(bytes(64))
    # What is swapped below is sound: it loads.
    warm_hosts.open(file, runtime_for(Format.ONNX), "cpu", [file.parent], wanted=Format.ONNX).close()
    swap(file)
    with pytest.raises(ModelProcessError) as caught:
        warm_hosts.open(file, runtime_for(Format.ONNX), "cpu", [tmp_path], wanted=Format.ONNX)
    assert caught.value.message == sentence
    assert (caught.value.code == REFUSED) is (code == REFUSED)


def test_another_format_of_the_same_runtime_is_another_model(warm_hosts: Hosts, tmp_path: Path) -> None:
    """A runtime that executes both does not make one of the other what was examined."""
    file = save_onnx(tmp_path / "model.onnx")
    with pytest.raises(ModelProcessError, match="is onnx and not openvino: it was replaced"):
        warm_hosts.open(file, runtime_for(Format.ONNX), "cpu", [tmp_path], wanted=Format.OPENVINO)
