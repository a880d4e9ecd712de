"""Check: look for the faults of a model and of what is deployed of it, or of the workspace, and record what was found.

Owns the order of the looks, and what opens, counts and closes a fault. What is looked at is `engine.jobs.check_facts`'s,
`check_probe`'s and `check_place`'s, what it means each check's in `engine.faults`.
"""

import sqlite3
from collections.abc import Iterable, Sequence

import msgspec

from engine.faults import ABOUT_MODELS, ABOUT_PLACE, artefact_changed, artefact_missing
from engine.faults.finding import FaultSpec, Finding
from engine.faults.state import ModelState
from engine.faults.steadiness import Step, decide
from engine.jobs import check_facts, check_place, check_probe, check_verification
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading import LOADABLE
from engine.jobs.loading_record import OF_THE_MACHINE
from engine.jobs.switching import unknown_model
from engine.processes.endings import CANCELLED
from engine.repairs import offering
from storage.errors import JobError, RefusedError, SettingsError
from storage.fault_records import CheckAnswer, Fault
from storage.records import Job, Model, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import checks, events, models
from storage.tables import faults as fault_table
from storage.text import word
from storage.vocabulary import Answer, JobState, Severity

WITHOUT_SETTINGS = frozenset({artefact_missing.SPEC.code, artefact_changed.SPEC.code})
"""What is looked for also where model.toml cannot be read: what was deployed does not depend on it."""

Found = Sequence[tuple[FaultSpec, Finding]]


class Told(msgspec.Struct, frozen=True):
    """What one check said."""

    code: str
    answer: Answer
    detail: str
    version: int | None = None


