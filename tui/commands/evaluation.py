"""``modeltender evaluate``: asks the engine for evaluations; what becomes of them is `tui.commands.answers`'s.

This command's own time is part of how fast an evaluation is, so the engine is asked before anything is
loaded that only the answer needs.
"""

import click

from storage.database import Reader
from storage.errors import EngineError, Error
from storage.records import Job, JobParameters, Version
from storage.tables import models
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.commands.arrivals import Request, find_target, join_or_submit
from tui.commands.completing import complete_target
from tui.commands.options import standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.targets import Target, default_version
from tui.commands.targets import target as as_target


@click.command(epilog="Example: modeltender evaluate mnist@candidate --json")
@click.argument(
    "target", metavar="[MODEL[@VERSION]]", type=as_target, required=False, shell_complete=complete_target
)
@click.option("--device", default="cpu", show_default=True, help="Where it runs: cpu, cuda:0, ...")
@click.option(
    "--data", default="", metavar="NAME", help="Which of the model's data files; by default its test data."
)
@click.option("--all", "everything", is_flag=True, help="Evaluate every model's deployed version.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def evaluate(
    *,
    workspace: Workspace,
    as_json: bool,
    target: Target | None,
    device: str,
    data: str,
    everything: bool,
    no_wait: bool,
) -> int:
    """Evaluate a version on labelled data and wait for its figures.

    VERSION is a number, current, previous or candidate. Without one, the deployed version is evaluated, or the newest
    ready one if nothing is deployed. Exits with 1 if an objective of the model's settings is missed.
    """
    if (target is None) is not everything:
        raise click.UsageError("Name one model, or ask for --all.")
    parameters = JobParameters(device=device, data=data)
    with to_ask(workspace) as reader:
        versions = _deployed(reader) if target is None else [find_target(workspace, reader, target)]
        requests = [Request(workspace, reader, version, parameters) for version in versions]
        # Everything is asked for at once, so that the engine is never idle.
        asked = [(request, _ask(request)) for request in requests]
        if no_wait:
            return _tell_jobs([_job(job) for _, job in asked], as_json=as_json, several=everything)
        # The engine works while this is loaded.
        from tui.commands.answers import answer_all, answer_one

        if everything:
            return answer_all(asked, as_json=as_json)
        return answer_one(requests[0], _job(asked[0][1]), as_json=as_json)


def _deployed(reader: Reader) -> list[Version]:
    with reader.transaction() as connection:
        return [
            default_version(connection, model)
            for model in models.read(connection)
            if model.newest is not None
        ]


def _ask(request: Request) -> Job | Error:
    """Return the job that answers a request, or why there can be none: one model's failure is not another's."""
    try:
        return join_or_submit(request)
    except EngineError:
        # Without an engine nothing can be answered.
        raise
    except Error as error:
        return error


def _job(asked: Job | Error) -> Job:
    if isinstance(asked, Error):
        raise asked
    return asked


def _tell_jobs(asked: list[Job], *, as_json: bool, several: bool) -> int:
    if as_json:
        from tui.commands.overview_documents import job_document

        documents = [job_document(job) for job in asked]
        show_document(documents if several else documents[0])
    else:
        show_text(
            "\n".join(f"job {job.id} evaluates {job.model}@{job.version}: {job.state}" for job in asked)
        )
    return ExitCode.DONE
