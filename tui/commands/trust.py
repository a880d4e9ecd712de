"""``modeltender trust``: allow what a version was refused for, by the hash of its content, and take that back.

The engine records it and checks the version again at once; the command says what came of that.
"""

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import JobError
from storage.records import JobParameters, Trusted, Version
from storage.tables import models
from storage.tables import trust as trust_table
from storage.vocabulary import ExitCode, JobKind, Status
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation, find_target
from tui.commands.completing import complete_target
from tui.commands.custody_documents import TrustDocument, trusted_document
from tui.commands.figures import clock
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask, to_look
from tui.commands.targets import Target
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure


class TrustAnswer(msgspec.Struct, frozen=True):
    """What the engine says of a change of trust."""

    sha256: str
    trusted: bool
    also: tuple[str, ...] = ()


@click.command(epilog="Example: modeltender trust mnist@3 --reason 'our own Lambda layer, reviewed by Ann'")
@click.argument(
    "target", metavar="MODEL@VERSION", type=as_target, required=False, shell_complete=complete_target
)
@click.option("--reason", default="", metavar="TEXT", help="Why, in words, for the history; needed to trust.")
@click.option("--revoke", is_flag=True, help="Stop trusting this content.")
@click.option("--list", "listed", is_flag=True, help="List what was trusted and revoked, the newest first.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def trust(
    *,
    workspace: Workspace,
    as_json: bool,
    target: Target | None,
    reason: str,
    revoke: bool,
    listed: bool,
    no_wait: bool,
) -> int:
    """Allow a version that was refused because it asks for code by name.

    Trust applies to exactly this content: the same bytes in another version are trusted too, any other bytes are not.
    The sandbox stays: a trusted model is loaded only behind the walls for files, network and system calls. Zip bombs,
    native code, files outside the folder and damage are never allowed. Exits with 3 if the version is trusted but does
    not load.
    """
    if listed:
        return _list(workspace, as_json=as_json)
    if target is None or target.version is None:
        raise click.UsageError(
            "Name the version that is meant: modeltender trust MODEL@VERSION --reason TEXT"
        )
    if not revoke and not reason.strip():
        raise click.UsageError("Trust needs a --reason, which is kept in the history.")
    with to_ask(workspace) as reader:
        version = await_first_evaluation(workspace, reader, find_target(workspace, reader, target))
        job = jobs.submit(
            workspace,
            JobKind.REVOKE if revoke else JobKind.TRUST,
            version.model,
            version.number,
            requested_by=requester(),
            parameters=JobParameters(expected_sha256=version.sha256 or "", reason=reason.strip()),
        )
        if no_wait:
            text = f"job {job.id} will {job.kind} {job.model}@{job.version}: {job.state}"
            return _tell(job_document(job), text, as_json=as_json)
        ended = await_job(workspace, reader, job)
        error = failure(ended)
        if error is not None:
            raise error
        answer = msgspec.json.decode(ended.result, type=TrustAnswer)
        return _report(_checked(workspace, reader, version), answer, as_json=as_json)


def _checked(workspace: Workspace, reader: Reader, version: Version) -> Version:
    """Return the version once the check that trust asked for has ended."""
    with reader.transaction() as connection:
        version = models.version(connection, version.id) or version
    return await_first_evaluation(workspace, reader, version)


def _report(version: Version, answer: TrustAnswer, *, as_json: bool) -> int:
    name = f"{version.model}@{version.number}"
    loads = version.status is Status.READY
    document = TrustDocument(
        model=version.model,
        version=version.number,
        sha256=answer.sha256,
        trusted=answer.trusted,
        also=answer.also,
        status=version.status,
        reason=version.reason,
    )
    if answer.trusted and not loads and not as_json:
        # What was asked for is on record; that it does not help is the news.
        raise JobError(f"{name} is trusted, and does not load: {version.reason or version.status}")
    also = (
        f" So {'is' if len(answer.also) == 1 else 'are'} {', '.join(answer.also)}, the same content."
        if answer.also
        else ""
    )
    first = (
        f"{name} is trusted, and ready."
        if answer.trusted
        else f"{name} is trusted no longer; it {version.status.fate}."
    )
    status = ExitCode.FAILED if answer.trusted and not loads else ExitCode.DONE
    return _tell(document, f"{first}{also}", as_json=as_json, status=status)


def _tell(document: object, text: str, *, as_json: bool, status: int = ExitCode.DONE) -> int:
    if as_json:
        show_document(document)
    else:
        show_text(text)
    return status


def _list(workspace: Workspace, *, as_json: bool) -> int:
    with to_look(workspace) as reader, reader.transaction() as connection:
        found = trust_table.read(connection)
    if as_json:
        show_document([trusted_document(entry) for entry in found])
    else:
        show_text("\n".join(map(_lines, found)) or "Nothing is trusted.")
    return ExitCode.DONE


def _lines(entry: Trusted) -> str:
    what = entry.model + (f"@{entry.version}" if entry.version is not None else ", from quarantine")
    done = "trusted" if entry.granted else "revoked"
    why = f": {entry.reason}" if entry.reason else ""
    return (
        f"{clock(entry.at)}  {done}  {what}  {entry.sha256[:12]}  by {entry.by}{why}\n    for: {entry.found}"
    )
