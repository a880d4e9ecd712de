"""``modeltender repair``: end faults, each by its repair, and say whether that helped.

The work and the judgement are the engine's: a check that follows every repair tells whether it did.
"""

from pathlib import Path

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import UnknownError
from storage.fault_records import Fault
from storage.job_answers import Removal, Repairs, Treated
from storage.records import Job, JobParameters
from storage.tables import faults
from storage.text import clean
from storage.vocabulary import ExitCode, FaultState, JobKind, RepairKind
from storage.workspace import Workspace
from tui.commands.arrivals import find_target
from tui.commands.completing import complete_target
from tui.commands.figures import size
from tui.commands.maintenance_documents import RepairDocument, TreatedDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.rehearse import interpreter_of
from tui.commands.targets import Target, find_model
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure, read_job


@click.command(epilog="Example: modeltender repair mnist --dry-run")
@click.argument(
    "target", metavar="[MODEL[@VERSION]]", type=as_target, required=False, shell_complete=complete_target
)
@click.option(
    "--fault", type=int, metavar="ID", help="Repair only this fault; modeltender faults lists their numbers."
)
@click.option(
    "--by",
    type=click.Choice([kind.value for kind in RepairKind]),
    help="With --fault: use this one of its repairs; docs/maintenance.md lists them.",
)
@click.option(
    "--python",
    type=click.Path(path_type=Path, exists=True),
    metavar="PATH",
    help="With --by convert: an environment, or its interpreter, in which the version still loads.",
)
@click.option("--dry-run", is_flag=True, help="Say what would be changed, and change nothing.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def repair(
    *,
    workspace: Workspace,
    as_json: bool,
    target: Target | None,
    fault: int | None,
    by: str | None,
    python: Path | None,
    dry_run: bool,
    no_wait: bool,
) -> int:
    """Repair the faults of a model, or one of the workspace, and check whether that helped.

    Without a VERSION, it restores the files of the current and the previous version if they changed or are gone, byte
    for byte; replaced files are set aside, never deleted. It also repairs other open faults, unless that would deploy
    another version or train one: name the fault for that. A fault's number is enough, and is the only name for faults
    of the workspace; --dry-run lists what the repair of a nearly full disk would remove. A repair that makes a version
    hands it in, and the fault ends when that version is deployed. Exits with 0 if all is well afterwards, even if
    nothing had to be done; with 1 if a repair did not help; and with 3 if there is no copy to restore from.
    """
    if by is not None and fault is None:
        raise click.UsageError("--by needs the fault that is meant: --fault ID")
    if python is not None and by != RepairKind.CONVERT:
        raise click.UsageError("--python is for --by convert")
    if target is None and fault is None:
        raise click.UsageError("Name a model, or the fault that is meant: --fault ID")
    with to_ask(workspace) as reader:
        if target is None:
            number, model = None, _model_of(reader, fault)
        elif target.version is None:
            with reader.transaction() as connection:
                number, model = None, find_model(connection, target.model).name
        else:
            version = find_target(workspace, reader, target)
            number, model = version.number, version.model
        parameters = JobParameters(
            fault=fault,
            repair=None if by is None else RepairKind(by),
            dry_run=dry_run,
            interpreter="" if python is None else str(interpreter_of(python)),
        )
        job = jobs.submit(
            workspace, JobKind.REPAIR, model, number, requested_by=requester(), parameters=parameters
        )
        if no_wait:
            return _promise(job, as_json=as_json)
        job = await_job(workspace, reader, job)
        answer = msgspec.json.decode(job.result, type=Repairs) if job.result else None
        states = _verified(workspace, reader, answer)
        made = _made(workspace, reader, answer)
    return _report(job, _document(answer, states, made), as_json=as_json, dry_run=dry_run)


def _model_of(reader: Reader, number: int | None) -> str:
    """Return the model that a fault is about, or nothing where it is one of the workspace."""
    with reader.transaction() as connection:
        fault = faults.read_one(connection, number or 0)
    if fault is None:
        raise UnknownError(f"There is no fault {number}.", "List them with: modeltender faults")
    return fault.model


def _promise(job: Job, *, as_json: bool) -> int:
    if as_json:
        show_document(job_document(job))
    else:
        name = _name(job) if job.version is None else f"{job.model}@{job.version}"
        show_text(f"job {job.id} will repair {name}: {job.state}")
    return ExitCode.DONE


