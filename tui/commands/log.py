"""``modeltender jobs``, ``cancel`` and ``events``: what the engine is asked, what it did, and what happened."""

import re
import textwrap
import time
from typing import Any

import click

from storage import jobs as job_table
from storage.database import Reader
from storage.fault_records import Event
from storage.records import Job
from storage.tables import events as event_table
from storage.vocabulary import FINISHED, ExitCode, JobState
from storage.workspace import Workspace
from tui.commands.figures import age, clock
from tui.commands.options import standard_options
from tui.commands.output import remark, room, show_document, show_text
from tui.commands.overview_documents import event_document, job_document
from tui.commands.reading import engine_state, staleness, to_look
from tui.commands.tables import LEAST_PROSE, table

FOLLOW_S = 0.25
"""How soon a new event is seen: as soon as the console sees it."""

MOST = 100_000


@click.command(epilog="Example: modeltender jobs --json")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(1, MOST), help="How many.")
@standard_options
def jobs(*, workspace: Workspace, as_json: bool, limit: int) -> int:
    """List the jobs: running, waiting, then the latest that ended."""
    with to_look(workspace) as reader:
        with reader.transaction() as connection:
            found = job_table.read(connection, limit=limit)
        if as_json:
            show_document([job_document(job) for job in found])
            return ExitCode.DONE
        show_text(_jobs_text(found, time.time()))
        if any(job.state not in FINISHED for job in found):
            # What is said to run does not where there is no engine.
            remark(staleness(workspace, engine_state(reader)))
    return ExitCode.DONE


class JobNumber(click.IntRange):
    """A job's number, also as it is told everywhere else: ``12`` or ``J12``."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number.

        Raises:
            click.BadParameter: it is none.
        """
        told = isinstance(value, str) and re.fullmatch(r"J\d+", value, re.ASCII | re.IGNORECASE)
        return super().convert(value[1:] if told else value, param, ctx)


@click.command(epilog="Example: modeltender cancel 12")
@click.argument("job_id", metavar="ID", type=JobNumber(min=1))
@standard_options
def cancel(*, workspace: Workspace, as_json: bool, job_id: int) -> int:
    """Cancel a job.

    A waiting job never starts; a running one ends as soon as it can. Exits with 1 if the job had already ended in
    another way.
    """
    job = job_table.cancel(workspace, job_id)
    if as_json:
        show_document(job_document(job))
    else:
        show_text(_cancelled_text(job))
    return ExitCode.DONE if job.state in {JobState.CANCELLED, JobState.RUNNING} else ExitCode.NO


@click.command(epilog="Example: modeltender events --follow")
@click.option("-n", "--limit", default=50, show_default=True, type=click.IntRange(0, MOST), help="How many.")
@click.option(
    "-f", "--follow", is_flag=True, help="Follow new events until Ctrl-C; with --json, one per line."
)
@standard_options
def events(*, workspace: Workspace, as_json: bool, limit: int, follow: bool) -> int:
    """List what happened, the oldest first.

    Arrivals, evaluations, promotions and faults.
    """
    with to_look(workspace) as reader:
        found = _read(reader, limit=max(limit, 1))
        last = max((event.id for event in found), default=0)
        shown = found if limit else []
        if as_json and not follow:
            show_document([event_document(event) for event in shown])
            return ExitCode.DONE
        _show(shown, as_json=as_json)
        seen = reader.data_version()
        while follow:
            time.sleep(FOLLOW_S)
            if (version := reader.data_version()) != seen:
                seen = version
                fresh = _read(reader, limit=MOST, after=last)
                last = max((event.id for event in fresh), default=last)
                _show(fresh, as_json=as_json)
    return ExitCode.DONE


def _read(reader: Reader, *, limit: int, after: int = 0) -> list[Event]:
    with reader.transaction() as connection:
        return list(reversed(event_table.read(connection, limit=limit, after=after)))


def _show(found: list[Event], *, as_json: bool) -> None:
    for event in found:
        if as_json:
            show_document(event_document(event))
        else:
            show_text(_event_line(event))


def _event_line(event: Event) -> str:
    subject = event.model + (f"@{event.version}" if event.version is not None else "")
    head = f"{clock(event.at)}  {event.severity:<7}  "
    said = f"{subject + ': ' if subject else ''}{event.message}"
    columns = room()
    if columns is None:
        return head + said
    return textwrap.fill(
        said,
        max(columns, len(head) + LEAST_PROSE),
        initial_indent=head,
        subsequent_indent=" " * len(head),
        break_on_hyphens=False,
    )


def _jobs_text(found: list[Job], now: float) -> str:
    if not found:
        return "No jobs yet."
    rows = [
        [
            str(job.id),
            str(job.kind),
            job.model + (f"@{job.version}" if job.version is not None else "") or "workspace",
            str(job.state),
            f"{job.done}/{job.total}" if job.total else "",
            job.requested_by,
            age(job.requested_at, now),
            job.error or job.message,
        ]
        for job in found
    ]
    return table(
        ["ID", "KIND", "MODEL", "STATE", "DONE", "BY", "ASKED", "MESSAGE"],
        rows,
        right=("ID", "DONE"),
        room=room(),
        spare=("DONE", "BY", "ASKED"),
        prose="MESSAGE",
    )


def _cancelled_text(job: Job) -> str:
    if job.state is JobState.RUNNING:
        return f"Job {job.id} runs; it ends as soon as it can."
    if job.state is JobState.CANCELLED:
        return f"Job {job.id} is cancelled."
    return (
        f"Job {job.id} had already {job.state}."
        if job.state is not JobState.INTERRUPTED
        else f"Job {job.id} was already interrupted."
    )
