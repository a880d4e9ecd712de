"""Convert a version that the installed framework refuses: write it anew, and hold it against the answers that are kept of it.

It is read by a loader of its own, which knows what may be left out or put otherwise, or, where somebody names another
environment, by that one's. Either way it gives the kept answers before it is written and afterwards, or nothing is handed in.
The old version is not touched, and what is known about it stays.
"""

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.evaluation import golden
from engine.exports import Way, ways
from engine.exports.renewal import ELSEWHERE, THERE, renewal
from engine.jobs import loading
from engine.jobs.check_probe import options_digest
from engine.jobs.checked import format_of
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.delivering import deliver
from engine.jobs.exporting import Made, Origin, converted, keeping, opened, origin_of
from engine.jobs.loading import wanted_version
from engine.jobs.loading_record import CPU
from engine.processes import interpreter as interpreters
from engine.processes import scratch
from engine.processes.client import Hosts
from engine.processes.model_process import ModelProcess
from engine.processes.probes import PlainArray, Probe
from engine.protocols import LOADER, RuntimeSpec
from engine.repairs.afterwards import answered_for
from engine.runtimes import chosen_options, runtime_for
from storage.errors import JobError
from storage.exported import Parity
from storage.fault_records import GoldenAnswers
from storage.job_answers import WrittenAnew
from storage.records import Job, Version
from storage.settings import read_model_settings
from storage.tables import golden as golden_table
from storage.vocabulary import Format, RepairKind

KEPT = "kept examples"
"""What stands where other exports name their data."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Write the version that the job names anew."""
    began = time.monotonic()
    with answered_for(context, job, RepairKind.CONVERT) as answer_for:
        version = wanted_version(context, job)
        source = format_of(version)
        settings = read_model_settings(context.workspace.model_settings(job.model))
        origin = origin_of(context, version, settings)
        with _made(origin, source, job, report) as made:
            report.progress(1, 1, "handing in what was made")
            file = f"train/{job.model}/{deliver(origin, made, job)}"
        answer_for(file, f"{made.way.target}, the same answers")
    answer = WrittenAnew(
        model=job.model,
        version=version.number,
        source=source,
        target=made.way.target,
        file=file,
        sha256=made.artefact.content.sha256,
        parity=made.parity,
        duration_s=time.monotonic() - began,
    )
    told = f"{answer.source} -> {answer.target}: the same answers to {made.parity.n} kept examples; {file} is the next version"
    return Outcome(message=told, result=msgspec.json.encode(answer).decode())


@contextlib.contextmanager
def _made(origin: Origin, source: Format, job: Job, report: Report) -> Iterator[Made]:
    """Write the version anew and compare; what was made lies there until the context is left."""
    context = origin.context
    with contextlib.ExitStack() as stack:
        hosts, runtime, way = _means(stack, context, source, job)
        with keeping(way.name):
            folder = scratch.make(context.workspace.scratch)
            stack.callback(scratch.sweep, folder)
        with _loaded(origin, hosts, runtime, report) as process:
            kept = _kept(context, origin.version, process)
            inputs, outputs = golden.unpack(kept.inputs), golden.unpack(kept.outputs)
            _check(origin, _compared(origin, process, inputs, outputs, report), "as it was read")
            artefact = converted(origin, process, way.routes[0], folder, report)
        with opened(origin, artefact, report) as process:
            report.progress(0, 1, "comparing answers")
            found = _compared(origin, process, inputs, outputs, report)
        _check(origin, found, "as it was written")
        yield Made(way, artefact, found)


