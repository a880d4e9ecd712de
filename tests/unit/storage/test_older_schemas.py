"""A database of an older schema is brought up to date with what was in it, and a copy of it is kept."""

import sqlite3
from pathlib import Path

import pytest
from sqlite_utils import Database

from storage import database, schema, snapshot
from storage.database import Reader, Writer
from storage.tables import promotions

WRITTEN = """
INSERT INTO models (id, name, task, created_at) VALUES (1, 'mnist', 'classification', 1.0);
INSERT INTO versions (id, model_id, number, format, status, sha256, bytes, artefact, found_at)
    VALUES (1, 1, 1, 'onnx', 'ready', 'ab', 10, 'model.onnx', 1.0), (2, 1, 2, 'onnx', 'ready', 'cd', 10, 'model.onnx', 2.0);
INSERT INTO jobs (id, kind, model, version, parameters, requested_by, requested_at, state)
    VALUES (1, 'evaluate', 'mnist', 2, '{}', 'ann', 3.0, 'succeeded');
INSERT INTO evaluations VALUES (1, 2, 1, 4.0, 'ann', 'test', 100, 'ef', 'cd', 'gh', 'onnx', '1.20', 'cpu', 32, 'full', 0.5, NULL);
INSERT INTO metrics VALUES (1, 'accuracy', 0.93, 0.86, 0.97, 100);
INSERT INTO latencies VALUES (1, 'single-stream', 1, 500, 1.0, 1.5, 1.6, 2.0, 1.1, 0.1, 900.0, 1);
INSERT INTO promotions (id, model_id, job_id, at, requested_by, kind, from_number, to_number, outcome)
    VALUES (1, 1, 1, 5.0, 'ann', 'promote', 1, 2, 'done');
UPDATE versions SET evaluation_id = 1 WHERE id = 2;
UPDATE models SET current_id = 2, previous_id = 1 WHERE id = 1;
INSERT INTO devices VALUES ('cpu', 'cpu', 'A processor', '["onnx"]', '', 1000);
INSERT INTO device_samples VALUES ('cpu', 6.0, 0.5, 500, NULL, NULL);
INSERT INTO events (at, severity, code, model, message) VALUES (7.0, 'info', 'promoted', 'mnist', 'old news');
INSERT INTO faults (code, model, version, severity, message, state, first_at, last_at)
    VALUES ('stale-model', 'mnist', 2, 'info', 'It is old.', 'open', 8.0, 8.0);
INSERT INTO engine VALUES (1, 10, '0.1.0', 1.0, 9.0, 9.0, 9.0, 1, 0.0, '{}', '[]');
"""
"""What an engine of the first schema may have written: something in each table that a console shows."""


def names() -> list[str]:
    """Return the migrations in their order."""
    return [migration.name for migration in schema.migrations.pending(Database(memory=True))]


APART = 7
"""Each older schema takes the same steps as the first, in two parts; some of them show that the parts fit."""


@pytest.mark.parametrize("number", range(1, schema.SCHEMA_VERSION, APART))
def test_nothing_is_lost_on_the_way_from_an_older_schema(number: int, tmp_path: Path) -> None:
    """Model, figures, promotion, event and fault are those that were written, and the backup has the old schema."""
    path = tmp_path / "modeltender.db"
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute(f"PRAGMA application_id = {database.APPLICATION_ID}")
    older = Database(connection, execute_plugins=False)
    schema.migrations.apply(older, stop_before=names()[1])
    connection.executescript(WRITTEN)
    schema.migrations.apply(older, stop_before=names()[number])
    connection.execute(f"PRAGMA user_version = {number}")
    connection.close()
    Writer(path).close()
    reader = Reader(path)
    found = snapshot.read(reader)
    [model], [event], [fault], [job] = found.models, found.events, found.faults, found.jobs
    detail = snapshot.read_detail(reader, "mnist")
    with reader.transaction() as reading:
        [promoted] = promotions.read(reading, "mnist")
        assert reading.execute("PRAGMA foreign_key_check").fetchall() == []
    reader.close()
    assert (model.name, job.requested_by) == ("mnist", "ann")
    assert (event.message, fault.message) == ("old news", "It is old.")
    assert detail is not None
    current = detail.model.current
    assert current is not None
    assert current.evaluation is not None
    assert (current.number, current.evaluation.metrics[0].value) == (2, 0.93)
    assert (promoted.from_version, promoted.to_version) == (1, 2)
    kept = sqlite3.connect(path.with_name(f"modeltender-schema-{number}.db"))
    assert kept.execute("PRAGMA user_version").fetchone() == (number,)
    assert kept.execute("SELECT value FROM metrics").fetchone() == (0.93,)
    kept.close()
