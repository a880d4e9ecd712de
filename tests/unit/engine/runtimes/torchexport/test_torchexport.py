"""Exported programs of torch: what may be in one, and how it runs."""

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes import recognise
from storage.errors import JobError
from storage.vocabulary import Format
from tests.tiny_models import digits, expected_probabilities, save_torch_export

Saved = Callable[[Format], Path]


class Harm:
    """Pickles to a call of a program."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        """Name the program."""
        return os.system, ("true",)


def with_member(source: Path, target: Path, name: str, content: bytes) -> Path:
    """Return a copy of an archive with one member more, or another one in its place."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        root = old.namelist()[0].split("/", 1)[0]
        for entry in old.infolist():
            if entry.filename != f"{root}/{name}":
                new.writestr(entry.filename, old.read(entry))
        new.writestr(f"{root}/{name}", content)
    return target


def archive_of(content: bytes) -> bytes:
    """Return what torch.save would write around a pickle."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return packed.getvalue()


def test_pickle_that_runs_a_program_is_refused(saved: Saved, tmp_path: Path) -> None:
    """The sample inputs are unpickled by torch without restraint, so what they name is looked at before."""
    harm = archive_of(pickle.dumps(Harm()))
    file = with_member(saved(Format.TORCH_EXPORT), tmp_path / "m.pt2", "data/sample_inputs/model.pt", harm)
    found = recognise(file)
    assert (found.format, found.refused) == (None, True)
    assert (
        found.reason
        == "m.pt2 holds a pickle in data/sample_inputs/model.pt that would run code (posix.system)"
    )


def test_archive_where_none_belongs_is_refused(saved: Saved, tmp_path: Path) -> None:
    """Only the places where torch keeps pickled tensors may hold an archive."""
    file = with_member(saved(Format.TORCH_EXPORT), tmp_path / "m.pt2", "extra/more.zip", archive_of(b"N."))
    assert recognise(file).reason == "m.pt2 contains a nested archive: extra/more.zip"


def test_machine_code_is_refused(saved: Saved, tmp_path: Path) -> None:
    """A package of AOTInductor brings a native library, which is no model that can be walled in by its content."""
    source = saved(Format.TORCH_EXPORT)
    file = with_member(source, tmp_path / "m.pt2", "data/aotinductor/model/kernel.cubin", b"code")
    assert "AOTInductor package: it holds machine code" in recognise(file).reason
    native = with_member(
        source, tmp_path / "n.pt2", "data/aotinductor/model/model.so", b"\x7fELF" + bytes(60)
    )
    assert "native code" in recognise(native).reason


def test_archive_without_a_program_is_damaged(tmp_path: Path) -> None:
    """The mark of the format alone is no model."""
    file = tmp_path / "m.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("m/archive_format", b"pt2")
    assert recognise(file).reason == "m.pt2 is a damaged torch.export archive: it has no program"


@pytest.mark.parametrize(("dynamic", "batch"), [(True, None), (False, 4)])
def test_batch_is_free_where_it_was_exported_so(tmp_path: Path, *, dynamic: bool, batch: int | None) -> None:
    """A program is described with the sizes that its guards will insist on."""
    from engine.runtimes.torchexport.loader import load

    model = load(save_torch_export(tmp_path / "model.pt2", dynamic=dynamic), "cpu")
    (taken,), (given,) = model.inputs, model.outputs
    assert (taken.shape, taken.dtype) == ((batch, 1, 8, 8), "float32")
    assert (given.shape, given.dtype) == ((batch, 10), "float32")
    images = np.divide(digits()[0][1000:1004], 16, dtype=np.float32)[:, None]
    (answers,) = model.run((images,))
    assert (answers.argmax(axis=1) == expected_probabilities()[:4].argmax(axis=1)).all()


def test_layout_of_older_versions_is_recognised(tmp_path: Path) -> None:
    """Until PyTorch 2.7 the members lay at the root, in files of their own."""
    file = tmp_path / "old.pt2"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("serialized_exported_program.json", b"{}")
        archive.writestr("serialized_state_dict.pt", archive_of(b"N."))
        archive.writestr("version", b"8.5")
    assert recognise(file).format is Format.TORCH_EXPORT


def test_damaged_program_is_an_error_in_words(saved: Saved, tmp_path: Path) -> None:
    """What torch cannot read is told in a sentence, not by silence."""
    from engine.runtimes.torchexport.loader import load

    file = with_member(
        saved(Format.TORCH_EXPORT), tmp_path / "m.pt2", "models/model.json", b'{"graph_module": {}}'
    )
    assert recognise(file).format is Format.TORCH_EXPORT
    with pytest.raises(JobError, match=r"^torch cannot read the program: "):
        load(file, "cpu")


def test_name_of_the_file_does_not_matter(saved: Saved, tmp_path: Path) -> None:
    """A program without its suffix is read all the same."""
    from engine.runtimes.torchexport.loader import load

    renamed = Path(shutil.copy(saved(Format.TORCH_EXPORT), tmp_path / "program"))
    assert load(renamed, "cpu").parameters == 650


IMPORTED = """
import json, sys

import torch
from torch.profiler import ProfilerActivity, profile

torch.backends.cuda.is_built = lambda: True
with profile(activities=[ProfilerActivity.CPU]) as seen:
    from engine.runtimes.torchexport import loader
before = set(sys.modules)
loader._load_one()
print(json.dumps([[event.name for event in seen.events()], sorted(set(sys.modules) - before)]))
"""


def test_a_host_for_gpus_runs_no_operation() -> None:
    """CUDA starts with torch's first operations, and then in no process forked afterwards; all is imported nevertheless."""
    done = subprocess.run(
        [sys.executable, "-c", IMPORTED], capture_output=True, text=True, check=False, cwd=Path.cwd()
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [[], []]
