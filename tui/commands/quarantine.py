"""``modeltender quarantine``: what looks made to do harm, and what is to become of it.

The list is read; releasing and deleting are asked of the engine, which alone moves and removes files.
"""

import sys

import click

from storage import jobs
from storage.records import Job, JobParameters, Quarantined, Version
from storage.tables import models
from storage.tables import quarantine as quarantine_table
from storage.vocabulary import Custody, ExitCode, JobKind
from storage.workspace import Workspace
from tui import allowance
from tui.commands.custody_documents import marked_document, quarantined_document
from tui.commands.figures import clock, size
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_ask, to_look
from tui.commands.waiting import await_job, failure

OVER = frozenset({Custody.RELEASED, Custody.DELETED})
"""States of entries that are history."""

REASON = click.option("--reason", default="", metavar="TEXT", help="Why, in words, for the history.")


@click.group(epilog="Example: modeltender quarantine list")
def quarantine() -> None:
    """Look after files that were refused because they look malicious.

    Files that arrive in train/ are moved out of it, into .modeltender/quarantine/; version folders that people put
    into models/ are theirs, and are only marked.
    """


@quarantine.command(
    "list",
    short_help="List what is in quarantine, and what helps.",
    epilog="Example: modeltender quarantine list --json",
)
@click.option("--all", "everything", is_flag=True, help="Include released and deleted entries.")
@standard_options
def list_(*, workspace: Workspace, as_json: bool, everything: bool) -> int:
    """List what is in quarantine, with what was found, since when, and how to get it out."""
    with to_look(workspace) as reader, reader.transaction() as connection:
        entries = [
            entry for entry in quarantine_table.read(connection) if everything or entry.state not in OVER
        ]
        marked = models.quarantined(connection)
    if as_json:
        show_document([*map(quarantined_document, entries), *map(marked_document, marked)])
    else:
        lines = [*map(_entry_lines, entries), *map(_marked_lines, marked)]
        show_text("\n".join(lines) or "The quarantine is empty.")
    return ExitCode.DONE


@quarantine.command(
    short_help="Trust an entry's content and put it back into train/.",
    epilog="Example: modeltender quarantine release 3 --reason 'our own layer, reviewed by Ann'",
)
@click.argument("entry", metavar="ID", type=click.IntRange(min=1))
@REASON
@standard_options
def release(*, workspace: Workspace, as_json: bool, entry: int, reason: str) -> int:
    """Trust the content of an entry and put it back into train/, from where it becomes the next version.

    Exits with 1 if what was found cannot be trusted.
    """
    if not reason.strip():
        raise click.UsageError("A release needs a --reason, which is kept in the history.")
    return _ask(workspace, JobKind.RELEASE, entry, reason, as_json=as_json)


@quarantine.command(epilog="Example: modeltender quarantine delete 3 --yes")
@click.argument("entry", metavar="ID", type=click.IntRange(min=1))
@REASON
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@standard_options
def delete(*, workspace: Workspace, as_json: bool, entry: int, reason: str, yes: bool) -> int:
    """Remove an entry for good; a record of it stays."""
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("There is nobody to ask here: confirm with --yes.")
        with to_look(workspace) as reader, reader.transaction() as connection:
            found = quarantine_table.read_one(connection, entry)
        what = f"{found.name} of {found.model}" if found else f"entry {entry}"
        click.confirm(f"Remove {what} for good?", abort=True, err=True)
    return _ask(workspace, JobKind.DELETE, entry, reason, as_json=as_json)


def _ask(workspace: Workspace, kind: JobKind, entry: int, reason: str, *, as_json: bool) -> int:
    """Have the engine do something with an entry, and tell what became of it."""
    with to_ask(workspace) as reader:
        with reader.transaction() as connection:
            found = quarantine_table.read_one(connection, entry)
        job = _done(
            await_job(
                workspace,
                reader,
                jobs.submit(
                    workspace,
                    kind,
                    found.model if found else "",
                    requested_by=requester(),
                    parameters=JobParameters(entry=entry, reason=reason.strip()),
                ),
            )
        )
        with reader.transaction() as connection:
            now = quarantine_table.read_one(connection, entry)
    if as_json and now is not None:
        show_document(quarantined_document(now))
    else:
        show_text(f"Entry {entry}: {job.message}.")
    return ExitCode.DONE


def _done(job: Job) -> Job:
    error = failure(job)
    if error is not None:
        raise error
    return job


def _evidence(found: tuple[str, ...]) -> list[str]:
    """Return what was found besides what the reason says."""
    return [f"      found: {'; '.join(found)}"] if len(found) > 1 else []


def _entry_lines(entry: Quarantined) -> str:
    first = (
        f"{entry.id:>4}  train/{entry.model}/{entry.name}  {size(entry.bytes)}  {entry.state}, "
        f"found {clock(entry.found_at)}"
    )
    lines = [first, f"      {entry.reason}", *_evidence(entry.evidence)]
    if entry.state is Custody.KEPT:
        lines.append(f"      {allowance.way_out(entry)}")
    elif entry.at is not None:
        why = f": {entry.why}" if entry.why else ""
        lines.append(f"      {entry.state} {clock(entry.at)} by {entry.by}{why}")
    return "\n".join(lines)


def _marked_lines(version: Version) -> str:
    refusal = version.refusal
    since = f", found {clock(refusal.at)}" if refusal else ""
    first = f"   -  models/{version.model}/{version.number}  {size(version.bytes)}  marked{since}"
    allow = allowance.command(version)
    lines = [first, f"      {version.reason}", *_evidence(refusal.evidence if refusal else ())]
    return "\n".join([*lines, f"      if you trust it: {allow}"] if allow else lines)
