"""``modeltender tell``: tell a model's promotion targets again what is deployed; and how targets are shown.

The telling is the engine's.
"""

import time
from collections.abc import Sequence

import click
import msgspec

from storage import jobs
from storage.promotion_records import PromotionTarget
from storage.text import word
from storage.vocabulary import ExitCode, JobKind, TargetState
from storage.workspace import Workspace
from tui.commands import figures
from tui.commands.completing import complete_model
from tui.commands.documenting import target_document
from tui.commands.model_documents import ToldDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.tables import table
from tui.commands.targets import find_model
from tui.commands.waiting import await_job, failure


class _Answer(msgspec.Struct):
    model: str
    version: int | None
    targets: tuple[PromotionTarget, ...]


@click.command(epilog="Example: modeltender tell mnist")
@click.argument("model", shell_complete=complete_model)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def tell(*, workspace: Workspace, as_json: bool, model: str, no_wait: bool) -> int:
    """Tell the promotion targets of a model again which version is deployed.

    Use it after a change by hand, or if a target was out of reach. What is deployed stays as it is. Exits with 3 if a
    target did not confirm.
    """
    with to_ask(workspace) as reader:
        with reader.transaction() as connection:
            name = find_model(connection, model).name
        job = jobs.submit(workspace, JobKind.TELL, name, requested_by=requester())
        if no_wait:
            text = f"job {job.id} will tell the targets of {name}: {job.state}"
            if as_json:
                show_document(job_document(job))
            else:
                show_text(text)
            return ExitCode.DONE
        job = await_job(workspace, reader, job)
    error = failure(job)
    if error is not None:
        raise error
    answer = msgspec.json.decode(job.result, type=_Answer)
    if as_json:
        show_document(
            ToldDocument(
                model=answer.model,
                version=answer.version,
                targets=tuple(target_document(target) for target in answer.targets),
            )
        )
    else:
        show_text(
            told_text(name, answer.targets, answer.version, now=time.time())
            or f"{name} has no promotion targets."
        )
    return ExitCode.DONE


def told_text(model: str, targets: Sequence[PromotionTarget], current: int | None, *, now: float) -> str:
    """Return the table of a model's targets, and under it what is wrong with any, or nothing where there is none."""
    if not targets:
        return ""
    headings = ["TARGET", "STATE", "VERSION", "TOLD", "SAID"]
    rows = [
        [
            target.name,
            str(target.state),
            "-" if target.version is None else str(target.version),
            figures.age(target.at, now),
            "" if target.state is TargetState.FAILED else target.message,
        ]
        for target in targets
    ]
    lines = [table(headings, rows, right=("VERSION",))]
    behind = False
    for target in targets:
        behind |= target.version != current and target.state is not TargetState.UNTOLD
        if target.state is TargetState.FAILED:
            lines.append(f"! {target.name}: {target.message}")
        elif target.state is TargetState.CONFIRMED and target.version != current:
            lines.append(f"! {target.name} was last told of version {target.version}, which is not deployed")
    if behind:
        lines.append(f"Tell them what is deployed with: modeltender tell {word(model)}")
    return "\n".join(lines)
