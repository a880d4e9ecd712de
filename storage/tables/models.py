"""Models and their versions."""

import sqlite3
from collections.abc import Sequence

import msgspec

from storage.model_records import as_candidate
from storage.promotion_records import GateReport
from storage.records import EvaluationFailure, Loading, Model, Refusal, Version
from storage.tables import assembly
from storage.tables.overviews import Overviews
from storage.vocabulary import Format, Role, Status, Task


def ensure(connection: sqlite3.Connection, name: str, *, now: float) -> int:
    """Return the id of the model called ``name``, recording it when it is new."""
    connection.execute(
        "INSERT INTO models (name, created_at) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET present = 1",
        (name, now),
    )
    return int(connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()[0])


def set_settings(connection: sqlite3.Connection, model_id: int, *, task: Task | None, problem: str) -> None:
    """Record what a model's settings say, or why they cannot be used."""
    connection.execute("UPDATE models SET task = ?, problem = ? WHERE id = ?", (task, problem, model_id))


def set_present(connection: sqlite3.Connection, names: set[str]) -> None:
    """Record which models' folders exist; the others keep their history and leave the lists."""
    for row in connection.execute("SELECT id, name, present FROM models").fetchall():
        if bool(row["present"]) != (row["name"] in names):
            connection.execute(
                "UPDATE models SET present = ? WHERE id = ?", (row["name"] in names, row["id"])
            )


def set_current(
    connection: sqlite3.Connection, model_id: int, *, current_id: int | None, previous_id: int | None
) -> None:
    """Record which version is deployed and which one a rollback would bring back."""
    connection.execute(
        "UPDATE models SET current_id = ?, previous_id = ? WHERE id = ?", (current_id, previous_id, model_id)
    )


def add_version(
    connection: sqlite3.Connection,
    model_id: int,
    number: int,
    *,
    status: Status,
    found_at: float,
    stamp: str = "",
    source: str = "",
) -> int:
    """Record a version that was not known before and return its id."""
    cursor = connection.execute(
        "INSERT INTO versions (model_id, number, status, found_at, stamp, source) VALUES (?, ?, ?, ?, ?, ?)",
        (model_id, number, status, found_at, stamp, source),
    )
    return int(cursor.lastrowid or 0)


def set_version(
    connection: sqlite3.Connection,
    version_id: int,
    *,
    status: Status,
    reason: str = "",
    stamp: str | None = None,
    failures: int = 0,
    retry_at: float | None = None,
    refusal: Refusal | None = None,
) -> None:
    """Record how far a version has come, and why not further; what it was refused for before is over."""
    packed = None if refusal is None else msgspec.json.encode(refusal).decode()
    connection.execute(
        "UPDATE versions SET status = ?, reason = ?, stamp = coalesce(?, stamp), failures = ?, retry_at = ?, refusal = ? WHERE id = ?",
        (status, reason, stamp, failures, retry_at, packed, version_id),
    )


def failures(connection: sqlite3.Connection, version_id: int) -> int:
    """Return how often in a row a version failed to load."""
    return int(connection.execute("SELECT failures FROM versions WHERE id = ?", (version_id,)).fetchone()[0])


def set_stamp(connection: sqlite3.Connection, version_id: int, stamp: str) -> None:
    """Record how a version's files look now that they were found to hold the same as before."""
    connection.execute("UPDATE versions SET stamp = ? WHERE id = ?", (stamp, version_id))


def data_stamp(connection: sqlite3.Connection, version_id: int) -> str:
    """Return the stamp of the test data that an evaluation was last tried on, or empty where that is not known."""
    row = connection.execute("SELECT data_stamp FROM versions WHERE id = ?", (version_id,)).fetchone()
    return str(row[0])


def set_data_stamp(connection: sqlite3.Connection, version_id: int, stamp: str) -> None:
    """Record on which state of the test data an evaluation of a version was last tried."""
    connection.execute("UPDATE versions SET data_stamp = ? WHERE id = ?", (stamp, version_id))


def set_artefact(
    connection: sqlite3.Connection,
    version_id: int,
    *,
    artefact: str | None,
    kind: Format | None,
    sha256: str | None,
    size: int | None,
    companions: Sequence[str] = (),
) -> None:
    """Record what a version's folder holds; what was found out about other content is forgotten."""
    connection.execute(
        "UPDATE versions SET loading = NULL, parameters = NULL, failure = NULL WHERE id = ? AND sha256 IS NOT ?",
        (version_id, sha256),
    )
    connection.execute(
        "UPDATE versions SET artefact = ?, format = ?, sha256 = ?, bytes = ? WHERE id = ?",
        (artefact, kind, sha256, size, version_id),
    )
    set_companions(connection, version_id, companions)


def set_companions(connection: sqlite3.Connection, version_id: int, companions: Sequence[str]) -> None:
    """Record which files belong to a version's artefact."""
    packed = msgspec.json.encode(companions).decode()
    connection.execute("UPDATE versions SET companions = ? WHERE id = ?", (packed, version_id))


def set_loading(
    connection: sqlite3.Connection, version_id: int, loading: Loading, *, parameters: int | None
) -> None:
    """Record what a version turned out to be now that it was loaded."""
    connection.execute(
        "UPDATE versions SET loading = ?, parameters = ? WHERE id = ?",
        (msgspec.json.encode(loading).decode(), parameters, version_id),
    )


def set_failure(connection: sqlite3.Connection, version_id: int, failure: EvaluationFailure | None) -> None:
    """Record why the last evaluation of a version did not work, or that nothing is wrong with it."""
    packed = None if failure is None else msgspec.json.encode(failure).decode()
    connection.execute("UPDATE versions SET failure = ? WHERE id = ?", (packed, version_id))


