"""``modeltender latency``: asks the engine how fast a version answers, waits, and judges the answer."""

import shutil
from collections.abc import Sequence
from typing import Any

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import JobError
from storage.objectives import Judgement, judge_latency, missed
from storage.records import JobParameters, LatencyMeasurement, Version
from storage.settings import read_model_settings
from storage.tables import latencies
from storage.text import NAME, clean
from storage.vocabulary import ExitCode, JobKind, Scenario
from storage.workspace import Workspace
from tui.commands.arrivals import HOPELESS, await_first_evaluation, find_target
from tui.commands.completing import complete_target
from tui.commands.documenting import latency_document
from tui.commands.documents import MeasuredDocument
from tui.commands.latency_figures import measured_text
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, room, show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.targets import Target
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure

P99 = "latency_p99_ms"

LARGEST = 65_536
"""No model takes more examples at a time; the engine refuses it too."""


class Answer(msgspec.Struct, frozen=True):
    """What the job says beside its measurements."""

    missed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def sizes(text: str) -> tuple[int, ...]:
    """Return the batch sizes in ``1,8,32``, each once."""
    words = [word.strip() for word in text.split(",")]
    if not all(word.isascii() and word.isdigit() and 0 < int(word) <= LARGEST for word in words):
        raise click.BadParameter(f"'{clean(text, NAME)}' is no list of batch sizes such as 1,8,32.")
    return tuple(dict.fromkeys(map(int, words)))


@click.command(epilog="Example: modeltender latency mnist --scenario server --objective-ms 20")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option(
    "--scenario",
    type=click.Choice([scenario.value for scenario in Scenario]),
    default=Scenario.SINGLE_STREAM.value,
    show_default=True,
    help="How queries arrive: one after another, all at once, or at random times as users send them.",
)
@click.option(
    "--batch",
    "batch_sizes",
    type=sizes,
    metavar="N,...",
    help="Examples per query, a measurement for each; with server, the most that are answered together. By default 1; "
    "offline 1,8,32.",
)
@click.option("--device", default="cpu", show_default=True, help="Where it runs: cpu, cuda:0, ...")
@click.option(
    "--data", default="", metavar="NAME", help="Which of the model's data files; by default its test data."
)
@click.option(
    "--duration",
    "duration_s",
    type=click.FloatRange(0, 3600, min_open=True),
    metavar="SECONDS",
    help="How long to measure each batch size at least; by default 5, and until there is a p99.",
)
@click.option(
    "--qps",
    type=click.FloatRange(0, 1e6, min_open=True),
    help="With server: queries a second; by default, searches for the most that still meet the objective.",
)
@click.option(
    "--objective-ms",
    type=click.FloatRange(0, min_open=True),
    metavar="MS",
    help=f"The most that p99 may be; with server, by default the model's objective {P99}.",
)
@click.option(
    "--seed",
    type=click.IntRange(0, 2**31 - 1),
    default=0,
    show_default=True,
    help="Seed of the random arrivals.",
)
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def latency(*, workspace: Workspace, as_json: bool, target: Target, no_wait: bool, **asked: Any) -> int:
    """Measure how fast a version answers, in a fresh process that nothing else disturbs.

    VERSION is a number, current, previous or candidate. A percentile is shown only if there were enough queries for it,
    together with whatever disturbed the measurement. Exits with 1 if a latency objective is missed or no rate meets it,
    and with 5 if there were too few queries to tell.
    """
    _check(asked)
    parameters = JobParameters(**asked | {"batch_sizes": asked["batch_sizes"] or ()})
    with to_ask(workspace) as reader:
        version = await_first_evaluation(workspace, reader, find_target(workspace, reader, target))
        name = f"{version.model}@{version.number}"
        if version.status in HOPELESS:
            reason = version.reason or "no reason is known"
            raise JobError(f"{name} cannot be measured: it {version.status.fate}: {reason}")
        job = jobs.submit(
            workspace,
            JobKind.LATENCY,
            version.model,
            version.number,
            requested_by=requester(),
            parameters=parameters,
        )
        if not no_wait:
            return _answer(workspace, reader, version, job.id, parameters, as_json=as_json)
    if as_json:
        show_document(job_document(job))
    else:
        show_text(f"job {job.id} measures the latency of {name}: {job.state}")
    return ExitCode.DONE


def _check(asked: dict[str, Any]) -> None:
    scenario = asked["scenario"] = Scenario(asked["scenario"])
    if asked["qps"] is not None and scenario is not Scenario.SERVER:
        raise click.UsageError("--qps is about --scenario server: in the others nobody sends at a rate.")
    if asked["objective_ms"] is not None and scenario is Scenario.OFFLINE:
        raise click.UsageError("--objective-ms is about single queries: offline everything is there at once.")


def _answer(
    workspace: Workspace,
    reader: Reader,
    version: Version,
    job_id: int,
    parameters: JobParameters,
    *,
    as_json: bool,
) -> int:
    """Wait for the measurements, tell and judge them, and return the exit status."""
    with reader.transaction() as connection:
        job = jobs.read_one(connection, job_id)
    if job is None:
        raise JobError(f"Job {job_id} is gone.", "Try again.")
    ended = await_job(workspace, reader, job)
    error = failure(ended)
    if error is not None:
        raise error
    with reader.transaction() as connection:
        measured = latencies.of_job(connection, ended.id)
    answer = msgspec.json.decode(ended.result, type=Answer)
    judgements = _judgements(workspace, version, parameters, measured)
    met = _met(judgements, answer)
    if as_json:
        show_document(
            MeasuredDocument(
                model=version.model,
                version=version.number,
                measurements=tuple(map(latency_document, measured)),
                met=met,
                missed=answer.missed,
                notes=answer.notes,
            )
        )
        remark("\n".join(judgement.sentence() for judgement in judgements if judgement.met is False))
    else:
        width = shutil.get_terminal_size().columns
        name = f"{version.model}@{version.number}"
        lines = [measured_text(name, measured, width, room())] if measured else []
        sentences = [judgement.sentence() for judgement in judgements]
        show_text("\n".join([*lines, *sentences, *answer.missed, *answer.notes]))
    if met is False:
        return ExitCode.NO
    unknown = any(judgement.met is None and judgement.name == P99 for judgement in judgements)
    return ExitCode.INCONCLUSIVE if unknown else ExitCode.DONE


def _judgements(
    workspace: Workspace, version: Version, parameters: JobParameters, measured: Sequence[LatencyMeasurement]
) -> list[Judgement]:
    """Judge what single queries, or queries as they arrived, say about the objectives of the latency."""
    found: list[Judgement] = []
    settings = read_model_settings(workspace.model_settings(version.model))
    asked = {} if parameters.objective_ms is None else {P99: f"<= {parameters.objective_ms!r}"}
    for one in measured:
        if one.scenario is Scenario.SERVER:
            # Searched for or sent: p99 is what the server scenario is about.
            objectives = {} if one.objective_ms is None else {P99: f"<= {one.objective_ms!r}"}
            # Where queries were never answered, p99 is only known to be higher.
            found += [
                judgement._replace(met=judgement.met and not one.unserved)
                for judgement in judge_latency(objectives, one)
            ]
        elif one.scenario is Scenario.SINGLE_STREAM:
            found += judge_latency((settings.objectives if one.batch_size == 1 else {}) | asked, one)
    return found


def _met(judgements: Sequence[Judgement], answer: Answer) -> bool | None:
    if answer.missed or missed(tuple(judgements)):
        return False
    return True if any(judgement.met for judgement in judgements) else None
