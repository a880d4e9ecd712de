"""Repair: end the faults of a model, each by the repair that is known for it, and have it checked whether that helped.

Owns which versions and faults are looked at, what is only told and what is done, and the words of the answer. What a
repair does is its file's in `engine.repairs`; whether it helped is told by a check that follows.
"""

from collections.abc import Iterable

import msgspec

from engine.faults import SPECS
from engine.jobs import repair_place
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.repair_record import kinds_of, note_done
from engine.jobs.switching import unknown_model
from engine.processes.endings import CANCELLED
from engine.repairs import REPAIRS, Repair
from engine.repairs.repairing import Acted, Case, Work
from engine.repairs.restore import restore_version
from storage import jobs
from storage.errors import Error, JobError, RefusedError, UnknownError
from storage.fault_records import Fault
from storage.job_answers import Repaired, Repairs, Treated
from storage.records import Job, JobParameters, Model, Version
from storage.tables import faults, models
from storage.text import word
from storage.vocabulary import JobKind, JobState, RepairKind


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Repair the fault that the job names; or restore what is deployed, and repair the other faults of the model.

    Without a fault, repairs that deploy another version or may take hours are left out: such things are asked for by name.
    """
    if not job.model:
        return repair_place.run(context, job, report)
    with context.writer.transaction() as connection:
        model = models.read_one(connection, job.model)
        found = models.versions(connection, job.model)
        known = faults.all_open(connection, job.model)
    if model is None:
        raise unknown_model(job.model)
    wanted = _wanted(known, job)
    if not wanted and job.parameters.fault is not None:
        return _ended(context, job)
    if job.parameters.dry_run:
        return _told(job, [_planned(Case(model, fault, job.parameters.interpreter), job) for fault in wanted])
    done, failed = _restored(context, report, _targets(model, found, job))
    works = [Work(context, job, report, Case(model, fault, job.parameters.interpreter)) for fault in wanted]
    treated, failed = _all_treated(works, done, failed)
    return _outcome(context, job, done, treated, failed)


def _restored(
    context: Context, report: Report, targets: Iterable[Version]
) -> tuple[list[Repaired], Error | None]:
    """Restore what is deployed; return what became of it, and what went wrong first."""
    done: list[Repaired] = []
    failed: Error | None = None
    for version in targets:
        if report.cancelled():
            return done, failed or JobError("Cancelled.", code=CANCELLED)
        report.progress(len(done), len(done) + 1, f"looking at version {version.number}")
        try:
            done.append(restore_version(context, version))
        except JobError as error:
            # One that cannot be restored must not keep the other one from it.
            failed = failed or error
    return done, failed


def _all_treated(
    works: Iterable[Work], restored: list[Repaired], failed: Error | None
) -> tuple[list[Treated], Error | None]:
    """Repair one fault after the other; return what is to be told of each, and what went wrong first."""
    treated: list[Treated] = []
    for work in works:
        if work.report.cancelled():
            return treated, failed or JobError("Cancelled.", code=CANCELLED)
        try:
            treated.extend(_treated(work, restored))
        except Error as error:
            # What goes wrong first is the job's error; of the others each is told with its fault.
            if failed is not None:
                fault = work.case.fault
                treated.append(Treated(fault.id, fault.code, None, done=False, detail=error.message))
            failed = failed or error
    return treated, failed


def _wanted(known: Iterable[Fault], job: Job) -> list[Fault]:
    """Return the open faults that a job is about."""
    if job.parameters.fault is None:
        about = {None, job.version} if job.version is not None else None
        return [fault for fault in known if about is None or fault.version in about]
    return [fault for fault in known if fault.id == job.parameters.fault]


def _ended(context: Context, job: Job) -> Outcome:
    """Say that a fault which was to be repaired is over already; that there never was one is an error."""
    with context.writer.transaction() as connection:
        fault = faults.read_one(connection, job.parameters.fault or 0)
    if fault is None or fault.model != job.model:
        raise UnknownError(
            f"{job.model} has no fault {job.parameters.fault}.", "List them with: modeltender faults"
        )
    result = msgspec.json.encode(Repairs(job.model, repaired=False, versions=())).decode()
    return Outcome(message=f"fault {fault.id} ({fault.code}) has ended already", result=result)


def _targets(model: Model, found: list[Version], job: Job) -> list[Version]:
    """Return the versions whose files are looked at whatever is known about them."""
    if job.parameters.fault is not None:
        return []
    if job.version is None:
        return [version for version in (model.current, model.previous) if version is not None]
    wanted = [version for version in found if version.number == job.version]
    if not wanted:
        raise UnknownError(
            f"There is no version {job.model}@{job.version}.",
            f"List them with: modeltender show {word(job.model)}",
        )
    return wanted


def _repair(case: Case, job: Job) -> Repair | None:
    """Return the repair of a fault: the one that was asked for, else the first of its own that can be done.

    Raises:
        RefusedError: the one that was asked for is none of its own.
    """
    own = [REPAIRS[kind] for kind in kinds_of(case.fault, job.parameters.repair)]
    return next((repair for repair in own if repair.plan(case).possible), own[0] if own else None)


def _planned(case: Case, job: Job) -> Treated:
    """Say what would be done about a fault."""
    repair = _repair(case, job)
    if repair is None:
        detail = f"only a person can end it. {case.fault.repair}".rstrip()
        return Treated(case.fault.id, case.fault.code, None, done=False, detail=detail)
    planned = repair.plan(case)
    kind = repair.spec.kind if planned.possible else None
    return Treated(case.fault.id, case.fault.code, kind, done=False, detail=planned.sentence)


def _treated(work: Work, restored: list[Repaired]) -> list[Treated]:
    """Repair one fault, if it can and may be; return what is to be told of it."""
    fault, job = work.case.fault, work.job
    repair = _repair(work.case, job)
    named = job.parameters.fault is not None
    if repair is None:
        return [_planned(work.case, job)]
    planned = repair.plan(work.case)
    if not planned.possible:
        if named:
            raise RefusedError(f"Fault {fault.id} cannot be repaired: {planned.sentence}.", fault.repair)
        return [_planned(work.case, job)]
    if named or not (repair.spec.by_name or repair.spec.kind is RepairKind.RESTORE):
        return [_noted(work, repair, repair.act(work))]
    if repair.spec.by_name:
        how = f"its repair {planned.sentence}, which is done by name only: modeltender repair {word(job.model)} --fault {fault.id}"
        others = [kind for kind in SPECS[fault.code].repairs if kind is not repair.spec.kind]
        how += "".join(f", or add --by {kind}" for kind in others)
        return [Treated(fault.id, fault.code, None, done=False, detail=how)]
    # What is deployed was restored above.
    detail = next((one.detail for one in restored if one.version == fault.version and one.repaired), "")
    return [_noted(work, repair, Acted(detail))] if detail else []


def _noted(work: Work, repair: Repair, acted: Acted) -> Treated:
    """Put on record that a repair was done, or asked for."""
    fault, detail = work.case.fault, acted.detail
    note_done(work.context, work.job, fault, repair.spec.kind, detail)
    return Treated(fault.id, fault.code, repair.spec.kind, done=True, detail=detail, job=acted.job)


def _told(job: Job, planned: list[Treated]) -> Outcome:
    """Return what would be done."""
    result = msgspec.json.encode(
        Repairs(job.model, repaired=False, versions=(), faults=tuple(planned))
    ).decode()
    return Outcome(message=f"{len(planned)} open faults looked at, nothing changed", result=result)


def _outcome(
    context: Context, job: Job, done: list[Repaired], treated: list[Treated], failed: Error | None
) -> Outcome:
    # What makes a version has helped when that is deployed, not before.
    tried = [one.fault for one in treated if one.done and one.job is None]
    changed = any(one.repaired for one in done) or bool(tried)
    repaired = changed or any(one.done for one in treated)
    check = None
    if changed:
        with context.writer.transaction() as connection:
            check = jobs.add(
                connection,
                JobKind.CHECK,
                job.model,
                None,
                requested_by=job.requested_by,
                now=context.now(),
                parameters=JobParameters(verify=tuple(tried)),
            ).id
    answer = Repairs(job.model, repaired, tuple(done), tuple(treated), check)
    result = msgspec.json.encode(answer).decode()
    if failed is not None:
        state = JobState.CANCELLED if failed.code == CANCELLED else JobState.FAILED
        return Outcome(state=state, code=failed.code, error=failed.message, hint=failed.hint, result=result)
    told = [one.detail for one in done] + [one.detail for one in treated if one.done]
    return Outcome(message="; ".join(told) or "nothing is deployed", result=result)
