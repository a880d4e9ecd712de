"""Compare two versions on the same examples, from what their last evaluations left on record.

Owns what is asked of the records. It loads no model and decides nothing: no candidate is counted by it, and every figure is
told at the gate's plain confidence. The statistics are `engine.evaluation.comparison`'s.
"""

import sqlite3
from math import isfinite

import msgspec

from engine.evaluation.comparison import Comparison, NotComparableError, Pair, Question, Side, side
from engine.evaluation.facts import deciding_metric
from engine.evaluation.gate import evaluated_check, same_data
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.switching import unknown_model
from storage.comparisons import Compared, ComparedFigure, ComparedLatency
from storage.errors import RefusedError, UnknownError
from storage.gate_settings import Gate
from storage.records import Job, LatencyRatio, Version
from storage.settings import read_model_settings
from storage.tables import evaluations, gates, models
from storage.text import word
from storage.vocabulary import CheckVerdict, JobState, Verdict


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Compare the version that the job names with the one it is to be held against."""
    del report
    gate = read_model_settings(context.workspace.model_settings(job.model)).gate
    with context.writer.transaction() as connection:
        before, after = (
            _version(connection, job, job.parameters.against),
            _version(connection, job, job.version),
        )
        sides = _sides(connection, before), _sides(connection, after)
        ratio = gates.ratio(connection, before.sha256 or "", after.sha256 or "")
    try:
        answer = _answer(sides, gate, ratio)
    except RefusedError as error:
        return Outcome(state=JobState.FAILED, code=error.code, error=error.message, hint=error.hint)
    return Outcome(
        message=f"{job.model}@{after.number} beside version {before.number}: {answer.verdict}",
        result=msgspec.json.encode(answer).decode(),
    )


def _version(connection: sqlite3.Connection, job: Job, number: int | None) -> Version:
    model_id = models.model_id(connection, job.model)
    if model_id is None:
        raise unknown_model(job.model)
    found = models.version(connection, models.version_id(connection, model_id, number))
    if found is None:
        raise UnknownError(
            f"There is no version {job.model}@{number}.",
            f"List them with: modeltender show {word(job.model)}",
        )
    return found


def _sides(connection: sqlite3.Connection, version: Version) -> Side:
    number = version.evaluation.id if version.evaluation else 0
    return side(
        version, evaluations.outcomes(connection, number), evaluations.example_values(connection, number)
    )


def _answer(sides: tuple[Side, Side], gate: Gate, ratio: LatencyRatio | None) -> Compared:
    old, new = (one.version for one in sides)
    for check in (evaluated_check(new), same_data(old, new)):
        if check.verdict is not CheckVerdict.PASS:
            raise RefusedError(
                f"{new.model}@{new.number} cannot be compared with version {old.number}: {check.detail}.",
                f"Evaluate both: modeltender evaluate {word(new.model)}@{old.number}; modeltender evaluate {word(new.model)}@{new.number}",
                code=Verdict.INCONCLUSIVE,
            )
    level = 1 - gate.confidence
    chosen = deciding_metric(gate, new.evaluation)
    pair, found, problem = Pair(*sides), [], ""
    for name in _names(old, new):
        margin = gate.margin if name == chosen else 0.0
        try:
            found.append(pair.compare(Question(name, margin, level)))
        except NotComparableError as error:
            problem = problem or str(error)
    deciding = next((one for one in found if one.metric == chosen), None)
    seen = next((one.discordance for one in found if one.discordance), None)
    return Compared(
        new.model,
        old.number,
        new.number,
        Verdict.INCONCLUSIVE if deciding is None else deciding.verdict,
        chosen,
        gate.margin,
        None if seen is None else seen.gained,
        None if seen is None else seen.lost,
        tuple(figure(one) for one in found),
        None if ratio is None else _latency(ratio),
        problem,
    )


def _names(old: Version, new: Version) -> list[str]:
    """Return the figures that both versions have, in the order in which they are told."""
    before, after = old.evaluation, new.evaluation
    return [one.name for one in (after.metrics if after else ()) if before and before.metric(one.name)]


def figure(found: Comparison) -> ComparedFigure:
    """Return a figure of two versions as it is told."""
    return ComparedFigure(
        found.metric,
        found.before,
        found.after,
        found.advantage,
        found.low if isfinite(found.low) else None,
        found.high if isfinite(found.high) else None,
        found.confidence,
        found.n,
        found.method,
        found.verdict,
        found.p_mid,
        found.p_exact,
        found.needed,
    )


def _latency(found: LatencyRatio) -> ComparedLatency:
    return ComparedLatency(
        found.device, found.ratio, found.low, found.high, found.confidence, found.n, found.noisy
    )
