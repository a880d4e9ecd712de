"""A comparison of two versions of the stage, as the engine would have recorded it."""

import sqlite3

import msgspec

from storage import jobs
from storage.comparisons import Compared, ComparedFigure, ComparedLatency
from storage.measured import Metric
from storage.records import Job, JobParameters
from storage.tables import models
from storage.vocabulary import JobKind, JobState, Verdict
from tests.console.stage import NOW

ANSWER = Compared(
    "mnist",
    2,
    3,
    Verdict.SUPERIOR,
    "accuracy",
    0.005,
    87,
    24,
    (
        ComparedFigure(
            "accuracy",
            0.9425,
            0.974,
            0.0315,
            0.0211,
            0.0419,
            0.95,
            2000,
            "tango",
            Verdict.SUPERIOR,
            2.1e-12,
            4e-12,
            None,
        ),
        ComparedFigure(
            "log_loss",
            0.178,
            0.081,
            0.097,
            None,
            None,
            0.95,
            2000,
            "unpaired",
            Verdict.INCONCLUSIVE,
            None,
            None,
            None,
        ),
    ),
    ComparedLatency("cpu", 1.042, 1.011, 1.074, 0.9, 15),
)


def add_comparison(connection: sqlite3.Connection) -> Job:
    """Record that versions 2 and 3 of mnist were compared, and how often each class is recognised."""
    for version in models.versions(connection, "mnist")[:2]:
        assert version.evaluation is not None
        connection.executemany(
            "INSERT INTO metrics (evaluation_id, name, value, low, high, n, slice) VALUES (?, ?, ?, ?, ?, ?, ?)",
            [
                (
                    version.evaluation.id,
                    *msgspec.structs.astuple(
                        Metric("recall", recall, recall - 0.02, recall + 0.02, 200, part)
                    ),
                )
                for part, recall in (
                    ("class=7", 0.9 + 0.01 * version.number),
                    ("class=8", 0.99 - 0.02 * version.number),
                )
            ],
        )
    job = jobs.add(
        connection,
        JobKind.COMPARE,
        "mnist",
        3,
        requested_by="ann",
        now=NOW - 60,
        parameters=JobParameters(against=2),
    )
    connection.execute("UPDATE jobs SET started_at = ? WHERE id = ?", (NOW - 59, job.id))
    jobs.finish(
        connection,
        job.id,
        JobState.SUCCEEDED,
        now=NOW - 58,
        message="mnist@3 beside version 2: superior",
        result=msgspec.json.encode(ANSWER).decode(),
    )
    return job
