"""``modeltender compare``: two versions on the same examples, figure by figure.

The statistics are the engine's; the command asks, waits, and lays out the answer.
"""

import click
import msgspec

from storage import jobs
from storage.comparisons import Compared, ComparedFigure
from storage.database import Reader
from storage.records import Job, JobParameters, Version
from storage.vocabulary import ExitCode, JobKind, JobState, Role, Verdict
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation, find_target
from tui.commands.compare_text import UNPAIRED, UNPAIRED_MARK, WORDS, interval, remarks, signed
from tui.commands.completing import complete_model, complete_version
from tui.commands.figures import number
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.tables import table
from tui.commands.targets import Target, find_model, find_version, target
from tui.commands.waiting import await_job, failure

EXITS = {
    Verdict.SUPERIOR: ExitCode.DONE,
    Verdict.NON_INFERIOR: ExitCode.DONE,
    Verdict.INFERIOR: ExitCode.NO,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}

ON_RECORD = "Both had answered these examples already, so nothing was run and all of them count."


def version(text: str) -> int | Role:
    """Return which version a word names: a number or a role."""
    found = target(f"model@{text}").version
    if found is None:
        raise click.BadParameter("needs a version.")
    return found


@click.command(epilog="Example: modeltender compare mnist current candidate")
@click.argument("model", shell_complete=complete_model)
@click.argument("before", metavar="A", type=version, shell_complete=complete_version)
@click.argument("after", metavar="B", type=version, shell_complete=complete_version)
@click.option(
    "--latency",
    "latency",
    is_flag=True,
    help="Run both in alternation on the device, and compare their latency.",
)
@click.option(
    "--early",
    is_flag=True,
    help="Run versions without recorded answers on examples drawn at random, and stop as soon as they decide.",
)
@click.option("--data", default="", metavar="NAME", help="With --early: which of the model's data files.")
@click.option("--device", default="cpu", show_default=True, help="Where they run for --latency and --early.")
@standard_options
def compare(
    *,
    workspace: Workspace,
    as_json: bool,
    model: str,
    before: int | Role,
    after: int | Role,
    latency: bool,
    early: bool,
    data: str,
    device: str,
) -> int:
    """Compare version B of a model with version A, on the same examples.

    A and B are numbers or roles (current, previous, candidate). Exits with 0 when B is better or shown not to be worse by the gate's margin, 1 when it is worse, 5 when the examples do not decide. Nothing is promoted, and no candidate is counted.

    With --early it does not wait for evaluations: a version without recorded answers runs on examples in random order
    until they decide, and the verdict holds although it looked many times. --data uses another data file than the
    model's test data.
    """
    if data and not early:
        raise click.UsageError("--data needs --early: without it what is on record is compared.")
    with to_ask(workspace) as reader:
        old, new = (_wanted(workspace, reader, model, wanted, early=early) for wanted in (before, after))
        if old.number == new.number:
            raise click.UsageError(f"A and B are the same: version {old.number}.")
        if latency:
            _asked(
                workspace,
                reader,
                JobKind.LATENCY,
                (old, new),
                JobParameters(against=old.number, device=device),
            )
        kind, parameters = JobKind.COMPARE, JobParameters(against=old.number)
        if early:
            kind, parameters = JobKind.EARLY, msgspec.structs.replace(parameters, device=device, data=data)
        job = _asked(workspace, reader, kind, (old, new), parameters)
    document = msgspec.json.decode(job.result, type=Compared)
    if as_json:
        show_document(document)
    else:
        show_text(in_words(document))
        remark(ON_RECORD if early and document.early is None else "")
    return EXITS[document.verdict]


def _wanted(workspace: Workspace, reader: Reader, model: str, wanted: int | Role, *, early: bool) -> Version:
    if wanted is Role.CANDIDATE:
        found = find_target(workspace, reader, Target(model, wanted))
    else:
        with reader.transaction() as connection:
            found = find_version(connection, find_model(connection, model), wanted)
    return found if early else await_first_evaluation(workspace, reader, found)


def _asked(
    workspace: Workspace,
    reader: Reader,
    kind: JobKind,
    both: tuple[Version, Version],
    parameters: JobParameters,
) -> Job:
    job = jobs.submit(
        workspace, kind, both[1].model, both[1].number, requested_by=requester(), parameters=parameters
    )
    ended = await_job(workspace, reader, job)
    error = failure(ended)
    if error is not None:
        if ended.state is JobState.FAILED and ended.code == Verdict.INCONCLUSIVE:
            error.exit_code = ExitCode.INCONCLUSIVE
        raise error
    return ended


def in_words(document: Compared) -> str:
    """Return a comparison as it is read on a terminal."""
    old, new = document.from_version, document.to_version
    lines = [f"{document.model}: version {new} against version {old}, on the same examples"]
    headings = ["FIGURE", f"V{old}", f"V{new}", "ADVANTAGE", "INTERVAL", ""]
    rows = [_row(figure) for figure in document.figures]
    lines.append(table(headings, rows, right=(f"V{old}", f"V{new}", "ADVANTAGE")))
    lines.extend(remarks(document))
    return "\n".join(lines)


def _row(figure: ComparedFigure) -> list[str]:
    return [
        figure.name + (UNPAIRED_MARK if figure.method == UNPAIRED else ""),
        number(figure.before),
        number(figure.after),
        signed(figure.advantage),
        interval(figure),
        WORDS[figure.verdict],
    ]
