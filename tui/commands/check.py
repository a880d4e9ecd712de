"""``modeltender check``: has the engine look for faults now, and says what it found.

The looking and the judgement are the engine's; what is open afterwards is read from the record.
"""

import shutil
import textwrap
import time

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import Error
from storage.fault_records import Fault
from storage.records import Job, JobParameters
from storage.tables import faults as fault_table
from storage.tables import models
from storage.vocabulary import Answer, ExitCode, FaultState, JobKind
from storage.workspace import Workspace
from tui.commands.completing import complete_model
from tui.commands.faults import LEAST_WIDTH, faults_text, needs_person
from tui.commands.maintenance_documents import CheckDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.overview_documents import fault_document, job_document
from tui.commands.reading import to_ask
from tui.commands.targets import find_model
from tui.commands.waiting import await_job, failure

PLACE = ""
"""The name under which the engine checks the workspace itself."""

WORDS = {Answer.HEALTHY: "ok", Answer.FAULT: "fault", Answer.UNKNOWN: "?"}


class Told(msgspec.Struct, frozen=True):
    """What one check said, as the engine tells it."""

    code: str
    answer: Answer
    detail: str


class Result(msgspec.Struct, frozen=True):
    """What a round of checks came to."""

    answers: tuple[Told, ...] = ()


@click.command(epilog="Example: modeltender check mnist || mail -s 'mnist is not well' me@example.org")
@click.argument("model", required=False, shell_complete=complete_model)
@click.option("--all", "everything", is_flag=True, help="Show what every check found, even if all is well.")
@click.option("--strict", is_flag=True, help="Let nothing pass: hints and acknowledged faults are a no too.")
@click.option("--device", default="cpu", show_default=True, help="Where models are loaded: cpu, cuda:0, ...")
@click.option("--no-wait", is_flag=True, help="Return the jobs at once, and let the engine work.")
@standard_options
def check(
    *,
    workspace: Workspace,
    as_json: bool,
    model: str | None,
    everything: bool,
    strict: bool,
    device: str,
    no_wait: bool,
) -> int:
    """Look for faults of deployed versions: of one model, or of all models and the workspace.

    Hashes files, loads models in fresh processes, replays kept examples, and compares figures with objectives and their
    own history. Checks that cannot tell yet say what is missing. Exits with 1 if an unacknowledged fault is open that
    is more than a hint; with --strict, as a pipeline wants it, if there is any fault at all.
    """
    with to_ask(workspace) as reader:
        asked = [
            jobs.submit(
                workspace,
                JobKind.CHECK,
                name,
                requested_by=requester(),
                parameters=JobParameters(device=device),
            )
            for name in _names(reader, model)
        ]
        if no_wait:
            return _promise(asked, as_json=as_json)
        ended = [await_job(workspace, reader, job) for job in asked]
        with reader.transaction() as connection:
            known = fault_table.all_open(connection, model)
    found = [fault for fault in known if strict or fault.state is FaultState.OPEN]
    failed = [error for job in ended if (error := failure(job)) is not None]
    if len(failed) == len(ended):
        raise failed[0]
    passed = not any(strict or needs_person(fault) for fault in found)
    if as_json:
        show_document(CheckDocument(passed=passed, faults=tuple(map(fault_document, found))))
    else:
        show_text(_in_words(ended, found, everything=everything, brief=model is None))
        _remind(len(known) - len(found))
    return _status(failed, passed=passed)


def _names(reader: Reader, model: str | None) -> list[str]:
    with reader.transaction() as connection:
        if model is not None:
            return [find_model(connection, model).name]
        return [
            *(found.name for found in models.read(connection) if found.current is not None),
            PLACE,
        ]


def _status(failed: list[Error], *, passed: bool) -> int:
    for error in failed:
        remark(f"modeltender: {error.message} {error.hint}".rstrip())
    if failed:
        return ExitCode.FAILED
    return ExitCode.DONE if passed else ExitCode.NO


def _promise(asked: list[Job], *, as_json: bool) -> int:
    if as_json:
        show_document([job_document(job) for job in asked])
    else:
        show_text(
            "\n".join(f"job {job.id} checks {job.model or 'the workspace'}: {job.state}" for job in asked)
        )
    return ExitCode.DONE


def _remind(acknowledged: int) -> None:
    if acknowledged:
        faults = "fault is" if acknowledged == 1 else "faults are"
        show_text(f"{acknowledged} acknowledged {faults} still there: modeltender faults")


def _in_words(ended: list[Job], found: list[Fault], *, everything: bool, brief: bool) -> str:
    """Return a line for each model, what its checks cannot tell unless ``brief``, and the open faults."""
    width = shutil.get_terminal_size().columns
    lines: list[str] = []
    for job in ended:
        lines.append(f"{job.model or 'workspace'}: {job.message or job.error}")
        if job.result and (everything or not brief):
            lines.extend(_answers(msgspec.json.decode(job.result, type=Result), width, everything=everything))
    open_now = faults_text(found, time.time(), width)
    return "\n".join([*lines, "", open_now or "No fault is open."])


def _answers(result: Result, width: int, *, everything: bool) -> list[str]:
    """Return a line for each check that cannot tell, or for each of them."""
    shown = [told for told in result.answers if everything or told.answer is Answer.UNKNOWN]
    column = max((len(told.code) for told in shown), default=0)
    lines: list[str] = []
    for told in shown:
        head = f"  {WORDS[told.answer]:<5}  {told.code:<{column}}  "
        lines += textwrap.wrap(
            told.detail,
            max(width, LEAST_WIDTH),
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_on_hyphens=False,
        )
    return lines
