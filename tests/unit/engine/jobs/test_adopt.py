"""Bringing in what other servers hold: a workspace that is really watched, real examiners, and sources that stay as they are."""

import time
import zipfile
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from engine.jobs import adopt
from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.errors import JobError, WorkspaceError
from storage.imported import Adopted, AdoptedModel
from storage.records import JobParameters
from storage.settings import WorkspaceSettings
from storage.tables import imports
from storage.vocabulary import Fate, Format, ImportKind, JobKind, JobState
from tests.attacks import keras_lambda, zip_bomb
from tests.handmade_models import save_onnx, save_onnx_with_weights
from tests.live import Live, live
from tests.registries import Registered, database, files, logged
from tests.serving_folders import TRITON_CONFIG, base_folder, everything, models_config, triton_model
from tests.unit.engine.jobs.asking import Quiet
from tests.warm import Warm
from tests.watched import examiner, examiner_hosts

__all__ = ["examiner", "examiner_hosts", "live"]


@pytest.fixture
def context(live: Live, writer: Any, examiner_hosts: Hosts) -> Context:
    """Return what the handler works with; the workspace is watched meanwhile."""
    return Context(
        live.workspace, writer, WorkspaceSettings(), examiner_hosts, cast("Pool", Warm()), time.time
    )


def adopted(
    context: Context, source: Path, *, stopping: bool = False, **parameters: Any
) -> tuple[AdoptedModel, ...]:
    """Import a source as the engine does, and return what became of each model."""
    with context.writer.transaction() as connection:
        wanted = JobParameters(source=str(source), **parameters)
        jobs.add(
            connection, JobKind.ADOPT, "", None, requested_by="ann", now=context.now(), parameters=wanted
        )
        job = jobs.claim(connection, frozenset({JobKind.ADOPT}), now=context.now())
    assert job is not None
    try:
        outcome = adopt.run(context, job, Quiet(stopping=stopping))
    finally:
        with context.writer.transaction() as connection:
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=context.now())
    if stopping:
        assert outcome.state is JobState.CANCELLED
        return ()
    return msgspec.json.decode(outcome.result, type=Adopted).models


def fates(model: AdoptedModel) -> list[tuple[int, Fate, int | None]]:
    """Return of each version its number there, what became of it, and its number here."""
    return [(version.number, version.fate, version.version) for version in model.versions]


def test_a_repository_comes_in_as_it_is_and_once(context: Context, live: Live, tmp_path: Path) -> None:
    """In the order of the numbers, with each version's origin; the source stays, the inbox is empty again, and a second import brings what is new."""
    policy = "version_policy { specific { versions: [ 2 ] } }"
    folder = triton_model(tmp_path / "triton", "mnist", 2, 10, config=TRITON_CONFIG + policy)
    before = everything(tmp_path / "triton")
    [planned] = adopted(context, tmp_path / "triton", dry_run=True)
    assert fates(planned) == [(2, Fate.NEW, None), (10, Fate.NEW, None)]
    assert live.versions() == []
    [model] = adopted(context, tmp_path / "triton")
    assert fates(model) == [(2, Fate.IMPORTED, 1), (10, Fate.IMPORTED, 2)]
    assert model.deployed == model.versions[0]
    assert everything(tmp_path / "triton") == before
    assert [version.format for version in live.versions()] == [Format.ONNX] * 2
    assert list((live.workspace.train / "mnist").iterdir()) == []
    with context.writer.transaction() as connection:
        origins = imports.read(connection, "mnist")
    first, second = (origins[version.sha256 or ""] for version in live.versions())
    assert (first.number, first.served, first.path) == (2, True, str(folder / "2"))
    assert (second.number, second.served, second.kind) == (10, False, ImportKind.TRITON)
    assert f"version 1 was imported from {folder / '2'} (triton, served there)" in [
        event.message for event in live.events()
    ]
    save_onnx(folder / "11" / "model.onnx", "another one")
    [again] = adopted(context, folder)
    assert fates(again) == [(2, Fate.KNOWN, 1), (10, Fate.KNOWN, 2), (11, Fate.IMPORTED, 3)]


def test_what_belongs_to_a_model_comes_with_it(context: Context, live: Live, tmp_path: Path) -> None:
    """External weights do, and of several files the one that the configuration names is the model."""
    folder = triton_model(tmp_path, "mnist", config=TRITON_CONFIG + 'default_model_filename: "chosen.onnx"')
    save_onnx_with_weights(save_onnx(folder / "1" / "chosen.onnx"))
    save_onnx(folder / "1" / "other.onnx", "other")
    [model] = adopted(context, folder)
    assert fates(model) == [(1, Fate.IMPORTED, 1)]
    [version] = live.versions()
    held = live.workspace.models / "mnist" / "1"
    assert sorted(path.name for path in held.iterdir()) == ["chosen.onnx", "weights.bin"]
    assert version.sha256 == model.versions[0].sha256


