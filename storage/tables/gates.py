"""What a gate remembers of earlier ones: who was judged on which test set, its anchor, and measured latency ratios."""

import sqlite3

from storage.records import LatencyRatio


def place(
    connection: sqlite3.Connection, model_id: int, *, dataset_sha256: str, artefact_sha256: str, number: int
) -> int:
    """Return which candidate of a model this is among all that a test set has judged, from 1.

    A candidate is its content: it is recorded when it is judged first and counts once, however often that is repeated.
    """
    key = (model_id, dataset_sha256, artefact_sha256)
    connection.execute(
        "INSERT OR IGNORE INTO judged (model_id, dataset_sha256, artefact_sha256, number) VALUES (?, ?, ?, ?)",
        (*key, number),
    )
    row = connection.execute(
        "SELECT count(*) FROM judged AS earlier JOIN judged AS this ON earlier.model_id = this.model_id "
        "AND earlier.dataset_sha256 = this.dataset_sha256 AND earlier.id <= this.id "
        "WHERE this.model_id = ? AND this.dataset_sha256 = ? AND this.artefact_sha256 = ?",
        key,
    ).fetchone()
    return int(row[0])


def anchor(connection: sqlite3.Connection, model_id: int, dataset_sha256: str) -> int | None:
    """Return the id of the best version that was promoted on a test set, or ``None``."""
    row = connection.execute(
        "SELECT version_id FROM anchors WHERE model_id = ? AND dataset_sha256 = ?", (model_id, dataset_sha256)
    ).fetchone()
    return None if row is None else int(row[0])


def set_anchor(connection: sqlite3.Connection, model_id: int, dataset_sha256: str, version_id: int) -> None:
    """Record the best version that was promoted on a test set."""
    connection.execute(
        "INSERT OR REPLACE INTO anchors (model_id, dataset_sha256, version_id) VALUES (?, ?, ?)",
        (model_id, dataset_sha256, version_id),
    )


def set_ratio(
    connection: sqlite3.Connection, before_sha256: str, after_sha256: str, ratio: LatencyRatio
) -> None:
    """Record how two versions' latencies compare, in the place of an earlier ratio of the same two on that device."""
    names = ratio.__struct_fields__
    connection.execute(
        f"INSERT OR REPLACE INTO latency_ratios (before_sha256, after_sha256, {', '.join(names)}) "  # noqa: S608 - our own field names
        f"VALUES (?, ?, {', '.join('?' * len(names))})",
        (before_sha256, after_sha256, *(getattr(ratio, name) for name in names)),
    )


def ratio(
    connection: sqlite3.Connection, before_sha256: str, after_sha256: str, *, device: str | None = None
) -> LatencyRatio | None:
    """Return the latest ratio of two versions' latencies, or ``None`` where it was not measured.

    Without a ``device`` it may be that of any.
    """
    row = connection.execute(
        "SELECT * FROM latency_ratios WHERE before_sha256 = ? AND after_sha256 = ? AND device = coalesce(?, device) "
        "ORDER BY at DESC LIMIT 1",
        (before_sha256, after_sha256, device),
    ).fetchone()
    return None if row is None else LatencyRatio(*(row[name] for name in LatencyRatio.__struct_fields__))
