"""A model's first settings: only what was found out, in a file that can be read, and never over another one."""

from pathlib import Path

import pytest
from msgspec.structs import replace

from storage import snapshot
from storage.database import Reader, Writer
from storage.errors import SettingsError, WorkspaceError
from storage.records import EvaluationFailure, Model
from storage.settings import ModelSettings, read_model_settings
from storage.vocabulary import Task
from tests.console.stage import LOADING, NOW, fill
from tui import first_settings
from tui.writing import write_new


@pytest.fixture
def model(writer: Writer, reader: Reader) -> Model:
    """Return a model that was measured."""
    with writer.transaction() as connection:
        fill(connection)
    return next(model for model in snapshot.read(reader).models if model.name == "mnist")


def read(text: str, folder: Path) -> ModelSettings:
    """Return what a text says as settings."""
    file = folder / "model.toml"
    file.write_text(text)
    return read_model_settings(file)


def test_what_was_measured_is_set(model: Model, tmp_path: Path) -> None:
    """The task is the one that was measured; limits are proposed with the figures beside them, and not set."""
    text = first_settings.proposed(model, model.current)
    settings = read(text, tmp_path)
    assert settings.task is Task.CLASSIFICATION
    assert settings.objectives == {}
    assert '# accuracy = ">= ' in text
    assert '# latency_p95_ms = "<= ' in text


def test_a_proposal_becomes_an_objective_without_its_sign(model: Model, tmp_path: Path) -> None:
    """Who takes the comment signs away has objectives that can be read."""
    text = first_settings.proposed(model, model.current)
    lines = [line.removeprefix("# ") if '= "' in line else line for line in text.splitlines()]
    settings = read("\n".join(line for line in lines if not line.startswith("labels")), tmp_path)
    assert set(settings.objectives) == {"accuracy", "latency_p95_ms"}


def test_an_unmeasured_model_is_known_by_its_outputs(model: Model, tmp_path: Path) -> None:
    """Ten numbers an example are ten classes; their names are asked for, and not made up."""
    assert model.current is not None
    loaded = replace(model.current, evaluation=None, loading=LOADING)
    text = first_settings.proposed(model, loaded)
    assert read(text, tmp_path).task is Task.CLASSIFICATION
    assert "the 10 classes" in text
    assert "[objectives]" not in text


def test_what_is_not_known_is_not_set(model: Model, tmp_path: Path) -> None:
    """A model that was never loaded gets a file with nothing but comments."""
    assert read(first_settings.proposed(model, None), tmp_path) == ModelSettings()


def test_what_the_data_ask_for_is_set(model: Model, tmp_path: Path) -> None:
    """What an evaluation found to make the data fit stands in the file."""
    assert model.current is not None
    failure = EvaluationFailure(at=NOW, message="", hint="", proposal='[preprocess]\ndtype = "float32"')
    text = first_settings.proposed(model, replace(model.current, failure=failure))
    assert read(text, tmp_path).preprocess.dtype == "float32"


@pytest.mark.parametrize("name", ["[/]", "a\nb = 1", 'x"""y', "模型"])
def test_a_name_writes_no_settings(model: Model, tmp_path: Path, name: str) -> None:
    """Whatever a model is called, it is a comment and nothing else."""
    named = first_settings.proposed(replace(model, name=name), None)
    assert read(named, tmp_path) == ModelSettings()


def test_an_existing_file_is_left_alone(tmp_path: Path) -> None:
    """Settings that somebody wrote meanwhile stay as they are, and that is said."""
    file = tmp_path / "model.toml"
    file.write_text("# mine\n")
    with pytest.raises(WorkspaceError, match="exists by now"):
        write_new(file, "")
    assert file.read_text() == "# mine\n"


def test_what_cannot_be_read_is_not_written(tmp_path: Path) -> None:
    """A text that is no settings never becomes a model's file."""
    with pytest.raises(SettingsError):
        write_new(tmp_path / "model.toml", "task = 7")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_gone_is_a_sentence(tmp_path: Path) -> None:
    """Where nothing can be written, why is said."""
    with pytest.raises(WorkspaceError, match="cannot be written: No such file"):
        write_new(tmp_path / "gone" / "model.toml", "")
