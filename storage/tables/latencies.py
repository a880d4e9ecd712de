"""Latency measurements of their own, and the history of every latency figure, an evaluation's included.

A figure's short name (``p99_ms``, or as objectives say it ``latency_p99_ms``) means single queries one after
another; the long one says which scenario and batch size: ``server_b1_max_qps``, ``offline_b32_throughput``.
"""

import re
import sqlite3
from typing import Final, NamedTuple

import msgspec

from storage.histories import History
from storage.records import LatencyMeasurement, NewLatencyMeasurement, Surroundings
from storage.vocabulary import Scenario

EVALUATED: Final = ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "mean_ms", "throughput")
"""Figures of the latency report of an evaluation."""

MEASURED: Final = (
    "p50_ms",
    "p90_ms",
    "p95_ms",
    "p99_ms",
    "p999_ms",
    "mean_ms",
    "throughput",
    "achieved_qps",
    "max_qps",
    "load_s",
    "first_ms",
    "peak_rss_bytes",
)
"""Figures of a latency measurement."""

SHORT: Final = tuple(dict.fromkeys([*EVALUATED, "p999_ms", "load_s", "first_ms", "peak_rss_bytes"]))
"""Figures that have a short name."""

NEEDED: Final = {"p90_ms": 44, "p95_ms": 90, "p99_ms": 459, "p999_ms": 4603}
"""Queries below which a percentile is not told: those of `engine.evaluation.percentiles` (a test says so)."""

PREFIX: Final = "latency_"
LONG: Final = re.compile(rf"(\w+)_b(\d{{1,9}})_({'|'.join(MEASURED)})")

STORED: Final = NewLatencyMeasurement.__struct_fields__


class Figure(NamedTuple):
    """What the name of a latency figure stands for."""

    column: str
    scenario: Scenario
    batch_size: int
    evaluated: bool
    """Whether evaluations have it too."""
    measured: bool
    """Whether latency measurements have it."""


def figure(name: str) -> Figure | None:
    """Return what the name of a latency figure stands for, or ``None`` where it is none."""
    short = name.removeprefix(PREFIX)
    if short in SHORT:
        # An evaluation's throughput is that of its batches, and no query of one scenario or size is like it.
        alone = short == "throughput"
        return Figure(short, Scenario.SINGLE_STREAM, 1, short in EVALUATED, not alone)
    found = LONG.fullmatch(name)
    scenario = found and found[1].replace("_", "-")
    if found is None or scenario not in tuple(Scenario):
        return None
    return Figure(found[3], Scenario(scenario), int(found[2]), evaluated=False, measured=True)


def names(connection: sqlite3.Connection, model: str) -> list[str]:
    """Return the long names of the figures that measurements of a model have; the short ones are `SHORT`."""
    rows = connection.execute(
        f"SELECT scenario, batch_size, {', '.join(f'count({column})' for column in MEASURED)} "  # noqa: S608 - our own column names
        "FROM latency_measurements JOIN versions ON versions.id = version_id JOIN models ON models.id = model_id "
        "WHERE models.name = ? GROUP BY 1, 2 ORDER BY 1, 2",
        (model,),
    )
    return [
        f"{row[0].replace('-', '_')}_b{row[1]}_{column}"
        for row in rows
        for column, count in zip(MEASURED, row[2:], strict=True)
        if count
    ]


def add(
    connection: sqlite3.Connection,
    version_id: int,
    new: NewLatencyMeasurement,
    *,
    job_id: int | None,
    at: float,
    requested_by: str,
) -> int:
    """Record a measurement and return its id."""
    values = {name: getattr(new, name) for name in STORED}
    values["surroundings"] = msgspec.json.encode(new.surroundings).decode()
    columns = ("version_id", "job_id", "at", "requested_by", *STORED)
    cursor = connection.execute(
        f"INSERT INTO latency_measurements ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - our own field names
        (version_id, job_id, at, requested_by, *values.values()),
    )
    return int(cursor.lastrowid or 0)


def of_job(connection: sqlite3.Connection, job_id: int) -> list[LatencyMeasurement]:
    """Return what a job measured, in the order in which it did."""
    return _read(connection, "job_id = ? ORDER BY latency_measurements.id", (job_id,))


def latest(connection: sqlite3.Connection, model: str) -> list[LatencyMeasurement]:
    """Return the latest measurement of each version, scenario, batch size and device of a model; newest version first."""
    return _read(
        connection,
        "latency_measurements.id IN (SELECT max(latency_measurements.id) FROM latency_measurements "
        "JOIN versions ON versions.id = version_id JOIN models ON models.id = model_id WHERE models.name = ? "
        "GROUP BY version_id, scenario, batch_size, device) ORDER BY number DESC, scenario DESC, batch_size, device",
        (model,),
    )


def history(
    connection: sqlite3.Connection,
    model: str,
    name: str,
    *,
    since: float = 0.0,
    limit: int = 100_000,
) -> History:
    """Return a latency figure's values over all versions of a model, oldest first, the latest ``limit``.

    Raises:
        KeyError: it is no latency figure.
    """
    wanted = figure(name)
    if wanted is None:
        raise KeyError(name)
    # Each source by itself begins with the model, or all that was ever measured would be put together first.
    of_model = "JOIN versions ON versions.id = version_id JOIN models ON models.id = model_id WHERE models.name = :model"
    sources = []
    if wanted.evaluated:
        sources.append(
            f"SELECT at, number, {wanted.column} AS value, n FROM latencies "  # noqa: S608 - one of our names
            f"JOIN evaluations ON evaluations.id = latencies.evaluation_id {of_model} AND at >= :since"
        )
    if wanted.measured:
        sources.append(
            f"SELECT at, number, {wanted.column} AS value, n FROM latency_measurements {of_model} "  # noqa: S608 - one of our names
            "AND scenario = :scenario AND batch_size = :batch_size AND at >= :since"
        )
    rows = connection.execute(
        f"SELECT at, number, value, NULL AS low, NULL AS high, n FROM ({' UNION ALL '.join(sources)}) "  # noqa: S608 - as above
        "WHERE value IS NOT NULL ORDER BY at DESC LIMIT :limit",
        {
            "scenario": wanted.scenario,
            "batch_size": wanted.batch_size,
            "model": model,
            "since": since,
            "limit": limit,
        },
    )
    return History.of(name, rows)[::-1]


def _read(
    connection: sqlite3.Connection, condition: str, values: tuple[object, ...]
) -> list[LatencyMeasurement]:
    rows = connection.execute(
        "SELECT latency_measurements.*, number AS version FROM latency_measurements "  # noqa: S608 - conditions are written above
        "JOIN versions ON versions.id = version_id WHERE " + condition,
        values,
    )
    return [_measurement(row) for row in rows]


def _measurement(row: sqlite3.Row) -> LatencyMeasurement:
    values = {name: row[name] for name in LatencyMeasurement.__struct_fields__}
    return LatencyMeasurement(
        **values
        | {
            "scenario": Scenario(row["scenario"]),
            "stable": bool(row["stable"]),
            "surroundings": msgspec.json.decode(row["surroundings"], type=Surroundings),
        }
    )
