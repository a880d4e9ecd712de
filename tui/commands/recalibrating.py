"""``modeltender recalibrate``: ask the engine for a version whose probabilities mean what they say, and say what came of it.

The work and the judgement are the engine's; the command asks, waits, and lays out the answer.
"""

from typing import Any

import click
import msgspec

from storage.exported import Parity
from storage.job_answers import Recalibrated
from storage.records import JobParameters, Version
from storage.vocabulary import ExitCode, JobKind, Status
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation
from tui.commands.completing import complete_target
from tui.commands.documenting import figure_documents
from tui.commands.documents import Document, FigureDocument
from tui.commands.export_figures import parity_text
from tui.commands.exporting import arrived, ended, promise, submit
from tui.commands.figures import quality
from tui.commands.options import standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.targets import Target
from tui.commands.targets import target as as_target


class RecalibrationDocument(Document, frozen=True, kw_only=True):
    """``recalibrate``: the temperature, what it changes on examples that had no part in it, and the new version."""

    model: str
    from_version: int = msgspec.field(name="from")
    to_version: int = msgspec.field(name="to")
    file: str
    """Path in the workspace of what was handed in."""
    sha256: str
    temperature: float
    dataset: str
    n: int
    loss_before: float
    loss_after: float
    ece_before: float | None
    ece_after: float | None
    parity: Parity
    duration_s: float
    status: Status
    """Of the new version."""
    reason: str
    metrics: dict[str, FigureDocument]


@click.command(epilog="Example: modeltender recalibrate mnist")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def recalibrate(*, workspace: Workspace, as_json: bool, target: Target, no_wait: bool) -> int:
    """Make a version whose probabilities mean what they say, and hand it in as a new one.

    A temperature is fitted on the validation data, never on test data, and built into the file; the predicted classes
    stay the same. It fails if that does not improve the probabilities beyond chance. The new version goes through
    train/ like any other: it is evaluated and becomes a candidate, and nothing is deployed.
    """
    with to_ask(workspace) as reader:
        job = submit(workspace, reader, JobKind.RECALIBRATE, target, JobParameters())
        if no_wait:
            return promise(job, as_json=as_json)
        made = msgspec.json.decode(ended(workspace, reader, job).result, type=Recalibrated)
        version = await_first_evaluation(workspace, reader, arrived(workspace, reader, made))
    document = _document(made, version)
    if as_json:
        show_document(document)
    else:
        show_text(recalibration_text(document, version))
    return ExitCode.DONE


def recalibration_text(document: RecalibrationDocument, version: Version) -> str:
    """Return what a recalibration came to."""
    name = f"{document.model}@{document.to_version}"
    changed = f"log loss {document.loss_before:.4g} -> {document.loss_after:.4g}"
    if document.ece_before is not None and document.ece_after is not None:
        changed += f", calibration error {document.ece_before:.3g} -> {document.ece_after:.3g}"
    told = quality(version.evaluation) if version.evaluation else document.reason
    return "\n".join(
        [
            (
                f"{document.model}@{document.from_version} with temperature {document.temperature:.3g} is version "
                f"{document.to_version}"
            ),
            f"{changed} on {document.n} examples of {document.dataset}",
            f"its {parity_text(document.parity)}, from what they should be",
            f"{name} {document.status.fate}" + (f": {told}" if told else ""),
        ]
    )


def _document(made: Recalibrated, version: Version) -> RecalibrationDocument:
    same: dict[str, Any] = {name: getattr(made, name) for name in made.__struct_fields__ if name != "version"}
    return RecalibrationDocument(
        **same,
        from_version=made.version,
        to_version=version.number,
        status=version.status,
        reason=version.reason,
        metrics=figure_documents(version.evaluation),
    )
