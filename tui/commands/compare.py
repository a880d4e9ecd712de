"""``modeltender compare``: two versions on the same examples, figure by figure.

The statistics are the engine's; the command asks, waits, and lays out the answer.
"""

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.records import Job, JobParameters, Version
from storage.vocabulary import ExitCode, JobKind, JobState, Role, Verdict
from storage.workspace import Workspace
from tui.commands.arrivals import await_first_evaluation
from tui.commands.documents import ComparedFigureDocument, ComparisonDocument
from tui.commands.figures import number
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.tables import table
from tui.commands.targets import find_model, find_version, target
from tui.commands.waiting import await_job, failure

EXITS = {
    Verdict.SUPERIOR: ExitCode.DONE,
    Verdict.NON_INFERIOR: ExitCode.DONE,
    Verdict.INFERIOR: ExitCode.NO,
    Verdict.INCONCLUSIVE: ExitCode.INCONCLUSIVE,
}

WORDS = {
    Verdict.SUPERIOR: "better",
    Verdict.NON_INFERIOR: "not worse",
    Verdict.INFERIOR: "worse",
    Verdict.INCONCLUSIVE: "not decided",
}
"""What the verdict on a single figure is called: short, so that a row fits into 80 columns."""


UNPAIRED = "unpaired"
UNPAIRED_MARK = "*"
"""Set after figures that no number of each example makes up."""


def version(text: str) -> int | Role:
    """Return which version a word names: a number or a role."""
    found = target(f"model@{text}").version
    if found is None:
        raise click.BadParameter("needs a version.")
    return found


@click.command(epilog="Example: modeltender compare mnist current candidate")
@click.argument("model")
@click.argument("before", metavar="A", type=version)
@click.argument("after", metavar="B", type=version)
@click.option(
    "--latency",
    "latency",
    is_flag=True,
    help="Run both in turns on the device, and compare how long they take.",
)
@click.option("--device", default="cpu", show_default=True, help="Where they run for --latency.")
@standard_options
def compare(
    *,
    workspace: Workspace,
    as_json: bool,
    model: str,
    before: int | Role,
    after: int | Role,
    latency: bool,
    device: str,
) -> int:
    """Compare version B of a model with version A, on the same examples.

    A and B are numbers or roles (current, previous, candidate). Exits with 0 when B is better or shown not to be worse by the gate's margin, 1 when it is worse, 5 when the examples do not decide. Nothing is promoted, and no candidate is counted.
    """
    with to_ask(workspace) as reader:
        old, new = (_evaluated(workspace, reader, model, wanted) for wanted in (before, after))
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
        job = _asked(workspace, reader, JobKind.COMPARE, (old, new), JobParameters(against=old.number))
    document = msgspec.json.decode(job.result, type=ComparisonDocument)
    if as_json:
        show_document(document)
    else:
        show_text(in_words(document))
    return EXITS[document.verdict]


def _evaluated(workspace: Workspace, reader: Reader, model: str, wanted: int | Role) -> Version:
    with reader.transaction() as connection:
        found = find_version(connection, find_model(connection, model), wanted)
    return await_first_evaluation(workspace, reader, found)


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


def in_words(document: ComparisonDocument) -> str:
    """Return a comparison as it is read on a terminal."""
    old, new = document.from_version, document.to_version
    lines = [f"{document.model}: version {new} against version {old}, on the same examples"]
    headings = ["FIGURE", f"V{old}", f"V{new}", "ADVANTAGE", "INTERVAL", ""]
    rows = [_row(figure) for figure in document.figures]
    lines.append(table(headings, rows, right=(f"V{old}", f"V{new}", "ADVANTAGE")))
    lines.extend(_remarks(document))
    return "\n".join(lines)


def _row(figure: ComparedFigureDocument) -> list[str]:
    return [
        figure.name + (UNPAIRED_MARK if figure.method == UNPAIRED else ""),
        number(figure.before),
        number(figure.after),
        _signed(figure.advantage),
        "not known"
        if figure.low is None or figure.high is None
        else f"[{_signed(figure.low)}, {_signed(figure.high)}]",
        WORDS[figure.verdict],
    ]


def _remarks(document: ComparisonDocument) -> list[str]:
    lines = []
    deciding = next((one for one in document.figures if one.name == document.metric), None)
    if deciding is not None:
        lines.append(
            f"advantage: positive is better; intervals hold at {deciding.confidence * 100:.3g}%, n={deciding.n}"
        )
    if any(figure.method == UNPAIRED for figure in document.figures):
        lines.append(
            f"{UNPAIRED_MARK} compared as if on different examples: its interval is wider than need be"
        )
    if document.gained is not None and document.lost is not None:
        p = ""
        if deciding is not None and deciding.p_mid is not None and deciding.p_exact is not None:
            p = f"; McNemar mid-p {deciding.p_mid:.2g}, exact p {deciding.p_exact:.2g}"
        lines.append(
            f"{document.gained} examples only version {document.to_version} has right, "
            f"{document.lost} only version {document.from_version}{p}"
        )
    if document.latency is not None:
        one = document.latency
        lines.append(
            f"latency: {one.ratio:.3f} times as long [{one.low:.3f}, {one.high:.3f}] on {one.device}, "
            f"{one.n} rounds in turns"
        )
    if document.problem:
        lines.append(f"not compared: {document.problem}")
    more = ""
    if deciding is not None and deciding.needed is not None:
        more = f"; if they are equally good, about {deciding.needed - deciding.n:,} more labelled examples decide"
    lines.append(f"{document.verdict} in {document.metric} at a margin of {document.margin:g}{more}")
    return lines


def _signed(value: float) -> str:
    return f"{'-' if value < 0 else '+'}{number(abs(value))}"
