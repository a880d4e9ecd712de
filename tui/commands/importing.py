"""``modeltender import``: ask the engine to bring in what another server's folders hold, and say what came of each version.

The reading and the copying are the engine's; the command asks, waits, and lays out the answer.
"""

import textwrap
from pathlib import Path

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import Error
from storage.imported import Adopted, AdoptedModel, AdoptedVersion, Declared, DeclaredTensor
from storage.records import JobParameters
from storage.tables import models
from storage.text import word
from storage.vocabulary import ExitCode, Fate, JobKind
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation
from tui.commands.documents import Document
from tui.commands.exporting import ended
from tui.commands.figures import size
from tui.commands.options import requester, standard_options
from tui.commands.output import columns, show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.promotion import answer_of
from tui.commands.reading import to_ask
from tui.commands.tables import table
from tui.commands.waiting import await_job

HERE = frozenset({Fate.IMPORTED, Fate.KNOWN})

NOTHING = Declared(0, (), ())
"""A configuration that leaves all of it to the server."""

NARROW = 40
"""Columns that a sentence gets at least."""


class ImportedPromotion(Document, frozen=True, kw_only=True):
    """What became of deploying the version that the server answered with."""

    model: str
    version: int
    promoted: bool
    """Whether it is deployed now, also where it was before."""
    reason: str
    """Why it is not."""


class ImportingDocument(Document, frozen=True, kw_only=True):
    """``import``: what became of every version of the source, and with ``--promote`` of those that were served."""

    source: str
    dry_run: bool
    models: tuple[AdoptedModel, ...]
    promotions: tuple[ImportedPromotion, ...]


@click.command("import", epilog="Example: modeltender import /srv/triton --dry-run")
@click.argument("source", type=click.Path(path_type=Path, readable=False))
@click.option("--as", "name", default="", metavar="NAME", help="The model's name here, if there is only one.")
@click.option("--dry-run", is_flag=True, help="Say what would be imported, and copy nothing.")
@click.option(
    "--promote",
    is_flag=True,
    help="Deploy, for each model, the version that is served there, if the gate allows it.",
)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def import_models(
    *,
    workspace: Workspace,
    as_json: bool,
    source: Path,
    name: str,
    dry_run: bool,
    promote: bool,
    no_wait: bool,
) -> int:
    """Bring in the models of TensorFlow Serving, Triton or MLflow.

    SOURCE is a TensorFlow Serving base folder or a folder of them, its models.config, a Triton model repository, or an
    MLflow registry (mlflow.db, mlruns). It is only read. Each version is examined in a sandbox, copied in the order of
    its numbers there, and evaluated like any other; versions imported before are skipped. Nothing is deployed without
    --promote. Exits with 1 if something was left out, or should have been deployed and was not.
    """
    if promote and (dry_run or no_wait):
        raise click.UsageError("--promote waits for what comes in: leave out --dry-run and --no-wait.")
    parameters = JobParameters(source=str(source.expanduser().absolute()), name=name, dry_run=dry_run)
    with to_ask(workspace) as reader:
        job = jobs.submit(workspace, JobKind.ADOPT, "", requested_by=requester(), parameters=parameters)
        if no_wait:
            if as_json:
                show_document(job_document(job))
            else:
                show_text(f"job {job.id} imports {parameters.source}: {job.state}")
            return ExitCode.DONE
        adopted = msgspec.json.decode(ended(workspace, reader, job).result, type=Adopted)
        promotions = _promoted(workspace, reader, adopted) if promote else ()
    if as_json:
        show_document(
            ImportingDocument(
                source=adopted.source,
                dry_run=adopted.dry_run,
                models=adopted.models,
                promotions=promotions,
            )
        )
    else:
        show_text(import_text(adopted, promotions, columns()))
    left_out = any(model.reason for model in adopted.models) or _count(adopted, Fate.LEFT_OUT)
    refused = any(not promotion.promoted for promotion in promotions)
    return ExitCode.NO if left_out or refused else ExitCode.DONE


def _promoted(workspace: Workspace, reader: Reader, adopted: Adopted) -> tuple[ImportedPromotion, ...]:
    """Deploy what the server answered with, one model after another; one that is refused keeps none from it."""
    found = []
    for model in adopted.models:
        deployed = model.deployed
        if deployed is not None and deployed.version is not None:
            found.append(_promote(workspace, reader, model.model, deployed.version))
    return tuple(found)


def _promote(workspace: Workspace, reader: Reader, name: str, number: int) -> ImportedPromotion:
    try:
        promoted, reason = _deployed(workspace, reader, name, number)
    except Error as error:
        # Said with its model; the import itself has worked, and is told whole.
        promoted, reason = False, error.message
    return ImportedPromotion(model=name, version=number, promoted=promoted, reason=reason)


