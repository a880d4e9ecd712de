"""Evaluations with their metrics, latency reports and per-example outcomes."""

import sqlite3
from collections.abc import Iterable, Sequence
from math import inf
from sys import intern

import msgspec

from storage.histories import History
from storage.records import Evaluation, ExampleValues, LatencyReport, Metric, NewEvaluation
from storage.seen import SeenThings, once, row_key
from storage.tables import among, latencies
from storage.vocabulary import OutputScale, Scenario

OUTCOMES_KEPT = 16
"""Versions of a model, besides those that the gate needs, of which what each example came to is kept: enough to
compare the latest ones, and little enough to store (some hundred kB each)."""

HEADLINE_METRICS = ("accuracy", "subset_accuracy", "r2")
"""The figure that stands for a version at a glance: the first of these that it has."""

EVERY = -1
"""As a limit: no limit."""

METRIC = "name, value, low, high, n, slice"
"""The columns of a `Metric`, in the order of its fields."""

FINGERPRINT = (
    "dataset_name",
    "dataset_rows",
    "dataset_sha256",
    "artefact_sha256",
    "preprocessing_sha256",
    "runtime",
    "runtime_version",
    "device",
    "batch_size",
    "isolation",
    "duration_s",
)


def add(
    connection: sqlite3.Connection,
    version_id: int,
    new: NewEvaluation,
    *,
    job_id: int | None,
    at: float,
    requested_by: str,
) -> int:
    """Record an evaluation as its version's latest and return its id."""
    columns = ("version_id", "job_id", "at", "requested_by", "confusion", "scale", "notes", *FINGERPRINT)
    confusion = None if new.confusion is None else msgspec.json.encode(new.confusion).decode()
    notes = msgspec.json.encode(new.notes).decode()
    values = (
        *(version_id, job_id, at, requested_by, confusion, new.scale, notes),
        *(getattr(new, name) for name in FINGERPRINT),
    )
    cursor = connection.execute(
        f"INSERT INTO evaluations ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})",  # noqa: S608 - constants
        values,
    )
    evaluation_id = int(cursor.lastrowid or 0)
    connection.executemany(
        "INSERT INTO metrics (evaluation_id, name, value, low, high, n, slice) VALUES (?, ?, ?, ?, ?, ?, ?)",
        [(evaluation_id, *msgspec.structs.astuple(metric)) for metric in new.metrics],
    )
    connection.executemany(
        "INSERT OR IGNORE INTO metric_names (model_id, name) SELECT model_id, ? FROM versions WHERE id = ?",
        [(metric.name, version_id) for metric in new.metrics if not metric.slice],
    )
    if new.correct is not None:
        connection.execute(
            "INSERT INTO outcomes (evaluation_id, correct) VALUES (?, ?)", (evaluation_id, new.correct)
        )
    connection.executemany(
        "INSERT INTO example_values (evaluation_id, name, kind, data) VALUES (?, ?, ?, ?)",
        [(evaluation_id, *msgspec.structs.astuple(values)) for values in new.examples],
    )
    replaced = connection.execute(
        "SELECT evaluation_id FROM versions WHERE id = ?", (version_id,)
    ).fetchone()[0]
    connection.execute("UPDATE versions SET evaluation_id = ? WHERE id = ?", (evaluation_id, version_id))
    _forget_examples(connection, version_id, replaced)
    return evaluation_id


def _forget_examples(connection: sqlite3.Connection, version_id: int, replaced: int | None) -> None:
    """Drop what each example came to where no gate needs it any more.

    Kept are the last evaluations of what is deployed, of what no candidate may be worse than, and of the versions
    of the model that were evaluated last. Only those are looked at that this was kept of: a model has been evaluated
    a hundred thousand times.
    """
    for table in ("outcomes", "example_values"):
        connection.execute(
            f"DELETE FROM {table} WHERE evaluation_id = :replaced OR evaluation_id IN (SELECT mine.evaluation_id "  # noqa: S608 - our own names
            "FROM versions AS given JOIN versions AS mine ON mine.model_id = given.model_id JOIN models ON models.id = mine.model_id "
            "WHERE given.id = :version AND mine.id IS NOT current_id "
            "AND mine.id NOT IN (SELECT version_id FROM anchors WHERE anchors.model_id = mine.model_id) "
            "AND mine.evaluation_id NOT IN (SELECT evaluation_id FROM versions WHERE model_id = mine.model_id "
            "AND evaluation_id IS NOT NULL ORDER BY evaluation_id DESC LIMIT :kept))",
            {"version": version_id, "replaced": replaced, "kept": OUTCOMES_KEPT},
        )


def add_latency(connection: sqlite3.Connection, evaluation_id: int, report: LatencyReport) -> None:
    """Record the latency report of an evaluation."""
    names = report.__struct_fields__
    connection.execute(
        f"INSERT OR REPLACE INTO latencies (evaluation_id, {', '.join(names)}) VALUES (?, {', '.join('?' * len(names))})",  # noqa: S608 - our own field names
        (evaluation_id, *(getattr(report, name) for name in names)),
    )


