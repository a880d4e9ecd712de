"""``modeltender repair``: bring back what is deployed where its files changed or are gone, and say what was done.

The work and the judgement are the engine's.
"""

import click
import msgspec

from storage import jobs
from storage.records import Job
from storage.vocabulary import ExitCode, JobKind
from storage.workspace import Workspace
from tui.commands.arrivals import find_target
from tui.commands.documenting import job_document
from tui.commands.documents import RepairDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.targets import Target, find_model
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure


@click.command(epilog="Example: modeltender repair mnist")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def repair(*, workspace: Workspace, as_json: bool, target: Target, no_wait: bool) -> int:
    """Restore deployed files that changed or are gone, byte for byte.

    Without a VERSION the current and the previous one are looked at. What is replaced is set aside, never deleted. Exits with 0 when everything is as it was deployed, also when nothing had to be done, and with 3 when there is no copy to restore from.
    """
    with to_ask(workspace) as reader:
        if target.version is None:
            with reader.transaction() as connection:
                number, model = None, find_model(connection, target.model).name
        else:
            version = find_target(workspace, reader, target)
            number, model = version.number, version.model
        job = jobs.submit(workspace, JobKind.REPAIR, model, number, requested_by=requester())
        if no_wait:
            return _promise(job, as_json=as_json)
        return _report(await_job(workspace, reader, job), as_json=as_json)


def _promise(job: Job, *, as_json: bool) -> int:
    if as_json:
        show_document(job_document(job))
    else:
        name = job.model if job.version is None else f"{job.model}@{job.version}"
        show_text(f"job {job.id} will repair {name}: {job.state}")
    return ExitCode.DONE


def _report(job: Job, *, as_json: bool) -> int:
    """Say what became of a repair, and return the exit status."""
    error = failure(job)
    document = msgspec.json.decode(job.result, type=RepairDocument) if job.result else None
    if error is not None:
        if document is not None:
            remark(_in_words(document))
        raise error
    if document is not None and as_json:
        show_document(document)
    elif document is not None:
        show_text(_in_words(document) or f"{job.model}: nothing is deployed, so there is nothing to repair.")
    return ExitCode.DONE


def _in_words(document: RepairDocument) -> str:
    lines = [f"{document.model}: {version.detail}." for version in document.versions]
    if document.versions and not document.repaired:
        lines.append("There is nothing to repair.")
    return "\n".join(lines)
