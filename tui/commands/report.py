"""``modeltender report``: a model's figures, problems and promotions as one page of HTML, for those who were not there."""

import os
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import click
import msgspec

from storage import full_disk
from storage.errors import Error
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.commands.completing import complete_model
from tui.commands.figures import size
from tui.commands.options import moment, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import engine_state, staleness, to_look
from tui.commands.targets import find_model
from tui.report.facts import gather
from tui.report.page import page

STDOUT = "-"


class ReportDocument(msgspec.Struct, frozen=True, kw_only=True):
    """``report``: which file holds it."""

    model: str
    file: str
    bytes: int
    at: datetime


@click.command(epilog="Example: modeltender report mnist --html mnist.html --since 30d")
@click.argument("model", shell_complete=complete_model)
@click.option(
    "--html",
    "file",
    metavar="FILE",
    required=True,
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path, readable=False),
    help="The page that is written; - is standard output.",
)
@click.option(
    "--since", type=moment, metavar="AGE", help="Nothing older: an age (90s, 15m, 7d, 2w) or a date."
)
@standard_options
def report(*, workspace: Workspace, as_json: bool, model: str, file: Path, since: float | None) -> int:
    """Write everything known about a model as one HTML page.

    Charts of its headline figure with the interval and of its latency, with objectives and promotions in them; its
    versions, figures, problems, checks, promotions and devices. The page holds no scripts and needs no network, follows
    light and dark, and prints. A file of that name is replaced.
    """
    to_stdout = str(file) == STDOUT
    if to_stdout and as_json:
        raise click.UsageError("--json and --html - would both go to standard output.")
    with to_look(workspace) as reader:
        with reader.transaction() as connection:
            facts = gather(connection, workspace, find_model(connection, model), since=since or 0.0)
        old = staleness(workspace, engine_state(reader))
    now = time.time()
    content = page(facts, now=now, remark=old)
    if to_stdout:
        show_text(content.removesuffix("\n"))
        return ExitCode.DONE
    written = content.encode()
    _write(file, written)
    if as_json:
        document = ReportDocument(
            model=facts.model.name, file=str(file), bytes=len(written), at=datetime.fromtimestamp(now, UTC)
        )
        show_document(document)
    else:
        show_text(f"The report of {facts.model.name} is in {clean(str(file))} ({size(len(written))}).")
    return ExitCode.DONE


def _write(file: Path, content: bytes) -> None:
    """Write the page whole or not at all: who reads the old one meanwhile keeps it.

    Raises:
        Error: it cannot be written.
    """
    try:
        # Beside the file, so that the last step is a rename.
        handle, name = tempfile.mkstemp(prefix=".report-", dir=file.absolute().parent)
        try:
            with os.fdopen(handle, "wb") as stream:
                stream.write(content)
            os.chmod(name, 0o666 & ~_umask())  # noqa: PTH101 - a report is for others, unlike what mkstemp makes
            os.replace(name, file)  # noqa: PTH105 - the same
        except BaseException:
            os.unlink(name)  # noqa: PTH108 - the same
            raise
    except OSError as error:
        raise Error(
            f"{clean(str(file))} cannot be written: {error.strerror}.",
            full_disk.hint(error, "Name a file in a folder that you may write."),
        ) from None


def _umask() -> int:
    """Return which rights new files do not get; it can only be read by setting it."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