def _verified(workspace: Workspace, reader: Reader, answer: Repairs | None) -> dict[int, Fault | None]:
    """Wait for the check that follows a repair; return the faults as they are then."""
    if answer is None or answer.check is None:
        return {}
    verification = await_job(workspace, reader, read_job(reader, answer.check))
    if (error := failure(verification)) is not None:
        remark(f"Whether it helped is not known: {error.message}")
        return {}
    with reader.transaction() as connection:
        return {one.fault: faults.read_one(connection, one.fault) for one in answer.faults if one.done}


def _made(workspace: Workspace, reader: Reader, answer: Repairs | None) -> dict[int, Job]:
    """Wait for the jobs that make a version; return them as they ended, by their fault."""
    asked = () if answer is None else answer.faults
    return {
        one.fault: await_job(workspace, reader, read_job(reader, one.job))
        for one in asked
        if one.job is not None
    }


def _document(
    answer: Repairs | None, states: dict[int, Fault | None], made: dict[int, Job]
) -> RepairDocument | None:
    if answer is None:
        return None
    return RepairDocument(
        model=answer.model,
        repaired=answer.repaired,
        versions=answer.versions,
        faults=tuple(
            TreatedDocument(
                fault=one.fault,
                code=one.code,
                repair=one.repair,
                done=one.done,
                helped=_helped(states.get(one.fault), made.get(one.fault)),
                detail=_detail(one, made.get(one.fault)),
                job=one.job,
                removes=one.removes,
            )
            for one in answer.faults
        ),
    )


def _helped(fault: Fault | None, made: Job | None) -> bool | None:
    if made is not None and failure(made) is not None:
        return False
    return None if fault is None else fault.state is FaultState.RESOLVED


def _detail(one: Treated, made: Job | None) -> str:
    """Return what was done, or what came of the job that it asked for."""
    if made is None:
        return one.detail
    error = failure(made)
    if error is None:
        return f"{one.detail}: {made.message}"
    return f"{one.detail}: {error.message.rstrip('.')}" + (f". {error.hint}" if error.hint else "")


def _report(job: Job, document: RepairDocument | None, *, as_json: bool, dry_run: bool) -> int:
    """Say what became of a repair, and return the exit status."""
    error = failure(job)
    if error is not None:
        if document is not None:
            remark(_in_words(document))
        raise error
    if document is None:
        return ExitCode.DONE
    if as_json:
        show_document(document)
    else:
        show_text(_in_words(document, dry_run=dry_run) or _nothing(job))
    return ExitCode.NO if any(one.helped is False for one in document.faults) else ExitCode.DONE


def _name(job: Job) -> str:
    return job.model or "the workspace"


def _nothing(job: Job) -> str:
    if job.parameters.fault is not None:
        return f"{_name(job)}: {job.message}, so there is nothing to repair."
    if job.parameters.dry_run:
        return f"{job.model}: no fault is open, so there is nothing to repair."
    return f"{job.model}: nothing is deployed, so there is nothing to repair."


def _in_words(document: RepairDocument, *, dry_run: bool = False) -> str:
    lines = [f"{document.model}: {version.detail}." for version in document.versions]
    told = {version.detail for version in document.versions}
    for one in document.faults:
        lines.append(_fault_line(one, dry_run=dry_run, told=one.detail in told))
        lines.extend(_removals(one.removes))
    if document.versions and not document.repaired and not document.faults:
        lines.append("There is nothing to repair.")
    return "\n".join(line for line in lines if line)


def _removals(removes: tuple[Removal, ...]) -> list[str]:
    """Return each thing that was removed or would be, with what it takes, its path last: that may be long."""
    rows = [(size(one.bytes), one.what, one.path) for one in removes]
    widths = [max((len(row[place]) for row in rows), default=0) for place in (0, 1)]
    return [f"  {taken:>{widths[0]}}  {what:<{widths[1]}}  {clean(path)}" for taken, what, path in rows]


def _fault_line(one: TreatedDocument, *, dry_run: bool, told: bool) -> str:
    name = f"fault {one.fault} ({one.code})"
    if not one.done:
        would = f"repair '{one.repair}' " if one.repair else ""
        return f"{name}: {would}{one.detail.rstrip('.')}." if dry_run or not one.repair else ""
    unknown = "not checked yet" if one.job is None else "the fault ends when that is deployed"
    helped = {True: "it helped", False: "it did not help, the fault is still there", None: unknown}
    detail = "" if told else f"{one.detail.rstrip('.')}; "
    return f"{name}: {detail}{helped[one.helped]}."
