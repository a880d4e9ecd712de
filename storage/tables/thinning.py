"""A figure's values over any time in a few thousand points at most: the last one of each version in each step.

Nothing is averaged, and so nothing is rolled up: a mean of accuracies was measured by nobody. The one value of a step is
looked up where the index of versions and times says, so that years of a model that is evaluated every few minutes are
read as quickly as a month of them.
"""

import sqlite3
from collections.abc import Sequence
from math import inf, nextafter
from typing import Final, NamedTuple

from storage.histories import History
from storage.tables import evaluations, latencies
from storage.tables.rollups import DAY, HOUR, MINUTE

MOST: Final = 2000
"""Values that a person is shown of a figure at most: a wide terminal has six hundred dots in a row. Each is looked up,
which takes some microseconds."""

STEPS: Final = (
    *(1.0, 5.0, 15.0),
    *(MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE),
    *(HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR),
    *(DAY, 2 * DAY, 7 * DAY, 30 * DAY),
)
"""Steps that are taken where nobody names one: those that people count in, so that they stay where they are."""


class Thinned(NamedTuple):
    """Values over time."""

    points: History
    """Oldest first."""
    step_s: float | None
    """How long the steps are of which each version's last value is told; ``None`` where every value is."""


class Source(NamedTuple):
    """Where values of a figure lie: rows that have a version and a time, or what belongs to them."""

    table: str
    joined: str
    only: str
    columns: str
    """Value, low, high, n."""


def read(
    connection: sqlite3.Connection,
    model: str,
    figure: str,
    *,
    step_s: float,
    since: float = 0.0,
    until: float = inf,
) -> History:
    """Return the last value of a figure that each version of a model had in each step, oldest first."""
    parameters = _parameters(model, figure, since, until) | {"step": step_s}
    rows = (row for source in _sources(figure) for row in connection.execute(_steps(source), parameters))
    return History.of(figure, rows).last_of_steps(step_s)


def charted(
    connection: sqlite3.Connection,
    model: str,
    figure: str,
    *,
    since: float = 0.0,
    until: float = inf,
    most: int = MOST,
) -> Thinned:
    """Return a figure's values over all versions of a model: every one, or where those are too many one for each step.

    Args:
        connection: the database, in a transaction.
        model: the model's name.
        figure: a metric, or a figure of the latency.
        since: when the time begins.
        until: when it is over.
        most: how many points there may be, and one for each version besides.
    """
    parameters = _parameters(model, figure, since, until) | {"most": most + 1}
    sources = _sources(figure)
    if sum(connection.execute(_counted(source), parameters).fetchone()[0] for source in sources) <= most:
        found = evaluations.history(connection, model, figure, since=since)
        return Thinned(found.during(since, nextafter(until, -inf)), None)
    covered = sum(connection.execute(_covered(source), parameters).fetchone()[0] for source in sources)
    step_s = next((float(step) for step in STEPS if covered / step <= most), covered / most)
    return Thinned(read(connection, model, figure, step_s=step_s, since=since, until=until), step_s)


def _sources(name: str) -> Sequence[Source]:
    wanted = latencies.figure(name)
    if wanted is None:
        joined = "CROSS JOIN metrics ON evaluation_id = one.id AND slice = '' AND metrics.name = :figure"
        return [Source("evaluations", joined, "TRUE", "value, low, high, metrics.n AS n")]
    column, sources = wanted.column, []
    if wanted.evaluated:
        joined = f"CROSS JOIN latencies ON evaluation_id = one.id AND {column} IS NOT NULL"
        sources.append(
            Source("evaluations", joined, "TRUE", f"{column} AS value, NULL AS low, NULL AS high, n")
        )
    if wanted.measured:
        only = f"one.scenario = :scenario AND one.batch_size = :batch_size AND {column} IS NOT NULL"
        sources.append(
            Source("latency_measurements", "", only, f"{column} AS value, NULL AS low, NULL AS high, n")
        )
    return sources


def _parameters(model: str, name: str, since: float, until: float) -> dict[str, object]:
    wanted = latencies.figure(name)
    return {
        "model": model,
        "figure": name,
        "scenario": wanted and wanted.scenario,
        "batch_size": wanted and wanted.batch_size,
        "since": since,
        "until": until,
    }


def _steps(source: Source) -> str:
    """Return the statement that walks back through the steps of each version, from its last value to its first."""
    # The start of a step may be rounded to after a value in it; from the value itself the walk goes on backwards.
    return f"""
        WITH RECURSIVE steps(version_id, number, at, beginning) AS (
            SELECT versions.id, number, :until, 1 FROM models CROSS JOIN versions ON model_id = models.id WHERE name = :model
            UNION ALL
            SELECT version_id, number, (
                SELECT one.at FROM {source.table} AS one {source.joined}
                WHERE one.version_id = steps.version_id AND {source.only} AND one.at >= :since AND one.at <
                    iif(steps.beginning, steps.at, min(steps.at, CAST(steps.at / :step AS INTEGER) * :step))
                ORDER BY one.at DESC LIMIT 1
            ), 0 FROM steps WHERE at IS NOT NULL
        )
        SELECT steps.at AS at, number, {source.columns} FROM steps CROSS JOIN {source.table} AS one
            ON one.version_id = steps.version_id AND one.at = steps.at {source.joined}
        WHERE NOT beginning AND {source.only} ORDER BY steps.at, one.id
    """  # noqa: S608 - our own names


def _counted(source: Source) -> str:
    """Return the statement that counts what there may be of values, as far as that is of interest."""
    return f"""
        SELECT count(*) FROM (
            SELECT 1 FROM models CROSS JOIN versions ON model_id = models.id CROSS JOIN {source.table} AS one
                ON one.version_id = versions.id AND one.at >= :since AND one.at < :until
            WHERE models.name = :model AND {source.only} LIMIT :most
        )
    """  # noqa: S608 - our own names


def _covered(source: Source) -> str:
    """Return the statement that adds up for how long each version was measured."""
    ends = [
        f"(SELECT one.at FROM {source.table} AS one WHERE one.version_id = versions.id AND {source.only} "  # noqa: S608 - our own names
        f"AND one.at >= :since AND one.at < :until ORDER BY one.at {order} LIMIT 1)"
        for order in ("DESC", "ASC")
    ]
    return f"SELECT total({' - '.join(ends)}) FROM models CROSS JOIN versions ON model_id = models.id WHERE models.name = :model"  # noqa: S608 - our own names
