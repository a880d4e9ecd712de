"""What a workspace holds after it was filled with samples, and what happens when it is filled again."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from engine.runtimes import recognise
from sample_models.build import SAMPLES, Sample, arrival, build
from storage.settings import read_model_settings
from storage.vocabulary import Task
from tests.unit.sample_models.lacking import EVERYTHING, KERAS_AND_TORCH, without

IDS = [sample.name for sample in SAMPLES]

LOADED = """
import sys
from pathlib import Path
from sample_models.build import build
build(Path(sys.argv[1]))
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""


def files(root: Path) -> dict[str, bytes]:
    """Return the content of every file below ``root``, and the target of every link."""
    return {
        str(path.relative_to(root)): path.readlink().name.encode() if path.is_symlink() else path.read_bytes()
        for path in root.rglob("*")
        if path.is_symlink() or path.is_file()
    }


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_settings_are_valid_and_complete(samples: Path, sample: Sample) -> None:
    """Each model's settings name its task, its classes, an objective and a margin that its test data can decide."""
    settings = read_model_settings(samples / "models" / sample.name / "model.toml")
    assert settings.task is Task.CLASSIFICATION
    assert len(settings.labels) == (2 if sample.name == "breast-cancer" else 10)
    assert settings.objectives.keys() == {"accuracy"}
    assert (settings.gate.metric, settings.gate.margin) == ("accuracy", 0.02)


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_versions_are_models_and_the_first_is_deployed(samples: Path, sample: Sample) -> None:
    """Every version folder holds one file of a format that is known, and ``current`` points to version 1."""
    folder = samples / "models" / sample.name
    assert (folder / "current").readlink() == Path("1")
    versions = sorted(path.name for path in folder.iterdir() if path.is_dir() and not path.is_symlink())
    assert versions == [str(number) for number, _ in enumerate(sample.versions, start=1)]
    for version in versions:
        (artefact,) = (folder / version).iterdir()
        assert recognise(artefact).format is not None


@pytest.mark.parametrize("sample", SAMPLES, ids=IDS)
def test_data_lie_where_they_are_looked_for(samples: Path, sample: Sample) -> None:
    """Each model has data to test, to validate and to train with, of the promised sizes."""
    sizes = {
        name: len(np.load(samples / folder / sample.name / f"{name}.npz")["y"])
        for folder, name in (("test", "test"), ("test", "validation"), ("train", "train"))
    }
    digits = {"test": 2000, "validation": 500, "train": 2500}
    assert sizes == (
        {"test": 200, "validation": 69, "train": 300} if sample.name == "breast-cancer" else digits
    )


def test_the_arriving_version_is_a_model_outside_the_workspace(samples: Path) -> None:
    """What arrives later is there, is a Keras file, and lies where no engine watches."""
    file = arrival(samples)
    assert recognise(file).format is not None
    assert not file.is_relative_to(samples)


def test_a_second_workspace_is_filled_alike_without_training(samples: Path, tmp_path: Path) -> None:
    """Training happens once: the next workspace is a copy, byte for byte."""
    said: list[str] = []
    build(tmp_path, on_progress=said.append)
    made = {name: content for name, content in files(samples).items() if not name.startswith(".modeltender")}
    assert files(tmp_path) == made
    assert not [line for line in said if "Training" in line]


@pytest.mark.usefixtures("samples")
def test_what_is_there_already_stays_as_it_is(tmp_path: Path) -> None:
    """A workspace that was worked in is not set back: a promoted version stays promoted, a changed file changed."""
    build(tmp_path)
    model = tmp_path / "models" / "mnist"
    (model / "current").unlink()
    (model / "current").symlink_to("2")
    (model / "model.toml").write_text("")
    said: list[str] = []
    build(tmp_path, on_progress=said.append)
    assert (model / "current").readlink() == Path("2")
    assert not (model / "model.toml").read_bytes()
    assert said == []


