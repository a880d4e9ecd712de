"""What a registry of MLflow knows is read without MLflow, from its database or its files, and neither changes."""

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.imports import mlflow, read
from engine.imports.found import FoundModel, FoundVersion
from storage.errors import JobError
from storage.vocabulary import ImportKind
from tests.registries import Registered, database, files, logged
from tests.serving_folders import everything

Write = Callable[..., Path]


def one(source: Path) -> FoundModel:
    """Return the only model of a source."""
    [found] = read(source)
    return found


def facts(version: FoundVersion) -> tuple[int, Path, bool, tuple[str, ...], str]:
    """Return all that is found of a version."""
    return version.number, version.folder, version.served, version.labels, version.problem


@pytest.mark.parametrize("write", [database, files])
@pytest.mark.parametrize("scheme", ["", "file://"])
def test_versions_come_with_their_folders_and_aliases(tmp_path: Path, write: Write, scheme: str) -> None:
    """In the order of their numbers; the alias says what is deployed, and reading leaves nothing behind."""
    places = {number: logged(tmp_path, str(number)) for number in (2, 10)}
    source = write(
        tmp_path,
        Registered(10, f"{scheme}{places[10]}"),
        Registered(2, f"{scheme}{places[2]}", alias="champion"),
    )
    before = everything(tmp_path)
    found = one(source)
    assert (found.name, found.kind) == ("mnist", ImportKind.MLFLOW)
    assert [facts(version) for version in found.versions] == [
        (2, places[2], True, ("champion",), ""),
        (10, places[10], False, (), ""),
    ]
    assert one(tmp_path) == found
    assert everything(tmp_path) == before


@pytest.mark.parametrize("write", [database, files])
def test_a_stage_decides_before_an_alias(tmp_path: Path, write: Write) -> None:
    """What was deployed by stages is deployed by them still; what was deleted is gone."""
    place = str(logged(tmp_path, "a"))
    source = write(
        tmp_path,
        Registered(1, place, stage="Production"),
        Registered(2, place, stage="Archived", alias="champion"),
        Registered(3, place, stage="Deleted_Internal"),
    )
    assert [(version.number, version.served) for version in one(source).versions] == [(1, True), (2, False)]


def test_a_registry_that_was_moved_finds_its_models_beside_itself(tmp_path: Path) -> None:
    """Absolute paths of another machine, relative ones, and what a server stored for its clients."""
    place = logged(tmp_path, "a")
    below = place.relative_to(tmp_path)
    served = tmp_path / "mlartifacts" / "1" / "models" / "m-b" / "artifacts"
    served.mkdir(parents=True)
    source = database(
        tmp_path,
        Registered(1, f"/home/somebody/{below}"),
        Registered(2, f"./{below}"),
        Registered(3, "mlflow-artifacts:/1/models/m-b/artifacts"),
    )
    assert [version.folder for version in one(source).versions] == [place, place, served]


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ("s3://bucket/models/m-a", "it lies at s3://bucket/models/m-a and not on this machine"),
        ("/nowhere/at/all", "there is no folder /nowhere/at/all here"),
        ("mlflow-artifacts:/1/m-a", "there is no folder mlflow-artifacts:/1/m-a here"),
    ],
)
def test_what_does_not_lie_here_says_so(tmp_path: Path, place: str, reason: str) -> None:
    """With where it is said to lie."""
    [version] = one(files(tmp_path, Registered(1, place))).versions
    assert reason in version.problem


@pytest.mark.parametrize("content", [b"SQLite format 3\x00 and then nonsense", b""])
def test_a_database_of_something_else_is_told(tmp_path: Path, content: bytes) -> None:
    """Damaged, or without the registry's tables."""
    file = tmp_path / "mlflow.db"
    file.write_bytes(content)
    with pytest.raises(JobError, match="is no registry of MLflow that can be read") as caught:
        read(tmp_path)
    assert caught.value.code == "no-source"


def test_a_database_that_never_answers_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A view that counts for ever stands in the place of the table."""
    monkeypatch.setattr(mlflow, "READ_S", 0.0)
    connection = sqlite3.connect(tmp_path / "mlflow.db")
    connection.execute(
        "CREATE VIEW model_versions AS WITH RECURSIVE n(version) AS (SELECT 1 UNION ALL SELECT version + 1 FROM n) "
        "SELECT version, 'mnist' AS name FROM n"
    )
    connection.close()
    with pytest.raises(JobError, match="interrupted"):
        read(tmp_path)
