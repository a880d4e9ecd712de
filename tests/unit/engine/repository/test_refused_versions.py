"""Promises about a version folder that must not be tried: what is kept of it, and that its owner's trust opens it."""

import sqlite3
from pathlib import Path

import msgspec

from engine.repository.examine import examine
from engine.repository.integrity import Content
from engine.repository.scanner import read_item
from engine.repository.versions import loadable_as
from storage.records import Refusal
from storage.tables import trust
from storage.vocabulary import Format, Status
from tests.artefacts import artefact_sha256
from tests.attacks import keras_lambda
from tests.handmade_models import onnx_bytes, save_onnx, save_onnx_with_weights
from tests.watched import START, Watched


def on_record(watched: Watched) -> sqlite3.Row:
    """Return everything that is kept of the only version."""
    with watched.writer.transaction() as connection:
        [row] = connection.execute("SELECT * FROM versions").fetchall()
    assert isinstance(row, sqlite3.Row)
    return row


def trusted(connection: sqlite3.Connection, sha256: str) -> None:
    """Record that somebody trusts a content."""
    trust.record(
        connection,
        sha256,
        model="mnist",
        version=4,
        granted=True,
        at=START,
        requested_by="ann",
        reason="ours",
        found="",
    )


def test_a_refused_version_keeps_its_evidence_and_what_it_would_be_loaded_as(
    watched: Watched, tmp_path: Path
) -> None:
    """Whoever is asked to trust it is shown that, of this very content; nothing of it is tried until then."""
    folder = watched.workspace.version_folder("mnist", 4)
    folder.mkdir(parents=True)
    file = keras_lambda(folder, tmp_path)
    watched.settle()
    row, item = on_record(watched), read_item(folder.parent, "4")
    refusal = msgspec.json.decode(row["refusal"], type=Refusal)
    assert refusal.evidence == examine(folder.parent, item).evidence != ()
    assert refusal.liftable
    assert START < refusal.at <= watched.clock.now()
    assert (row["artefact"], row["format"], row["sha256"]) == (file.name, "keras", artefact_sha256(file))
    assert (row["status"], row["stamp"]) == (Status.QUARANTINED, item.stamp)

    with watched.writer.transaction() as connection:
        trusted(connection, row["sha256"])
    file.touch()
    watched.settle()
    found = watched.version("mnist", 4)
    assert (found.status, found.format) == (Status.CHECKING, Format.KERAS)


def test_what_nobody_may_trust_is_not_called_liftable(watched: Watched) -> None:
    """Weights outside the folder are somebody else's files."""
    file = watched.put_version("mnist", 4)
    file.write_bytes(onnx_bytes(location="/etc/passwd", size=4))
    watched.settle()
    row = on_record(watched)
    assert not msgspec.json.decode(row["refusal"], type=Refusal).liftable
    assert (row["format"], row["sha256"]) == (None, artefact_sha256(file))


def test_a_content_is_loaded_on_trust_only_if_that_very_content_is_trusted(
    watched: Watched, tmp_path: Path
) -> None:
    """What needs no trust is what it is, and what was not read cannot be trusted."""
    folder = watched.workspace.version_folder("mnist", 4)
    folder.mkdir(parents=True)
    keras_lambda(folder, tmp_path)
    refused = examine(folder.parent, read_item(folder.parent, "4"))
    save_onnx(watched.workspace.version_folder("mnist", 5) / "model.onnx")
    model = examine(folder.parent, read_item(folder.parent, "5"))
    one, other = Content("a" * 64, 1), Content("b" * 64, 1)
    with watched.writer.transaction() as connection:
        assert loadable_as(connection, refused, one) is None
        trusted(connection, one.sha256)
        assert loadable_as(connection, refused, one) is Format.KERAS
        assert loadable_as(connection, refused, other) is None
        assert loadable_as(connection, refused, None) is None
        for content in (one, other, None):
            assert loadable_as(connection, model, content) is Format.ONNX


def test_what_belongs_to_a_model_is_on_record_with_it(watched: Watched) -> None:
    """A repair brings its weights back with it: without them it is half a model."""
    save_onnx_with_weights(watched.workspace.version_folder("mnist", 1) / "model.onnx")
    watched.settle()
    found = watched.version("mnist", 1)
    assert (found.status, found.artefact, found.companions) == (
        Status.CHECKING,
        "model.onnx",
        ("weights.bin",),
    )