def _deployed(workspace: Workspace, reader: Reader, name: str, number: int) -> tuple[bool, str]:
    """Deploy a version, and return whether it is deployed now, and why not."""
    with reader.transaction() as connection:
        version = next(one for one in models.versions(connection, name) if one.number == number)
    version = await_first_evaluation(workspace, reader, version)
    with reader.transaction() as connection:
        model = models.read_one(connection, name)
    current = model.current.number if model and model.current else None
    if current == number:
        return True, ""
    parameters = JobParameters(
        expected_current=current, expected_sha256=version.sha256 or "", reason="was served where it came from"
    )
    job = jobs.submit(
        workspace, JobKind.PROMOTE, name, number, requested_by=requester(), parameters=parameters
    )
    job = await_job(workspace, reader, job)
    answer = answer_of(job)
    return answer.promoted, "" if answer.promoted else job.error


def import_text(adopted: Adopted, promotions: tuple[ImportedPromotion, ...], width: int) -> str:
    """Return what an import came to, a table a model."""
    lines: list[str] = []
    for model in adopted.models:
        lines += _wrapped(f"{model.model}: {model.kind}, {model.path}", width)
        if model.declared is not None and model.declared != NOTHING:
            lines += _wrapped(f"  {declared_text(model.declared)}", width)
        if model.reason:
            lines += _wrapped(f"  left out: {model.reason}", width)
        elif model.versions:
            lines.append(textwrap.indent(_versions_table(model.versions), "  "))
            for version in model.versions:
                if version.reason:
                    lines += _wrapped(f"  version {version.number} is left out: {version.reason}", width)
    lines += _wrapped(_summary(adopted), width)
    told = {promotion.model for promotion in promotions}
    for model in adopted.models:
        if model.model not in told:
            lines += _served_lines(model, width)
    for promotion in promotions:
        lines += _promotion_lines(promotion, width)
    return "\n".join(lines)


def declared_text(declared: Declared) -> str:
    """Return what a server's configuration says of a model."""
    batches = f"batches of up to {declared.max_batch_size}" if declared.max_batch_size else "no batches"
    sides = [", ".join(map(_tensor, side)) for side in (declared.inputs, declared.outputs)]
    return f"{batches}; {' -> '.join(sides)}" if all(sides) else batches


def _tensor(tensor: DeclaredTensor) -> str:
    labels = f" (labels in {tensor.label_file})" if tensor.label_file else ""
    return f"{tensor.name} {tensor.data_type} [{', '.join(map(str, tensor.dims))}]{labels}"


def _versions_table(versions: tuple[AdoptedVersion, ...]) -> str:
    rows = [
        [
            str(version.number),
            str(version.fate),
            "" if version.version is None else str(version.version),
            str(version.format or ""),
            size(version.bytes) if version.bytes else "",
            ", ".join(["served"] * version.served + list(version.labels)),
        ]
        for version in versions
    ]
    return table(
        ["THERE", "RESULT", "HERE", "FORMAT", "SIZE", "ROLE THERE"], rows, right=("THERE", "HERE", "SIZE")
    )


def _summary(adopted: Adopted) -> str:
    here, left = _count(adopted, Fate.KNOWN), _count(adopted, Fate.LEFT_OUT)
    whole = sum(not model.versions for model in adopted.models)
    told = (
        (here, f"{here} known before"),
        (left, f"{left} left out"),
        (whole, f"{whole} {'model' if whole == 1 else 'models'} left out"),
    )
    beside = ", ".join(words for count, words in told if count)
    if adopted.dry_run:
        would = _count(adopted, Fate.NEW)
        return f"{_versions(would)} would come in{f', {beside}' if beside else ''}. Nothing was copied."
    return f"{_versions(_count(adopted, Fate.IMPORTED))} came in{f', {beside}' if beside else ''}."


def _versions(count: int) -> str:
    return {0: "No version", 1: "1 version"}.get(count, f"{count} versions")


def _served_lines(model: AdoptedModel, width: int) -> list[str]:
    deployed = model.deployed
    if deployed is None or deployed.fate not in HERE:
        return []
    name = f"{model.model}@{deployed.version}"
    return [
        *_wrapped(f"What is served there is {name}. Deploy it with:", width),
        _command(f"promote {word(name)}"),
    ]


def _promotion_lines(promotion: ImportedPromotion, width: int) -> list[str]:
    name = f"{promotion.model}@{promotion.version}"
    if promotion.promoted:
        return _wrapped(f"{name} is deployed now.", width)
    why = promotion.reason.rstrip(".")
    return [
        *_wrapped(f"{name} was not deployed: {why}. To deploy it anyway:", width),
        _command(f"promote {word(name)} --force --reason TEXT"),
    ]


def _command(words: str) -> str:
    """Return a line of its own for a command: people copy it, and cut in two it would mean something else."""
    return f"  modeltender {words}"


def _count(adopted: Adopted, fate: Fate) -> int:
    return sum(version.fate is fate for model in adopted.models for version in model.versions)


def _wrapped(text: str, width: int) -> list[str]:
    indent = " " * (len(text) - len(text.lstrip()))
    return textwrap.wrap(
        text,
        max(width, NARROW),
        subsequent_indent=f"{indent}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )
