"""What a server's folders hold is read as the server reads them, from its own files and nothing else."""

from pathlib import Path

import pytest

from engine.imports import read
from engine.imports.found import FoundModel
from storage.errors import JobError
from storage.imported import Declared, DeclaredTensor
from storage.vocabulary import ImportKind
from tests.serving_folders import TRITON_CONFIG, base_folder, models_config, triton_model


def one(source: Path) -> FoundModel:
    """Return the only model of a source."""
    [found] = read(source)
    return found


def numbers(model: FoundModel) -> list[int]:
    """Return the versions that were found, in their order."""
    return [version.number for version in model.versions]


def served(model: FoundModel) -> list[int]:
    """Return the versions that are served."""
    return [version.number for version in model.versions if version.served]


def test_a_base_folder_serves_its_highest_number(tmp_path: Path) -> None:
    """Time stamps and leading zeros are numbers; other names and files are not versions."""
    base = base_folder(tmp_path / "mnist", "2", "0010", "1583944000", "0", "draft", "-3")
    (base / "7").write_text("no folder")
    found = one(base)
    assert (found.name, found.kind) == ("mnist", ImportKind.TENSORFLOW_SERVING)
    assert (numbers(found), served(found)) == ([2, 10, 1583944000], [1583944000])


def test_a_folder_of_base_folders_holds_several_models(tmp_path: Path) -> None:
    """Each by its folder's name; what has no versions is no model."""
    base_folder(tmp_path / "b", "1")
    base_folder(tmp_path / "a", "1", "2")
    base_folder(tmp_path / "notes", "drafts")
    assert [(model.name, numbers(model)) for model in read(tmp_path)] == [("a", [1, 2]), ("b", [1])]


def test_a_configuration_names_models_policies_and_labels(tmp_path: Path) -> None:
    """The names are its own; a label stands on the version that it names."""
    base_folder(tmp_path / "folder", "1", "2", "3")
    file = models_config(
        tmp_path,
        """model_config_list { config {
             name: "mnist" base_path: "folder" model_platform: "tensorflow"
             model_version_policy { specific { versions: 1 versions: 2 versions: 9 } }
             version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 2 }
           } }""",
    )
    found = one(file)
    assert (found.name, served(found)) == ("mnist", [1, 2])
    assert [version.labels for version in found.versions] == [("stable",), ("canary",), ()]
    assert one(tmp_path) == found


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("", [30]),
        ("latest {}", [30]),
        ("latest { num_versions: 2 }", [20, 30]),
        ("all {}", [10, 20, 30]),
        ("specific { versions: [ 10 ] }", [10]),
        ("specific { versions: [ 11 ] }", []),
    ],
)
@pytest.mark.parametrize("kind", ImportKind)
def test_version_policies_mean_what_the_servers_make_of_them(
    tmp_path: Path, kind: ImportKind, policy: str, expected: list[int]
) -> None:
    """The three policies of both servers, and what holds without one."""
    if kind is ImportKind.TRITON:
        written = f"version_policy {{ {policy} }}" if policy else ""
        source = triton_model(tmp_path, "m", 10, 20, 30, config=TRITON_CONFIG + written)
    else:
        base_folder(tmp_path / "m", "10", "20", "30")
        written = f"model_version_policy {{ {policy} }}" if policy else ""
        source = models_config(
            tmp_path, f'model_config_list {{ config {{ name: "m" base_path: "m" {written} }} }}'
        )
    assert served(one(source)) == expected


def test_a_containers_base_path_is_looked_for_beside_the_configuration(tmp_path: Path) -> None:
    """The longest part of it that is a folder there is meant."""
    base_folder(tmp_path / "resnet", "1")
    base_folder(tmp_path / "vision" / "resnet", "2")
    file = models_config(
        tmp_path, 'model_config_list { config { name: "m" base_path: "/models/vision/resnet" } }'
    )
    assert numbers(one(file)) == [2]


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        ('base_path: "gs://bucket/m"', "gs://bucket/m does not lie on this machine"),
        ('base_path: "/nowhere/m"', "there is no folder /nowhere/m"),
        ('model_platform: "caffe" base_path: "m"', "caffe is a platform of somebody's own"),
        ("", "base_path is missing"),
    ],
)
def test_an_entry_that_cannot_come_in_says_why(tmp_path: Path, entry: str, reason: str) -> None:
    """With the reason, and without hiding the other entries."""
    base_folder(tmp_path / "good", "1")
    file = models_config(
        tmp_path,
        f'model_config_list {{ config {{ name: "bad" {entry} }} config {{ name: "good" base_path: "good" }} }}',
    )
    bad, good = read(file)
    assert (reason in bad.problem, bad.versions) == (True, ())
    assert (good.problem, numbers(good)) == ("", [1])
    assert (bad.place in f"{entry} nowhere", good.place) == (True, str(tmp_path / "good"))


def test_a_triton_model_says_its_batches_inputs_and_outputs(tmp_path: Path) -> None:
    """As its configuration declares them."""
    triton_model(tmp_path, "mnist", 2, 10, config=TRITON_CONFIG)
    found = one(tmp_path)
    assert (found.name, found.kind, numbers(found)) == ("mnist", ImportKind.TRITON, [2, 10])
    assert found.declared == Declared(
        8,
        (DeclaredTensor("x", "FP32", (1, -1)),),
        (DeclaredTensor("y", "FP32", (10,), "labels.txt"),),
    )


def test_a_triton_model_needs_no_configuration(tmp_path: Path) -> None:
    """The server completes what is missing, also all of it: the files' names tell whose folder it is."""
    found = one(triton_model(tmp_path, "mnist", 1))
    assert (found.kind, found.declared, served(found)) == (ImportKind.TRITON, None, [1])


@pytest.mark.parametrize(
    ("config", "file", "word"),
    [
        ('platform: "tensorrt_plan"', "", "TensorRT"),
        ('backend: "tensorrt"', "", "TensorRT"),
        ('platform: "ensemble"', "", "ensemble"),
        ('backend: "python"', "", "Python"),
        ("", "model.plan", "TensorRT"),
        ("", "model.graphdef", "frozen TensorFlow graph"),
    ],
)
def test_what_nothing_here_runs_says_so(tmp_path: Path, config: str, file: str, word: str) -> None:
    """Told by the configuration, or by the file where that says nothing."""
    folder = triton_model(tmp_path, "m", config=config)
    (folder / "1").mkdir(parents=True)
    (folder / "1" / (file or "model.bin")).write_bytes(b"x")
    [version] = one(folder).versions
    assert word in version.problem


def test_a_broken_configuration_keeps_no_other_model_out(tmp_path: Path) -> None:
    """It is a problem of its own model, with the line."""
    triton_model(tmp_path, "good", 1)
    (triton_model(tmp_path, "bad", 1) / "config.pbtxt").write_text('name: "bad"\nplatform = 3\n')
    bad, good = read(tmp_path)
    assert "line 2" in bad.problem
    assert good.problem == ""


@pytest.mark.parametrize("name", ["missing", "empty", "notes.txt", "only-text.config"])
def test_a_source_without_models_says_what_to_name(tmp_path: Path, name: str) -> None:
    """Whatever it is."""
    (tmp_path / "empty").mkdir()
    (tmp_path / "notes.txt").write_text("These are notes.")
    (tmp_path / "only-text.config").write_text('name: "a model of Triton"')
    with pytest.raises(JobError) as caught:
        read(tmp_path / name)
    assert (caught.value.code, name in caught.value.message, bool(caught.value.hint)) == (
        "no-source",
        True,
        True,
    )
