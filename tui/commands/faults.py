"""``modeltender faults`` and ``acknowledge``: the open problems, and that somebody knows of one.

Also how open problems are told wherever a command tells them.
"""

import shutil
import textwrap
import time
from collections.abc import Sequence

import click
import msgspec

from storage import jobs
from storage.errors import JobError
from storage.fault_records import Fault
from storage.job_answers import Acknowledged
from storage.records import JobParameters
from storage.tables import faults as fault_table
from storage.vocabulary import ExitCode, FaultState, JobKind, Severity
from storage.workspace import Workspace
from tui.commands.documents import in_utc
from tui.commands.figures import age
from tui.commands.maintenance_documents import OpenFaultDocument
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import fault_document
from tui.commands.reading import to_ask, to_look
from tui.commands.tables import table
from tui.commands.waiting import await_job, failure

LEAST_WIDTH = 60
"""Narrower than this nobody could read a sentence."""

INDENT = "    "


@click.command(epilog="Example: modeltender faults --json")
@standard_options
def faults(*, workspace: Workspace, as_json: bool) -> int:
    """List the open faults, acknowledged ones too, each with what fixes it.

    The worst come first. Exits with 1 if there is an unacknowledged one that is more than a hint.
    """
    with to_look(workspace) as reader, reader.transaction() as connection:
        found = fault_table.all_open(connection)
    if as_json:
        show_document([_document(fault) for fault in found])
    else:
        show_text(faults_text(found, time.time(), shutil.get_terminal_size().columns) or "No open problems.")
    return ExitCode.NO if any(map(needs_person, found)) else ExitCode.DONE


@click.command(epilog="Example: modeltender acknowledge 12")
@click.argument("fault", metavar="ID", type=int)
@standard_options
def acknowledge(*, workspace: Workspace, as_json: bool, fault: int) -> int:
    """Say that you know about an open fault: it stays listed, and stops asking for attention.

    It ends with its cause. It asks for attention again if it gets worse, if a repair does not help, or if it comes
    back.
    """
    with to_ask(workspace) as reader:
        with reader.transaction() as connection:
            known = fault_table.read_one(connection, fault)
        job = await_job(
            workspace,
            reader,
            jobs.submit(
                workspace,
                JobKind.ACKNOWLEDGE,
                known.model if known else "",
                known.version if known else None,
                requested_by=requester(),
                parameters=JobParameters(fault=fault),
            ),
        )
    if (error := failure(job)) is not None or not job.result:
        raise error or JobError(f"Job {job.id} ended without a result.", "Try again.")
    document = msgspec.json.decode(job.result, type=Acknowledged)
    if as_json:
        show_document(document)
    else:
        show_text(f"Fault {document.id} ({document.code}) is known to {document.acknowledged_by}.")
    return ExitCode.DONE


def needs_person(fault: Fault) -> bool:
    """Whether somebody should do something about an open problem."""
    return fault.state is FaultState.OPEN and fault.severity is not Severity.INFO


def faults_text(found: Sequence[Fault], now: float, width: int) -> str:
    """Return a line for each open problem, and below it what it is and what mends it, no wider than ``width``."""
    if not found:
        return ""
    rows = [
        [
            str(fault.id),
            str(fault.severity),
            fault.model + (f"@{fault.version}" if fault.version is not None else "") or "workspace",
            age(fault.first_at, now),
            str(fault.count),
            fault.code,
        ]
        for fault in found
    ]
    heading, *lines = table(
        ["ID", "SEVERITY", "MODEL", "SINCE", "TIMES", "FAULT"], rows, right=("ID", "TIMES")
    ).splitlines()
    told = [heading]
    for fault, line in zip(found, lines, strict=True):
        told.append(line)
        told.extend(_wrapped(fault.message, width))
        if fault.repair:
            told.extend(_wrapped(f"> {fault.repair.rstrip('.')}.", width))
        told.extend(_wrapped(_dealings(fault, now), width))
    return "\n".join(told)


def _dealings(fault: Fault, now: float) -> str:
    """Return what people and the engine have done about a problem."""
    done = []
    if fault.state is FaultState.ACKNOWLEDGED:
        done.append(f"known to {fault.acknowledged_by}")
    if fault.tried and fault.tried_at is not None:
        done.append(f"repair '{fault.tried}' was tried {age(fault.tried_at, now)}")
    return f"({'; '.join(done)})" if done else ""


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(
        text,
        max(width, LEAST_WIDTH),
        initial_indent=INDENT,
        subsequent_indent=INDENT,
        break_on_hyphens=False,
    )


def _document(fault: Fault) -> OpenFaultDocument:
    first, last = in_utc(fault.first_at), in_utc(fault.last_at)
    if first is None or last is None:
        raise ValueError(f"fault {fault.id} has no time")
    plain = fault_document(fault)
    return OpenFaultDocument(
        **{name: getattr(plain, name) for name in plain.__struct_fields__},
        state=fault.state,
        first_at=first,
        last_at=last,
        count=fault.count,
        acknowledged_by=fault.acknowledged_by,
        tried=fault.tried,
    )
