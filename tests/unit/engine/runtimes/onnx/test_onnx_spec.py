"""Where an ONNX model may keep its weights, and whose operators it may use."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from engine.artefacts.content import ContentError
from engine.runtimes import recognise
from engine.runtimes.onnx.spec import companions, parameters
from storage.vocabulary import Format
from tests.tiny_models import onnx_model, save_onnx, save_onnx_external


def relocated(folder: Path, location: str) -> Path:
    """Return a model whose weights are said to lie at ``location``."""
    file = save_onnx_external(folder / "model.onnx")
    import onnx

    model = onnx.load(file, load_external_data=False)
    for tensor in model.graph.initializer:
        for entry in tensor.external_data:
            if entry.key == "location":
                entry.value = location
    file.write_bytes(model.SerializeToString())
    return file


def with_node(operator: str, domain: str, *, inside_if: bool = False) -> Any:
    """Return a model that uses an operator of a domain, plainly or in a branch."""
    from onnx import helper

    model = onnx_model()
    node = helper.make_node(operator, ["probabilities"], ["other"], domain=domain)
    if inside_if:
        branch = helper.make_graph([node], "branch", [], [])
        node = helper.make_node("If", ["probabilities"], ["z"], then_branch=branch, else_branch=branch)
    model.graph.node.append(node)
    return model


def test_files_of_weights_belong_to_the_model(tmp_path: Path) -> None:
    """A model with external data is one unit with its files, in whatever folder below its own they lie."""
    file = save_onnx_external(tmp_path / "model.onnx", "weights.bin")
    assert recognise(file).companions == (tmp_path / "weights.bin",)
    assert companions(file) == (tmp_path / "weights.bin",)
    (tmp_path / "sub").mkdir()
    (tmp_path / "weights.bin").rename(tmp_path / "sub" / "weights.bin")
    file = relocated(tmp_path, "sub/weights.bin")
    assert recognise(file).companions == (tmp_path / "sub" / "weights.bin",)


def test_a_model_in_one_file_has_no_companions(tmp_path: Path) -> None:
    """Most models stand alone."""
    assert companions(save_onnx(tmp_path / "model.onnx")) == ()


def test_companions_of_something_else_are_an_error(tmp_path: Path) -> None:
    """Only ONNX models have companions."""
    (tmp_path / "text").write_text("no model")
    with pytest.raises(ContentError, match="is not an ONNX model"):
        companions(tmp_path / "text")


def test_missing_weights_may_still_arrive(tmp_path: Path) -> None:
    """The file of weights is often copied after the model; the reason names it."""
    file = save_onnx_external(tmp_path / "model.onnx")
    (tmp_path / "weights.bin").unlink()
    found = recognise(file)
    assert not found.complete
    assert "keeps its weights in weights.bin, which is missing beside it" in found.reason


def test_weights_that_are_cut_short_are_noticed(tmp_path: Path) -> None:
    """The model says how many bytes it needs; fewer are not enough."""
    file = save_onnx_external(tmp_path / "model.onnx")
    weights = tmp_path / "weights.bin"
    weights.write_bytes(weights.read_bytes()[:-1])
    found = recognise(file)
    assert not found.complete
    assert "weights.bin, which is cut short" in found.reason


@pytest.mark.parametrize(
    "location", ["../w.bin", "a/../../w.bin", "/etc/passwd", "..", "", "a\\..\\w.bin", "w\0"]
)
def test_weights_outside_the_folder_are_refused(location: str, tmp_path: Path) -> None:
    """CVE-2022-25882, CVE-2024-27318 and their kin: a model reads its own folder and nothing else."""
    found = recognise(relocated(tmp_path, location))
    assert found.refused
    assert "weights outside its folder" in found.reason


def linked_file(folder: Path, outside: Path) -> None:
    """Put a symbolic link where the weights should be."""
    (folder / "w.bin").symlink_to(outside)


def linked_folder(folder: Path, outside: Path) -> None:
    """Reach the weights through a linked folder."""
    (folder / "sub").symlink_to(outside.parent)


def second_name(folder: Path, outside: Path) -> None:
    """Give a file from elsewhere a second name here."""
    os.link(outside, folder / "w.bin")


@pytest.mark.parametrize(
    ("location", "prepare"),
    [("w.bin", linked_file), ("sub/outside.bin", linked_folder), ("w.bin", second_name)],
)
def test_weights_through_a_link_are_refused(
    location: str, prepare: Callable[[Path, Path], None], tmp_path: Path
) -> None:
    """A path that looks harmless may lead anywhere; what it opens is what counts."""
    outside = tmp_path / "elsewhere" / "outside.bin"
    outside.parent.mkdir()
    outside.write_bytes(bytes(10_000))
    folder = tmp_path / "model"
    folder.mkdir()
    prepare(folder, outside)
    found = recognise(relocated(folder, location))
    assert found.refused
    assert "through a link" in found.reason


@pytest.mark.parametrize("inside_if", [False, True])
def test_a_foreign_operator_is_named(inside_if: bool, tmp_path: Path) -> None:  # noqa: FBT001 - a parameter
    """A native library would have to be loaded for it; branches are looked into."""
    model = with_node("Steal", "evil", inside_if=inside_if)
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    found = recognise(tmp_path / "m.onnx")
    assert found.format is None
    assert "custom operator Steal of evil" in found.reason


def test_an_operator_that_the_model_defines_itself_is_welcome(tmp_path: Path) -> None:
    """Exporters write functions of their own domain into the model; they are made of known operators."""
    from onnx import helper

    model = with_node("Twice", "pkg.own")
    body = [helper.make_node("Add", ["x", "x"], ["y"])]
    model.functions.append(helper.make_function("pkg.own", "Twice", ["x"], ["y"], body, []))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert recognise(tmp_path / "m.onnx").format is Format.ONNX


def test_a_function_may_not_hide_a_foreign_operator(tmp_path: Path) -> None:
    """What a function is made of is looked at like the rest."""
    from onnx import helper

    model = with_node("Twice", "pkg.own")
    body = [helper.make_node("Steal", ["x"], ["y"], domain="evil")]
    model.functions.append(helper.make_function("pkg.own", "Twice", ["x"], ["y"], body, []))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert "Steal of evil" in recognise(tmp_path / "m.onnx").reason


def test_parameters_are_counted_without_shapes_and_indices(tmp_path: Path) -> None:
    """Integer constants of reshapes are no weights."""
    from onnx import TensorProto, helper

    model = onnx_model()
    model.graph.initializer.append(helper.make_tensor("shape", TensorProto.INT64, [2], [1, 64]))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    assert parameters(tmp_path / "m.onnx") == 650


def test_another_protocol_buffer_is_no_onnx(tmp_path: Path) -> None:
    """A SavedModel's graph begins like an ONNX file and is none: it has no ONNX graph."""
    (tmp_path / "saved_model.pb").write_bytes(b"\x08\x01\x12\x02hi")
    found = recognise(tmp_path / "saved_model.pb")
    assert found.format is None
    assert found.complete


def test_a_huge_tensor_is_skipped_not_read(tmp_path: Path) -> None:
    """Two gigabytes of weights are recognised in no time and no memory: their bytes are not looked at."""
    file = tmp_path / "m.onnx"
    raw = onnx_model().SerializeToString()
    size = 2 * 2**30
    # A doc_string field (6) with a huge payload, written as a hole in the file.
    key = bytes([6 << 3 | 2]) + varint(size)
    file.write_bytes(raw + key)
    os.truncate(file, len(raw) + len(key) + size)
    assert recognise(file).format is Format.ONNX


def varint(number: int) -> bytes:
    """Return a number as protocol buffers write it."""
    written = bytearray()
    while number > 127:
        written.append(number & 127 | 128)
        number >>= 7
    return bytes([*written, number])
