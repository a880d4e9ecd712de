"""``modeltender export`` and ``optimise``: ask the engine for other formats and smaller numbers of a version.

The work and the choice are the engine's; the commands ask, wait, and lay out the answer.
"""

from typing import Any

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import JobError
from storage.job_answers import HandedIn, Recalibrated
from storage.optimised import Optimised
from storage.records import Job, JobParameters, Version
from storage.tables import inbox, models
from storage.vocabulary import ExitCode, Format, JobKind, Quantization, Status
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation, find_target
from tui.commands.completing import complete_target
from tui.commands.documenting import figure_documents
from tui.commands.export_documents import ExportDocument
from tui.commands.export_figures import export_text, optimisation_text
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.targets import Target
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_change, await_job, failure

TARGETS = (Format.LITERT, Format.ONNX, Format.SAVED_MODEL, Format.TORCHSCRIPT)
"""What people ask for; whether there is a way to it hangs on the version, and the engine says so."""

PARETO = "pareto"

TURNED_DOWN = frozenset({Status.UNSUPPORTED, Status.QUARANTINED, Status.FAILED})


@click.command(epilog="Example: modeltender export mnist --to litert --quantize int8")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option(
    "--to",
    "to",
    required=True,
    type=click.Choice([one.value for one in TARGETS]),
    help="The format to make; docs/export.md lists what can be made of what.",
)
@click.option(
    "--quantize",
    type=click.Choice([one.value for one in Quantization]),
    help="Make the numbers smaller: float16 weights, int8 weights (dynamic), or int8 weights and activations (int8), "
    "whose ranges are taken from validation data.",
)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def export(
    *, workspace: Workspace, as_json: bool, target: Target, to: str, quantize: str | None, no_wait: bool
) -> int:
    """Convert a version to another format, and hand it in as a new version.

    The outputs of both are compared on validation examples; if the numbers stay as they are, an export whose outputs
    differ fails. The new version goes through train/ like any other: it is evaluated and becomes a candidate, and
    nothing is deployed.
    """
    parameters = JobParameters(to=Format(to), quantize=Quantization(quantize) if quantize else None)
    with to_ask(workspace) as reader:
        job = submit(workspace, reader, JobKind.EXPORT, target, parameters)
        if no_wait:
            return promise(job, as_json=as_json)
        made = msgspec.json.decode(ended(workspace, reader, job).result, type=HandedIn)
        version = await_first_evaluation(workspace, reader, arrived(workspace, reader, made))
    document = _document(made, version)
    if as_json:
        show_document(document)
    else:
        show_text(export_text(document, version))
    return ExitCode.DONE


@click.command(epilog="Example: modeltender optimise mnist --keep litert-int8")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option(
    "--keep",
    multiple=True,
    metavar="VARIANT",
    help="Hand in this variant as a new version, by its name in the table; 'pareto' keeps all that are marked. "
    "May be given several times.",
)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def optimise(
    *, workspace: Workspace, as_json: bool, target: Target, keep: tuple[str, ...], no_wait: bool
) -> int:
    """Try every format and number size that a version can have, and say which one to choose.

    Each variant is compared with the original in quality, speed and size. Nothing becomes a version without --keep.
    Exits with 0 if one is recommended, and with 1 if the version is best left as it is, or if a variant to keep could
    not be made.
    """
    parameters = JobParameters(keep=tuple(dict.fromkeys(keep)))
    with to_ask(workspace) as reader:
        job = submit(workspace, reader, JobKind.OPTIMISE, target, parameters)
        if no_wait:
            return promise(job, as_json=as_json)
        done = ended(workspace, reader, job)
    document = msgspec.json.decode(done.result, type=Optimised)
    if as_json:
        show_document(document)
    else:
        show_text(optimisation_text(document))
    kept = {one.name for one in document.variants if one.file}
    unkept = [name for name in parameters.keep if name != PARETO and name not in kept]
    if unkept:
        remark(f"not kept, because it could not be made: {', '.join(unkept)}")
    return ExitCode.NO if unkept or document.recommended is None else ExitCode.DONE


def submit(
    workspace: Workspace, reader: Reader, kind: JobKind, target: Target, parameters: JobParameters
) -> Job:
    """Ask for something to be made of a version; what has just arrived is taken once it has loaded."""
    version = await_first_evaluation(workspace, reader, find_target(workspace, reader, target))
    return jobs.submit(
        workspace, kind, version.model, version.number, requested_by=requester(), parameters=parameters
    )


def ended(workspace: Workspace, reader: Reader, job: Job) -> Job:
    """Return a job as it ended well.

    Raises:
        Error: it did not.
    """
    job = await_job(workspace, reader, job)
    error = failure(job)
    if error is not None:
        raise error
    return job


def promise(job: Job, *, as_json: bool) -> int:
    """Say that a job will be done."""
    if as_json:
        show_document(job_document(job))
    else:
        show_text(f"job {job.id} {job.kind}s {job.model}@{job.version}: {job.state}")
    return ExitCode.DONE


def arrived(workspace: Workspace, reader: Reader, made: HandedIn | Recalibrated) -> Version:
    """Return the version that has the content that was made, once the inbox has taken it.

    Raises:
        JobError: the inbox turned it down.
        EngineError: the engine ended, or fell silent, before that.
    """
    name = made.file.rpartition("/")[2]

    def look() -> Version | None:
        with reader.transaction() as connection:
            versions = models.versions(connection, made.model)
            arrivals = inbox.read(connection, made.model)
        turned_down = next((one for one in arrivals if one.name == name and one.status in TURNED_DOWN), None)
        if turned_down is not None:
            raise JobError(
                f"{made.file} was made and is no new version: it {turned_down.status.fate}: {turned_down.reason}"
            )
        return next((version for version in versions if version.sha256 == made.sha256), None)

    return await_change(workspace, reader, look, f"the arrival of {made.file}")


def _document(made: HandedIn, version: Version) -> ExportDocument:
    same: dict[str, Any] = {name: getattr(made, name) for name in made.__struct_fields__ if name != "version"}
    return ExportDocument(
        **same,
        from_version=made.version,
        to_version=version.number,
        status=version.status,
        reason=version.reason,
        metrics=figure_documents(version.evaluation),
    )