def since(connection: sqlite3.Connection, version_id: int, at: float, *, limit: int) -> list[Evaluation]:
    """Return the latest evaluations of a version that are not older than ``at``, the newest first."""
    rows = connection.execute(
        "SELECT * FROM evaluations WHERE version_id = ? AND at >= ? ORDER BY id DESC LIMIT ?",
        (version_id, at, limit),
    ).fetchall()
    return _evaluations(connection, rows)


def read_one(connection: sqlite3.Connection, evaluation_id: int | None) -> Evaluation | None:
    """Return one evaluation with its figures, or ``None``."""
    return None if evaluation_id is None else read_many(connection, [evaluation_id]).get(evaluation_id)


def read_many(connection: sqlite3.Connection, ids: Iterable[int]) -> dict[int, Evaluation]:
    """Return evaluations with their figures, by their ids."""
    rows = connection.execute(
        f"SELECT evaluations.* FROM {among.WANTED} CROSS JOIN evaluations ON evaluations.id = wanted",  # noqa: S608 - a constant
        (among.packed(ids),),
    ).fetchall()
    return {found.id: found for found in _evaluations(connection, rows)}


def last_until(connection: sqlite3.Connection, version_id: int, until: float) -> Evaluation | None:
    """Return the last evaluation of a version that is not later than ``until``, or ``None``."""
    rows = connection.execute(
        "SELECT * FROM evaluations WHERE version_id = ? AND at <= ? ORDER BY at DESC, id DESC LIMIT 1",
        (version_id, until),
    ).fetchall()
    return next(iter(_evaluations(connection, rows)), None)


def slices(connection: sqlite3.Connection, evaluation_id: int) -> tuple[Metric, ...]:
    """Return the figures of parts of the examples of an evaluation, in the order in which they were recorded."""
    rows = connection.execute(
        f"SELECT {METRIC} FROM metrics WHERE evaluation_id = ? AND slice <> '' ORDER BY rowid",  # noqa: S608 - a constant
        (evaluation_id,),
    )
    return tuple(Metric(*row) for row in rows)


def of_job(connection: sqlite3.Connection, job_id: int) -> Evaluation | None:
    """Return the evaluation that a job recorded, or ``None``."""
    rows = connection.execute(
        "SELECT * FROM evaluations WHERE job_id = ? ORDER BY id DESC LIMIT 1", (job_id,)
    ).fetchall()
    return next(iter(_evaluations(connection, rows)), None)


def any_isolated(connection: sqlite3.Connection, isolation: str) -> bool:
    """Whether any evaluation on record ran behind such walls."""
    row = connection.execute(
        "SELECT EXISTS (SELECT 1 FROM evaluations WHERE isolation = ?)", (isolation,)
    ).fetchone()
    return bool(row[0])


def read(
    connection: sqlite3.Connection,
    model: str,
    *,
    limit: int,
    until: float = inf,
    seen: SeenThings[Evaluation] | None = None,
) -> list[Evaluation]:
    """Return the latest evaluations of a model's versions that are not later than ``until``, the newest first.

    Those that were ``seen`` before and are as they were are the very same ones.
    """
    rows = connection.execute(
        # The latest of each version first, so that what is put in order is little, however often a model was evaluated.
        "SELECT evaluations.*, latencies.* FROM models CROSS JOIN versions ON model_id = models.id CROSS JOIN evaluations ON evaluations.id IN ("
        "SELECT latest.id FROM evaluations AS latest WHERE latest.version_id = versions.id AND latest.at <= :until "
        "ORDER BY latest.at DESC, latest.id DESC LIMIT :limit) LEFT JOIN latencies ON latencies.evaluation_id = evaluations.id "
        "WHERE models.name = :model ORDER BY evaluations.at DESC, evaluations.id DESC LIMIT :limit",
        {"model": model, "limit": limit, "until": until},
    ).fetchall()
    if seen is None:
        return _evaluations(connection, rows)
    by_id = {row["id"]: row for row in rows}

    def made(ids: Sequence[int]) -> dict[int, Evaluation]:
        return {found.id: found for found in _evaluations(connection, [by_id[one] for one in ids])}

    # Of an evaluation that is on record nothing changes but its latency.
    return seen.take({one: row_key(row) for one, row in by_id.items()}, made)


def outcomes(connection: sqlite3.Connection, evaluation_id: int) -> bytes | None:
    """Return one bit an example, 1 where the version was right (`numpy.packbits` order), or ``None`` where not kept."""
    row = connection.execute(
        "SELECT correct FROM outcomes WHERE evaluation_id = ?", (evaluation_id,)
    ).fetchone()
    return None if row is None else row[0]


def example_values(connection: sqlite3.Connection, evaluation_id: int) -> dict[str, ExampleValues]:
    """Return the numbers that are kept of each example of an evaluation, by their name."""
    rows = connection.execute(
        "SELECT name, kind, data FROM example_values WHERE evaluation_id = ?", (evaluation_id,)
    )
    return {row["name"]: ExampleValues(row["name"], row["kind"], row["data"]) for row in rows}