def test_a_base_folder_comes_in_under_the_name_that_is_asked_for(
    context: Context, live: Live, tmp_path: Path
) -> None:
    """TensorFlow Serving takes what its version folders hold; labels are kept with the origin."""
    save_onnx(tmp_path / "base" / "1583944000" / "anything.onnx")
    file = models_config(
        tmp_path,
        'model_config_list { config { name: "m" base_path: "base" version_labels { key: "stable" value: 1583944000 } } }',
    )
    [model] = adopted(context, file, name="mnist")
    assert (model.model, fates(model)) == ("mnist", [(1583944000, Fate.IMPORTED, 1)])
    [version] = live.versions()
    with context.writer.transaction() as connection:
        origin = imports.read(connection, "mnist")[version.sha256 or ""]
    assert origin.words == (
        f"imported from {tmp_path / 'base' / '1583944000'} (tensorflow-serving, served there, labelled stable)"
    )


def test_what_cannot_come_in_is_left_out_with_its_reason(
    context: Context, live: Live, tmp_path: Path
) -> None:
    """No model, a link, a harmful file, one that asks for code: each says so, none is copied, and the good one comes in."""
    folder = triton_model(tmp_path / "source", "mnist", 6)
    (folder / "1").mkdir()
    (folder / "1" / "model.onnx").write_text("These are notes.")
    (folder / "2").symlink_to(folder / "6")
    (folder / "3").mkdir()
    zip_bomb(folder / "3", tmp_path / "canary")
    (folder / "4").mkdir()
    keras_lambda(folder / "4", tmp_path / "canary")
    (folder / "5").mkdir()
    (folder / "5" / "model.plan").write_bytes(b"ftrt")
    [model] = adopted(context, folder)
    assert [version.fate for version in model.versions] == [Fate.LEFT_OUT] * 5 + [Fate.IMPORTED]
    text, link, bomb, code, plan, _ = (version.reason for version in model.versions)
    assert "is a text file, not a model" in text
    assert "is a symbolic link" in link
    assert bomb.endswith("it was not copied")
    assert code.endswith("it was not copied")
    assert "TensorRT plan" in plan
    assert (len(live.versions()), live.arrivals()) == (1, {})
    assert list((live.workspace.train / "mnist").iterdir()) == []


def test_a_name_that_no_model_can_have_is_told(context: Context, tmp_path: Path) -> None:
    """Nothing is copied under another name than the one that was asked for."""
    [model] = adopted(context, triton_model(tmp_path, "a@b", 1))
    assert "say another one with --as" in model.reason
    assert fates(model) == [(1, Fate.LEFT_OUT, None)]


def test_several_models_cannot_have_one_name(context: Context, tmp_path: Path) -> None:
    """That is refused before anything is looked at."""
    triton_model(tmp_path, "a", 1)
    triton_model(tmp_path, "b", 1)
    with pytest.raises(WorkspaceError, match="2 models cannot all be called c: a, b"):
        adopted(context, tmp_path, name="c")


def test_an_import_ends_when_it_is_cancelled(context: Context, live: Live, tmp_path: Path) -> None:
    """Before the next version; nothing half is left."""
    triton_model(tmp_path, "mnist", 1)
    adopted(context, tmp_path, stopping=True)
    assert (live.versions(), live.arrivals()) == ([], {})


def test_a_full_disk_fails_the_import_and_leaves_nothing(
    context: Context, live: Live, tmp_path: Path
) -> None:
    """A file where the model's folder in the inbox would be stands for every reason that keeps it from being written."""
    (live.workspace.train / "mnist").write_text("in the way")
    with pytest.raises(JobError, match="cannot be written to train/mnist"):
        adopted(context, triton_model(tmp_path, "mnist", 1))
    assert live.versions() == []


def test_an_empty_saved_model_is_none(context: Context, tmp_path: Path) -> None:
    """What a version folder is called proves nothing: its content is looked at."""
    [model] = adopted(context, base_folder(tmp_path / "mnist", "1"))
    [version] = model.versions
    assert (version.fate, bool(version.reason)) == (Fate.LEFT_OUT, True)


@pytest.mark.parametrize("write", [database, files])
def test_a_registry_of_mlflow_comes_in(context: Context, live: Live, tmp_path: Path, write: Any) -> None:
    """The model comes without what MLflow lays beside it, and its alias is kept with the origin."""
    place = logged(tmp_path, "a")
    source = write(tmp_path, Registered(3, str(place), alias="champion"))
    [model] = adopted(context, source)
    assert (model.model, fates(model)) == ("mnist", [(3, Fate.IMPORTED, 1)])
    assert [path.name for path in (live.workspace.models / "mnist" / "1").iterdir()] == ["model.onnx"]
    assert model.versions[0].labels == ("champion",)


def test_a_flavour_that_nothing_runs_says_which_do(context: Context, tmp_path: Path) -> None:
    """Of scikit-learn MLflow keeps what only scikit-learn opens; a folder that is no model would say nothing."""
    place = logged(tmp_path, "a")
    (place / "model.onnx").unlink()
    with zipfile.ZipFile(place / "model.skops", "w") as archive:
        archive.writestr("schema.json", "{}")
    (place / "MLmodel").write_text("flavors:\n  sklearn:\n    pickled_model: model.skops\n")
    [model] = adopted(context, database(tmp_path, Registered(1, str(place))))
    assert (
        "a model of MLflow in a flavour that nothing here runs; log it with mlflow.onnx"
        in model.versions[0].reason
    )