class Result(msgspec.Struct, frozen=True):
    """What a round of checks came to."""

    model: str
    answers: tuple[Told, ...]


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Check the model that the job names, or the workspace where it names none."""
    began = context.now()
    if not job.model:
        state = check_place.place_state(context)
        found: Found = [(fault.spec, fault.check(state)) for fault in ABOUT_PLACE]
        with context.writer.transaction() as connection:
            _record(connection, "", found, job, began=began, now=context.now())
            check_verification.judge_done(connection, job.parameters.verify, now=context.now())
        offering.offer_of_place(context)
        return _outcome(job, found)
    with context.writer.transaction() as connection:
        model = models.read_one(connection, job.model)
        if model is None:
            raise unknown_model(job.model)
        if model.current is None:
            _close_others(connection, model.name, None, now=context.now())
            return Outcome(
                message="nothing is deployed, so there is nothing to check", result=_packed(job, ())
            )
        current = model.current
    found = _look(context, model, current, job, report)
    if report.cancelled():
        return Outcome(state=JobState.CANCELLED, code=CANCELLED, error="Cancelled.")
    with context.writer.transaction() as connection:
        after = models.read_one(connection, job.model)
        if after is None or after.current is None or after.current.number != current.number:
            raise RefusedError(
                f"What is deployed of {job.model} changed while it was checked.", "Check it again."
            )
        _record(connection, job.model, found, job, began=began, now=context.now())
        over = _close_others(connection, job.model, current.number, now=context.now())
        check_verification.judge_done(connection, job.parameters.verify, now=context.now())
        check_verification.judge_made(connection, current, over, now=context.now())
        offering.offer(connection, after)
    return _outcome(job, found)


def _look(context: Context, model: Model, current: Version, job: Job, report: Report) -> Found:
    """Gather what there is to know about a model, and ask each check."""
    try:
        settings = read_model_settings(context.workspace.model_settings(model.name))
    except SettingsError:
        # A broken model.toml has a fault of its own, and must not hide that what is deployed has changed.
        state = check_facts.model_state(context, model, current, ModelSettings())
        return [(one.spec, one.check(state)) for one in ABOUT_MODELS if one.spec.code in WITHOUT_SETTINGS]
    total = len(ABOUT_MODELS)
    report.progress(0, total, "hashing what is deployed")
    state = check_facts.model_state(context, model, current, settings)
    state = _asked(context, state, job, report)
    counted = check_facts.overlap(context, model.name, settings, report)
    if isinstance(counted, str):
        state = msgspec.structs.replace(state, not_compared=counted)
    else:
        state = msgspec.structs.replace(state, overlap=counted)
    found = [(one.spec, one.check(state)) for one in ABOUT_MODELS]
    report.progress(total, total, "looked at everything")
    return found


def _asked(context: Context, state: ModelState, job: Job, report: Report) -> ModelState:
    """Load what is deployed and ask it, where it is what was deployed; return what is known then."""
    current, content = state.current, state.content
    if content is None:
        return msgspec.structs.replace(state, not_probed="what was deployed is not on record yet")
    if content.found_sha256 != content.deployed_sha256 or content.found_sha256 != current.sha256:
        return msgspec.structs.replace(state, not_probed="what lies there is not what was deployed")
    if current.status not in LOADABLE:
        return msgspec.structs.replace(state, not_probed=f"version {current.number} {current.status.fate}")
    try:
        asked = check_probe.ask(
            check_probe.Asking(
                context,
                current,
                state.settings,
                job.parameters.device,
                report,
                # Whether a repair has helped is not to be read off the record of before it.
                anew=bool(job.parameters.verify),
            )
        )
    except JobError as error:
        if error.code == CANCELLED:
            raise
        # What became of the version is on record by now, and a check says so; what the machine lacks says nothing about it.
        lacking = error.code in OF_THE_MACHINE
        asked = check_probe.Asked(None, error.message.rstrip(".") if lacking else "it does not load")
    with context.writer.passing() as connection:
        loaded = models.version(connection, current.id) or current
    return msgspec.structs.replace(
        state,
        current=loaded,
        probing=asked.probing,
        not_probed=asked.problem,
        endurance=asked.endurance,
        fit=asked.fit,
    )


def _record(
    connection: sqlite3.Connection, model: str, found: Found, job: Job, *, began: float, now: float
) -> None:
    """Record each answer, and open, count and close the faults that follow from them."""
    before, verified = checks.read(connection, model), _codes(connection, job.parameters.verify)
    known = {(fault.code, fault.version): fault for fault in fault_table.all_open(connection, model)}
    for spec, finding in found:
        fault = known.get((spec.code, finding.version))
        if fault is not None and fault.last_at > began and finding.answer is Answer.HEALTHY:
            # What watches the folders has seen it since: this look is older than that.
            continue
        is_open = fault is not None
        decided = decide(
            spec, finding, before.get(spec.code), is_open=is_open, verifying=spec.code in verified
        )
        answer = CheckAnswer(
            model=model,
            code=spec.code,
            version=finding.version,
            answer=finding.answer,
            detail=finding.detail,
            basis=finding.basis,
            recent=decided.recent,
            at=now,
        )
        checks.set_answer(connection, answer)
        if decided.step is Step.OPEN:
            open_found(connection, model, spec, finding, now=now)
        elif decided.step is Step.CLOSE:
            fault_table.close_fault(connection, spec.code, at=now, model=model, version=finding.version)
            _tell(
                connection,
                f"{spec.code}-mended",
                f"{spec.code} is over: {finding.detail}",
                model,
                finding,
                now=now,
            )


def open_found(
    connection: sqlite3.Connection, model: str, spec: FaultSpec, finding: Finding, *, now: float
) -> None:
    """Open a fault that was found and tell of it, or say of one that is open what was found now."""
    message, severity = f"{finding.detail}.", finding.severity or spec.severity
    new = fault_table.open_fault(
        connection,
        spec.code,
        message,
        at=now,
        model=model,
        version=finding.version,
        severity=severity,
        repair=spec.advice.replace("{model}", word(model)),
    )
    if new:
        _tell(connection, spec.code, message, model, finding, now=now, severity=severity)


def _tell(
    connection: sqlite3.Connection,
    code: str,
    message: str,
    model: str,
    finding: Finding,
    *,
    now: float,
    severity: Severity = Severity.INFO,
) -> None:
    events.add(connection, code, message, at=now, severity=severity, model=model, version=finding.version)


def _close_others(
    connection: sqlite3.Connection, model: str, number: int | None, *, now: float
) -> list[Fault]:
    """Close what checks found of versions that are not deployed any more, and return it.

    What watches the folders closes its own.
    """
    ours = {one.spec.code for one in ABOUT_MODELS} - WITHOUT_SETTINGS
    over = [
        fault
        for fault in fault_table.all_open(connection, model)
        if fault.code in ours and fault.version is not None and fault.version != number
    ]
    for fault in over:
        fault_table.close_fault(connection, fault.code, at=now, model=model, version=fault.version)
    return over


def _codes(connection: sqlite3.Connection, faults: Iterable[int]) -> set[str]:
    known = (fault_table.read_one(connection, number) for number in faults)
    return {fault.code for fault in known if fault is not None}


def _packed(job: Job, found: Found) -> str:
    answers = tuple(
        Told(spec.code, finding.answer, finding.detail, finding.version) for spec, finding in found
    )
    return msgspec.json.encode(Result(job.model, answers)).decode()


def _outcome(job: Job, found: Found) -> Outcome:
    counts = {answer: sum(finding.answer is answer for _, finding in found) for answer in Answer}
    message = f"{counts[Answer.HEALTHY]} checks passed"
    if counts[Answer.FAULT]:
        message += f", {counts[Answer.FAULT]} found a fault"
    if counts[Answer.UNKNOWN]:
        message += f", {counts[Answer.UNKNOWN]} cannot tell yet"
    return Outcome(message=message, result=_packed(job, found))