def _means(
    stack: contextlib.ExitStack, context: Context, source: Format, job: Job
) -> tuple[Hosts, RuntimeSpec, Way]:
    """Return where a version is read, by what, and how it is written.

    Raises:
        JobError: there is no way.
        UnknownError: the other environment cannot run models.
    """
    if job.parameters.interpreter:
        return _means_there(stack, context, source, Path(job.parameters.interpreter))
    found, runtime = renewal(source), runtime_for(source)
    if found is None:
        raise JobError(f"{source} cannot be rewritten here: {ELSEWHERE[source]}.", f"What is left: {THERE}.")
    way = Way((found.route,))
    if way.lacking or runtime.framework != found.route.framework:
        needed = ", ".join(way.lacking) or found.route.framework
        raise JobError(f"Rewriting {source} needs {needed}, which is not installed.", "Install it first.")
    return context.hosts, found.runtime(runtime), way


def _means_there(
    stack: contextlib.ExitStack, context: Context, source: Format, executable: Path
) -> tuple[Hosts, RuntimeSpec, Way]:
    way = next((one for one in ways(source) if one.quantize is None and len(one.routes) == 1), None)
    if way is None:
        raise JobError(
            f"There is no way from {source} to a format that this environment may read better.",
            "Export it there from the program that made it.",
        )
    interpreter = stack.enter_context(interpreters.other(executable, os.environ))
    inventory = interpreters.inventory(interpreter, os.environ)
    runtime = next((spec for spec in inventory.runtimes if source in spec.formats), None)
    if runtime is None or runtime.framework != way.routes[0].framework:
        raise JobError(
            f"The other environment cannot export {source}.", f"It needs {way.routes[0].framework} for that."
        )
    hosts = Hosts(
        scratch=context.workspace.rehearsal, limits=context.settings.limits, interpreter=interpreter
    )
    stack.callback(hosts.close)
    return hosts, runtime, way


@contextlib.contextmanager
def _loaded(origin: Origin, hosts: Hosts, runtime: RuntimeSpec, report: Report) -> Iterator[ModelProcess]:
    """Load the version from its copy, behind every version's walls; that it fails says nothing new about it."""
    context, version = origin.context, origin.version
    report.progress(0, 1, f"reading version {version.number}")
    options = chosen_options(runtime, origin.settings.runtime) if LOADER not in runtime.options else ()
    with contextlib.ExitStack() as stack:
        try:
            process = stack.enter_context(
                loading.elsewhere(
                    context, version, hosts, runtime, options=options, cancelled=report.cancelled
                )
            )
        except JobError as error:
            error.template = (
                f"{error.template.rstrip('.')}. Or: {THERE}." if error.template else f"What is left: {THERE}."
            )
            raise
        yield process


def _kept(context: Context, version: Version, process: ModelProcess) -> GoldenAnswers:
    """Return what the version answered when it loaded.

    Raises:
        JobError: nothing is on record.
    """
    with context.writer.passing() as connection:
        kept = golden_table.read(
            connection, version.model, version.sha256 or "", options_digest(process.options), CPU
        )
    if kept is None:
        raise JobError(
            f"No answers of {_name(version)} are on record, so that it cannot be shown that what is made of it is the same.",
            f"Export it yourself: {THERE}.",
        )
    return kept


def _compared(
    origin: Origin,
    process: ModelProcess,
    inputs: tuple[PlainArray, ...],
    outputs: tuple[PlainArray, ...],
    report: Report,
) -> Parity:
    """Return how far a process' answers are from those on record."""
    probed = process.probe(
        Probe(inputs=inputs),
        deadline_s=origin.context.settings.limits.evaluation_s,
        cancelled=report.cancelled,
    )
    return golden.parity(outputs, probed.outputs, dataset=KEPT)


def _check(origin: Origin, found: Parity, when: str) -> None:
    if found.tolerance is not None and found.max_difference > found.tolerance:
        raise JobError(
            f"{_name(origin.version)} {when} gives other answers than those on record: they differ by up to "
            f"{found.max_difference:.3g}, and may by {found.tolerance:.3g}.",
            f"Nothing was kept. What is left: {THERE}.",
            code="parity",
        )


def _name(version: Version) -> str:
    return f"{version.model}@{version.number}"
