"""What was added so that thousands of models and years of figures are read at once: overviews, names, indexes.

What is packed of a model is dropped by the database itself, in the transaction that writes about it. Whoever writes
need not know of it, and cannot forget it.
"""

from typing import NamedTuple


class Told(NamedTuple):
    """A table that an overview tells something of."""

    table: str
    columns: tuple[str, ...]
    """What of it is told, so that other columns may change without a word; empty for all of it."""
    models: str
    """The ids of the models that a row is about."""


OF_NAME = "SELECT id FROM models WHERE name = {row}.model"

TOLD = (
    Told(
        "versions",
        (
            *(
                "model_id",
                "number",
                "format",
                "status",
                "reason",
                "sha256",
                "bytes",
                "artefact",
                "companions",
            ),
            *("source", "found_at", "parameters", "evaluation_id", "gate", "loading", "failure", "refusal"),
        ),
        "SELECT {row}.model_id",
    ),
    # Figures are written with their evaluation, in one transaction and before their version is given it.
    Told("evaluations", (), "SELECT model_id FROM versions WHERE id = {row}.version_id"),
    Told(
        "latencies",
        (),
        "SELECT model_id FROM versions JOIN evaluations ON versions.id = version_id "
        "WHERE evaluations.id = {row}.evaluation_id",
    ),
    Told("faults", ("model", "state", "severity"), OF_NAME),
    Told("quarantine", ("model", "state"), OF_NAME),
    Told("probations", (), "SELECT {row}.model_id"),
)

TOUCH = """
    UPDATE overviews SET revision = (SELECT max(revision) FROM overviews) + 1, packed = NULL
    WHERE model_id IN ({models});
"""

MODEL_COLUMNS = ("name", "task", "problem", "current_id", "previous_id", "present")


def _changed(columns: tuple[str, ...]) -> str:
    new, old = (", ".join(f"{row}.{column}" for column in columns) for row in ("NEW", "OLD"))
    return f"({new}) IS NOT ({old})"


def _trigger(table: str, event: str, body: str, when: str = "") -> str:
    name = f"overviews_{table}_{event.split(maxsplit=1)[0].lower()}"
    condition = f"WHEN {when}" if when else ""
    return f"CREATE TRIGGER {name} AFTER {event} ON {table} {condition} BEGIN {body} END"


def _triggers(told: Told) -> tuple[str, ...]:
    after, before = (told.models.format(row=row) for row in ("NEW", "OLD"))
    update, when = "UPDATE", ""
    if told.columns:
        update, when = f"UPDATE OF {', '.join(told.columns)}", _changed(told.columns)
    return (
        _trigger(told.table, "INSERT", TOUCH.format(models=after)),
        # A row that goes over from one model to another is news of both.
        _trigger(told.table, update, TOUCH.format(models=f"{before} UNION {after}"), when),
        _trigger(told.table, "DELETE", TOUCH.format(models=before)),
    )


OVERVIEWS = (
    """
    CREATE TABLE overviews (
        model_id INTEGER PRIMARY KEY REFERENCES models(id) ON DELETE CASCADE,
        revision INTEGER NOT NULL,
        layout TEXT NOT NULL DEFAULT '',
        packed BLOB
    ) STRICT
    """,
    "CREATE INDEX overviews_by_revision ON overviews (revision)",
    "CREATE INDEX overviews_to_pack ON overviews (model_id) WHERE packed IS NULL",
    "INSERT INTO overviews (model_id, revision) SELECT id, row_number() OVER (ORDER BY id) FROM models",
    _trigger(
        "models",
        "INSERT",
        "INSERT INTO overviews (model_id, revision) VALUES (NEW.id, (SELECT coalesce(max(revision), 0) FROM overviews) + 1);",
    ),
    _trigger(
        "models",
        f"UPDATE OF {', '.join(MODEL_COLUMNS)}",
        TOUCH.format(models="NEW.id"),
        _changed(MODEL_COLUMNS),
    ),
    *(trigger for told in TOLD for trigger in _triggers(told)),
    "CREATE INDEX faults_open_by_model ON faults (model) WHERE state = 'open'",
)
"""Statements of their own: those of a trigger are parted by semicolons, too."""

FIGURES_OVER_YEARS = """
CREATE TABLE metric_names (
    model_id INTEGER NOT NULL REFERENCES models(id),
    name TEXT NOT NULL,
    PRIMARY KEY (model_id, name)
) STRICT, WITHOUT ROWID;
INSERT INTO metric_names SELECT DISTINCT model_id, name FROM metrics JOIN evaluations ON evaluations.id = metrics.evaluation_id
    JOIN versions ON versions.id = version_id WHERE slice = '';
CREATE INDEX latency_measurements_by_time ON latency_measurements (version_id, scenario, batch_size, at)
"""