def test_what_an_interrupted_build_left_is_replaced(samples: Path, tmp_path: Path) -> None:
    """A half-copied model is no obstacle: it is made anew, whole."""
    left = tmp_path / "models" / ".mnist.partial" / "1"
    left.mkdir(parents=True)
    (left / "model.keras").write_bytes(b"half")
    build(tmp_path)
    assert files(tmp_path / "models" / "mnist") == files(samples / "models" / "mnist")
    assert not left.exists()


@pytest.mark.usefixtures("samples")
def test_building_loads_no_framework(tmp_path: Path) -> None:
    """Whoever builds stays small: each framework is loaded in a process of its own, if at all."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LOADED, str(tmp_path)], capture_output=True, text=True, check=True
    )
    assert not {"tensorflow", "keras", "torch", "onnx", "onnxruntime", "sklearn"} & set(done.stdout.split())


def test_a_missing_framework_leaves_its_samples_out(tmp_path: Path) -> None:
    """With ONNX alone there are ONNX samples, and a sentence for each of the others that says how to get it."""
    done = without(KERAS_AND_TORCH, tmp_path / "cache", "build(folder)", tmp_path / "workspace").end()
    assert done.code == 0, done.errors
    left_out = [line for line in done.lines if "left out" in line]
    assert left_out == [
        "mnist is left out: Keras with TensorFlow is not installed (pip install 'modeltender[tensorflow]')",
        "mnist-torch is left out: PyTorch is not installed (pip install 'modeltender[torch]')",
    ]
    models = sorted(path.name for path in (tmp_path / "workspace" / "models").iterdir())
    assert models == ["breast-cancer", "mnist-onnx"]
    assert done.errors == ""


def test_without_any_framework_there_is_one_sentence(tmp_path: Path) -> None:
    """Nothing can be made then, nothing is written, and the error says what to install."""
    done = without(EVERYTHING, tmp_path / "cache", "build(folder)", tmp_path / "workspace").end()
    said = "JobError: No sample can be made, because no framework is installed."
    assert done.lines == [f"{said} Install one, or all, with: pip install 'modeltender[all]'"]
    assert not (tmp_path / "workspace").exists()


def test_nothing_arrives_without_keras(tmp_path: Path) -> None:
    """Who asks for the arriving version is told what it needs."""
    done = without(KERAS_AND_TORCH, tmp_path / "cache", "arrival(folder)", tmp_path / "workspace").end()
    assert done.lines[0].startswith(
        "JobError: There is no better version to arrive: Keras with TensorFlow is not installed"
    )


def test_builders_that_run_at_once_train_once(tmp_path: Path) -> None:
    """Three builders begin together on an empty cache: one trains, the others wait, all get the same."""
    folders = [tmp_path / str(number) for number in range(3)]
    running = [without(KERAS_AND_TORCH, tmp_path / "cache", "build(folder)", folder) for folder in folders]
    done = [process.end() for process in running]
    assert [process.code for process in done] == [0, 0, 0], [process.errors for process in done]
    assert sum("Training" in line for process in done for line in process.lines) == 1
    assert files(folders[0]) == files(folders[1]) == files(folders[2])


@pytest.mark.usefixtures("samples")
def test_the_command_fills_a_workspace(tmp_path: Path) -> None:
    """``python -P -m sample_models.build DIR`` does it, and says what it made."""
    done = command(str(tmp_path / "workspace"))
    assert (done.returncode, done.stderr) == (0, "")
    assert "mnist: 2 versions, version 1 is deployed" in done.stdout
    assert (tmp_path / "workspace" / "models" / "mnist" / "1" / "model.keras").is_file()


def test_the_command_says_how_it_is_used() -> None:
    """Without a folder it prints its usage and ends with the exit status for that."""
    done = command()
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "usage: python -P -m sample_models.build DIR\n"


def test_the_command_prints_an_error_as_a_sentence(tmp_path: Path) -> None:
    """A folder that cannot be made ends it with a sentence, not with a traceback."""
    (tmp_path / "file").write_text("")
    done = command(str(tmp_path / "file"))
    assert done.returncode == 2
    assert done.stderr.startswith(f"{tmp_path / 'file'} is a file, and a folder is needed there.")


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the builder from a shell."""
    words = [sys.executable, "-P", "-m", "sample_models.build", *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False)
