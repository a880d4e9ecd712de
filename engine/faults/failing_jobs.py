"""A job of a model fails again and again."""

from datetime import UTC, datetime
from itertools import groupby

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.state import ModelState
from storage.records import Job
from storage.vocabulary import JobKind, JobState, Severity

IN_A_ROW = 3
"""Failures of one kind that are no accident any more."""

ABOUT_MODELS = frozenset({JobKind.EVALUATE, JobKind.LATENCY, JobKind.REPAIR, JobKind.CHECK, JobKind.TRAIN})
"""Kinds whose failure is a fault: where a gate refuses, the answer is no, and nothing is broken; targets have a fault of their
own."""

ENDED = frozenset({JobState.SUCCEEDED, JobState.FAILED})

SPEC = FaultSpec(
    code="failing-jobs",
    severity=Severity.WARNING,
    means=f"The last {IN_A_ROW} jobs of one kind failed for this model: something prevents that work.",
    advice="Do what its last error says: modeltender jobs",
    urgent="Today. Until it is fixed, nobody looks after that part of the model.",
    otherwise="modeltender engine logs has the whole story. If all models fail alike, it is the machine: modeltender doctor.",
)


def check(state: ModelState) -> Finding:
    """Count the failures at the end of each kind's history."""
    ended = sorted(
        (job for job in state.jobs if job.kind in ABOUT_MODELS and job.state in ENDED),
        key=lambda job: (job.kind, -job.id),
    )
    if not ended:
        return unknown("no job of it has ended yet")
    worst: list[Job] = []
    for _, jobs in groupby(ended, key=lambda job: job.kind):
        failures: list[Job] = []
        for job in jobs:
            if job.state is not JobState.FAILED:
                break
            failures.append(job)
        worst = max(worst, failures, key=len)
    if len(worst) < IN_A_ROW:
        return healthy(f"{len(ended)} jobs on record, at most {len(worst)} failures in a row")
    latest, first = worst[0], worst[-1]
    since = datetime.fromtimestamp(first.finished_at or first.requested_at, UTC)
    return found(
        f"The last {len(worst)} jobs '{latest.kind}' failed since {since:%Y-%m-%d %H:%M} UTC: {latest.error.rstrip('.') or latest.code}"
    )