def history(
    connection: sqlite3.Connection,
    model: str,
    metric: str,
    *,
    since: float = 0.0,
    limit: int = 100_000,
) -> History:
    """Return a metric's (or latency figure's) values over all versions of a model, oldest first, the latest ``limit``."""
    if latencies.figure(metric) is not None:
        return latencies.history(connection, model, metric, since=since, limit=limit)
    rows = connection.execute(
        "SELECT at, number, value, low, high, n FROM evaluations JOIN metrics ON metrics.evaluation_id = evaluations.id "
        "JOIN versions ON versions.id = version_id JOIN models ON models.id = model_id "
        "WHERE models.name = :model AND metrics.name = :metric AND slice = '' AND at >= :since "
        "ORDER BY at DESC, evaluations.id DESC LIMIT :limit",
        {"model": model, "metric": metric, "since": since, "limit": limit},
    )
    return History.of(metric, rows)[::-1]


def metric_names(connection: sqlite3.Connection, model: str) -> list[str]:
    """Return the names of the metrics that any version of a model ever had."""
    rows = connection.execute(
        "SELECT metric_names.name FROM metric_names JOIN models ON models.id = model_id WHERE models.name = ? ORDER BY 1",
        (model,),
    )
    return [row[0] for row in rows]


def find_names(connection: sqlite3.Connection) -> None:
    """Note once more which metrics each model has, where some of the notes were lost."""
    connection.execute(
        "INSERT OR IGNORE INTO metric_names SELECT DISTINCT model_id, name FROM metrics "
        "JOIN evaluations ON evaluations.id = metrics.evaluation_id JOIN versions ON versions.id = version_id WHERE slice = ''"
    )


def headline(evaluation: Evaluation | None) -> Metric | None:
    """Return the figure that stands for an evaluation at a glance, or ``None``."""
    if evaluation is None:
        return None
    return next((metric for name in HEADLINE_METRICS if (metric := evaluation.metric(name))), None)


def trends(
    connection: sqlite3.Connection, version_ids: Iterable[int], points: int, *, until: float = inf
) -> dict[int, tuple[float, ...]]:
    """Return the headline metric's latest values of versions, oldest first, by the versions' ids."""
    marks = ", ".join("?" * len(HEADLINE_METRICS))
    rows = connection.execute(
        "SELECT version_id, (SELECT value FROM metrics WHERE evaluation_id = evaluations.id AND slice = '' "  # noqa: S608 - placeholders and a constant
        f"AND name IN ({marks}) ORDER BY name LIMIT 1) AS headline FROM {among.WANTED} CROSS JOIN evaluations "
        "ON evaluations.id IN (SELECT latest.id FROM evaluations AS latest WHERE latest.version_id = wanted AND latest.at <= ? "
        "ORDER BY latest.at DESC LIMIT ?) ORDER BY version_id, at",
        (*HEADLINE_METRICS, among.packed(version_ids), until, points),
    )
    found: dict[int, list[float]] = {}
    for version_id, headline in rows:
        if headline is not None:
            found.setdefault(version_id, []).append(float(headline))
    return {version_id: tuple(values) for version_id, values in found.items()}


def _evaluations(connection: sqlite3.Connection, rows: Sequence[sqlite3.Row]) -> list[Evaluation]:
    """Return evaluations with their figures: one statement for each kind of figure, however many they are."""
    ids = among.packed(row["id"] for row in rows)
    metrics: dict[int, list[Metric]] = {}
    for evaluation_id, name, *figure in connection.execute(
        f"SELECT evaluation_id, {METRIC} FROM {among.WANTED} "  # noqa: S608 - constants
        "CROSS JOIN metrics ON evaluation_id = wanted AND slice = '' ORDER BY metrics.rowid",
        (ids,),
    ):
        metrics.setdefault(evaluation_id, []).append(Metric(intern(name), *figure))
    latencies_of = {
        row["evaluation_id"]: _latency(row)
        for row in connection.execute(
            f"SELECT latencies.* FROM {among.WANTED} CROSS JOIN latencies ON evaluation_id = wanted",  # noqa: S608 - a constant
            (ids,),
        )
    }
    return [_evaluation(row, metrics.get(row["id"], ()), latencies_of.get(row["id"])) for row in rows]


def _evaluation(row: sqlite3.Row, metrics: Iterable[Metric], latency: LatencyReport | None) -> Evaluation:
    confusion = (
        None
        if row["confusion"] is None
        else msgspec.json.decode(row["confusion"], type=tuple[tuple[int, ...], ...])
    )
    return Evaluation(
        id=row["id"],
        version_id=row["version_id"],
        job_id=row["job_id"],
        at=row["at"],
        requested_by=once(row["requested_by"]),
        confusion=confusion,
        metrics=tuple(metrics),
        latency=latency,
        scale=None if row["scale"] is None else OutputScale(row["scale"]),
        notes=msgspec.json.decode(row["notes"], type=tuple[str, ...]),
        **{name: once(row[name]) for name in FINGERPRINT},
    )


def _latency(row: sqlite3.Row) -> LatencyReport:
    values = {name: row[name] for name in LatencyReport.__struct_fields__}
    return LatencyReport(**values | {"scenario": Scenario(row["scenario"]), "stable": bool(row["stable"])})
