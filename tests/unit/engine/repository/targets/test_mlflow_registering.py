"""Promises about bringing a version into MLflow's registry: whole, once, and only what MLflow can load."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.repository.integrity import digest
from engine.repository.targets import opened
from engine.repository.targets.mlflow_model import LAYOUTS
from engine.repository.targets.target import News, Target, TargetError
from storage.database import Writer
from storage.tables import models
from storage.target_settings import MLflow
from storage.vocabulary import Format, Status, TargetKind
from storage.workspace import Workspace
from tests.handmade_models import save_onnx_with_weights
from tests.serving import MLflow as Registry
from tests.unit.tui.commands.rows import fill

MODEL = "1/r1/artifacts/model"


@pytest.fixture
def registry() -> Iterator[Registry]:
    """Return a registry that knows nothing."""
    with Registry() as running:
        yield running


def target(workspace: Workspace, registry: Registry) -> Target:
    """Return a dealing with the target that brings in what is missing."""
    settings = MLflow(
        kind=TargetKind.MLFLOW, url=registry.url, registered_model="digits", register=True, timeout_s=60
    )
    return opened(workspace, settings)


def put(workspace: Workspace, writer: Writer, number: int, kind: Format = Format.ONNX) -> News:
    """Put a version with weights of its own size into the workspace, and return the news that it is deployed."""
    file = workspace.version_folder("mine", number) / "a model.onnx"
    save_onnx_with_weights(file, size=64 * number)
    sha256 = digest(file.parent, [file.name, "weights.bin"]).sha256
    with writer.transaction() as connection:
        model = models.ensure(connection, "mine", now=0.0)
        version = models.add_version(connection, model, number, status=Status.READY, found_at=0.0)
        models.set_artefact(
            connection,
            version,
            artefact=file.name,
            kind=kind,
            sha256=sha256,
            size=file.stat().st_size,
            companions=["weights.bin"],
        )
    return News(workspace, "mine", number, None, sha256)


def test_what_the_registry_lacks_is_brought_in(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """The files as they are and the texts beside them; then the version with its content as a tag, and the alias on it."""
    news = put(workspace, writer, 1)
    assert target(workspace, registry).tell(news) == "champion is version 1 of digits"
    folder = workspace.version_folder("mine", 1)
    # Blanks are quoted on the way.
    assert registry.files[f"{MODEL}/a%20model.onnx"] == (folder / "a model.onnx").read_bytes()
    assert registry.files[f"{MODEL}/weights.bin"] == bytes(64)
    assert list(registry.files)[-1] == f"{MODEL}/MLmodel"
    assert b'data: "a model.onnx"' in registry.files[f"{MODEL}/MLmodel"]
    assert registry.made["model-versions/create"]["source"] == f"mlflow-artifacts:/{MODEL}"
    assert registry.made["model-versions/create"]["run_id"] == "r1"
    assert {"key": "modeltender.sha256", "value": news.sha256} in registry.versions[0]["tags"]
    assert registry.made["runs/update"]["status"] == "FINISHED"
    assert registry.aliases == {"champion": "1"}


def test_what_is_there_is_not_brought_in_again(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """A second version is brought in beside the first, and going back to the first only moves the alias."""
    first, second = put(workspace, writer, 1), put(workspace, writer, 2)
    target(workspace, registry).tell(first)
    assert target(workspace, registry).tell(second) == "champion is version 2 of digits"
    registry.asked.clear()
    assert target(workspace, registry).tell(first) == "champion is version 1 of digits"
    assert [line for line in registry.asked if "alias" not in line and "search" not in line] == []
    assert len(registry.versions) == 2


def test_a_promotion_that_is_taken_back_leaves_the_alias_as_it_was(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """What was brought in stays and is found the next time."""
    target(workspace, registry).tell(put(workspace, writer, 1))
    news = put(workspace, writer, 2)
    dealing = target(workspace, registry)
    dealing.tell(news)
    dealing.take_back(news)
    assert registry.aliases == {"champion": "1"}
    assert len(registry.versions) == 2


def test_a_version_of_the_same_number_is_no_match(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """Where versions are brought in, numbers say nothing: the registry counts for itself."""
    registry.versions = [{"version": "1", "tags": []}]
    assert target(workspace, registry).tell(put(workspace, writer, 1)) == "champion is version 2 of digits"


def test_figures_go_with_it(workspace: Workspace, writer: Writer, registry: Registry) -> None:
    """The run says what the latest evaluation has found."""
    fill(writer)
    news = put(workspace, writer, 1)
    with writer.transaction() as connection:
        connection.execute(
            "UPDATE versions SET evaluation_id = (SELECT max(evaluation_id) FROM versions) WHERE sha256 = ?",
            (news.sha256,),
        )
        found = models.read_one(connection, "mine")
        known = [one for one in models.versions(connection, "mine") if one.sha256 == news.sha256]
    assert found is not None
    evaluation = known[0].evaluation
    assert evaluation is not None
    target(workspace, registry).tell(news)
    told = {each["key"]: each["value"] for each in registry.made["runs/log-batch"]["metrics"]}
    assert told == {metric.name: metric.value for metric in evaluation.metrics}


@pytest.mark.parametrize("kind", sorted({*Format} - {*LAYOUTS}))
def test_what_mlflow_cannot_load_is_refused(
    workspace: Workspace, writer: Writer, registry: Registry, kind: Format
) -> None:
    """Before anything is asked or sent."""
    news = put(workspace, writer, 1, kind)
    with pytest.raises(TargetError, match=f"MLflow loads no {kind} models; leave register out"):
        target(workspace, registry).check(news)
    assert registry.asked == []


@pytest.mark.parametrize(
    "place", ["s3://bucket/1/r1", "file:///srv/mlruns/1/r1", "mlflow-artifacts://other/1/r1"]
)
def test_a_server_that_keeps_no_files_is_told_so(
    workspace: Workspace, writer: Writer, registry: Registry, place: str
) -> None:
    """No version is made whose files nobody has, and the alias stays."""
    registry.place = place
    with pytest.raises(TargetError, match="start it with --serve-artifacts"):
        target(workspace, registry).tell(put(workspace, writer, 1))
    assert (registry.versions, registry.aliases, registry.files) == ([], {}, {})


def test_what_has_changed_on_the_disk_is_not_sent(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """The registry gets what was evaluated, or nothing."""
    news = put(workspace, writer, 1)
    Path(workspace.version_folder("mine", 1), "weights.bin").write_bytes(b"another")
    with pytest.raises(TargetError, match="version 1 cannot be read as it was evaluated"):
        target(workspace, registry).tell(news)
    assert registry.asked != []
    assert registry.files == {}


def test_a_version_that_is_not_on_record_is_not_sent(
    workspace: Workspace, writer: Writer, registry: Registry
) -> None:
    """Nobody knows what it is; whether it could be told is not known before, so doctor finds nothing wrong."""
    del writer
    news = News(workspace, "mine", 7, None, "ab" * 32)
    dealing = target(workspace, registry)
    dealing.check(news)
    with pytest.raises(TargetError, match="nothing is on record of version 7"):
        dealing.tell(news)
    assert registry.files == {}


def test_a_database_that_cannot_be_read_is_said(workspace: Workspace, registry: Registry) -> None:
    """In the target's own sentence, as every other reason."""
    workspace.database.write_bytes(b"no database at all" * 1000)
    with pytest.raises(TargetError, match="what is on record cannot be read: "):
        target(workspace, registry).check(News(workspace, "mine", 1, None))