def set_gate(connection: sqlite3.Connection, version_id: int, gate: GateReport | None) -> None:
    """Record what the gate says about promoting a version now, or that it does not apply."""
    packed = None if gate is None else msgspec.json.encode(gate).decode()
    connection.execute("UPDATE versions SET gate = ? WHERE id = ?", (packed, version_id))


def is_deployed(connection: sqlite3.Connection, model_id: int, version_id: int) -> bool:
    """Whether a version is the current or the previous one of its model."""
    return bool(
        connection.execute(
            "SELECT EXISTS (SELECT 1 FROM models WHERE id = ? AND ? IN (current_id, previous_id))",
            (model_id, version_id),
        ).fetchone()[0]
    )


def version_rows(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return what the scanner compares a listing with: what is recorded about every version's folder.

    ``deployed_sha256`` is what the current and the previous version held when they were deployed.
    """
    return connection.execute(
        "SELECT versions.id, models.name AS model, models.id AS model_id, number, status, reason, stamp, versions.format, "
        "versions.sha256, failures, retry_at, refusal, deployed_contents.sha256 AS deployed_sha256 "
        "FROM versions JOIN models ON models.id = versions.model_id "
        "LEFT JOIN deployed_contents ON version_id = versions.id AND versions.id IN (current_id, previous_id)"
    ).fetchall()


def model_rows(connection: sqlite3.Connection) -> list[sqlite3.Row]:
    """Return what the scanner compares a listing with: every model, and the numbers of its current and previous version."""
    return connection.execute(
        "SELECT models.id, name, present, problem, task, current.number AS current, previous.number AS previous FROM models "
        "LEFT JOIN versions AS current ON current.id = current_id LEFT JOIN versions AS previous ON previous.id = previous_id"
    ).fetchall()


def version_id(connection: sqlite3.Connection, model_id: int, number: int | None) -> int | None:
    """Return the id of a version by its number, or ``None``."""
    row = connection.execute(
        "SELECT id FROM versions WHERE model_id = ? AND number = ?", (model_id, number)
    ).fetchone()
    return None if row is None else int(row[0])


def model_id(connection: sqlite3.Connection, name: str) -> int | None:
    """Return the id of the model called ``name``, or ``None``."""
    row = connection.execute("SELECT id FROM models WHERE name = ?", (name,)).fetchone()
    return None if row is None else int(row[0])


def names(connection: sqlite3.Connection) -> list[str]:
    """Return the names of the models whose folders exist, sorted."""
    return [row[0] for row in connection.execute("SELECT name FROM models WHERE present ORDER BY name")]


def versions(connection: sqlite3.Connection, name: str) -> list[Version]:
    """Return the versions of a model with their latest evaluations, the newest first."""
    ids = _ids(
        connection,
        "SELECT versions.id FROM versions JOIN models ON models.id = model_id WHERE name = ? ORDER BY number DESC",
        name,
    )
    seen = assembly.versions(connection, ids)
    found = [seen[each] for each in ids]
    candidate = _candidate(found)
    return [as_candidate(one) if one is candidate else one for one in found]


def numbered(connection: sqlite3.Connection, name: str, number: int | None) -> Version | None:
    """Return the version of a model that has a number, with its latest evaluation, or ``None``."""
    row = connection.execute(
        f"SELECT versions.id, versions.id = candidate_id AS candidate FROM (SELECT {assembly.MODEL_COLUMNS} FROM models "  # noqa: S608 - a constant
        "WHERE name = ?) AS model JOIN versions ON model_id = model.id WHERE number = ?",
        (name, number),
    ).fetchone()
    found = None if row is None else version(connection, row["id"])
    return as_candidate(found) if found is not None and row["candidate"] else found


def quarantined(connection: sqlite3.Connection) -> list[Version]:
    """Return the versions that are marked as quarantined, by model and number."""
    ids = _ids(
        connection,
        "SELECT versions.id FROM versions JOIN models ON models.id = model_id WHERE status = ? AND present ORDER BY name, number",
        Status.QUARANTINED,
    )
    seen = assembly.versions(connection, ids)
    return [seen[each] for each in ids]


def version(connection: sqlite3.Connection, version_id: int | None) -> Version | None:
    """Return one version with its latest evaluation; its role is current, previous or ``None``."""
    return None if version_id is None else assembly.versions(connection, [version_id]).get(version_id)


def read(connection: sqlite3.Connection) -> list[Model]:
    """Return the models whose folders exist, by name."""
    return list(Overviews().read(connection))


def read_one(connection: sqlite3.Connection, name: str) -> Model | None:
    """Return the model called ``name``, or ``None``."""
    found = _ids(connection, "SELECT id FROM models WHERE name = ? AND present", name)
    return assembly.models(connection, found)[found[0]] if found else None


def version_with_sha256(connection: sqlite3.Connection, model_id: int, sha256: str) -> int | None:
    """Return the number of the version of a model that has this content, or ``None``."""
    row = connection.execute(
        "SELECT number FROM versions WHERE model_id = ? AND sha256 = ? ORDER BY number LIMIT 1",
        (model_id, sha256),
    ).fetchone()
    return None if row is None else int(row[0])


def _candidate(newest_first: list[Version]) -> Version | None:
    """Return the newest ready version above the current one."""
    current = next((version.number for version in newest_first if version.role is Role.CURRENT), 0)
    ready = (
        version for version in newest_first if version.status is Status.READY and version.number > current
    )
    return next(ready, None)


def _ids(connection: sqlite3.Connection, statement: str, parameter: str) -> list[int]:
    return [row[0] for row in connection.execute(statement, (parameter,))]
