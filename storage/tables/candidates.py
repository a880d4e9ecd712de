"""The candidates of all models that nothing known holds back, in one question however many models there are."""

import sqlite3

import msgspec

from storage.promotion_records import GateReport
from storage.records import Version
from storage.tables import models
from storage.vocabulary import Status


def passing(connection: sqlite3.Connection) -> list[Version]:
    """Return the candidates that the gate passes by what is on record, but for what a promotion measures."""
    rows = connection.execute(
        "SELECT versions.id, versions.gate FROM models LEFT JOIN versions AS current ON current.id = current_id "
        "JOIN versions ON versions.model_id = models.id AND versions.number = (SELECT max(number) FROM versions AS newer "
        "WHERE newer.model_id = models.id AND newer.status = ? AND newer.number > coalesce(current.number, 0)) "
        "WHERE present AND versions.gate IS NOT NULL ORDER BY models.name",
        (Status.READY,),
    ).fetchall()
    passed = (row["id"] for row in rows if msgspec.json.decode(row["gate"], type=GateReport).promotable)
    return [found for version_id in passed if (found := models.version(connection, version_id)) is not None]
