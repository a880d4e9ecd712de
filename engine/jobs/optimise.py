"""Optimise a version: make every variant that there is a way to, measure each beside it, and say which one to choose.

Variants are made and measured one after another, since each measurement wants the machine to itself. They are chosen by
validation data, so that the gate's test data have decided nothing when a kept one comes before it. Nothing is kept as a
version unless that was asked for.
"""

import contextlib
from typing import Final, NamedTuple

import msgspec

from engine.devices import noise
from engine.evaluation import pareto
from engine.evaluation.pareto import Rated, times
from engine.exports import Way, ways
from engine.jobs.checked import format_of
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.delivering import deliver
from engine.jobs.exporting import Made, Origin, made, origin_of
from engine.jobs.loading import fresh, wanted_version
from engine.jobs.loading_record import CPU, mark_ready
from engine.jobs.variants import Bench, Beside, Measured
from engine.processes.endings import CANCELLED, LOST
from storage.errors import JobError, UnknownError
from storage.optimised import FailedVariant, Optimised, Variant
from storage.records import Job, Metric
from storage.settings import read_model_settings
from storage.vocabulary import Format

PARETO: Final = "pareto"
"""What is kept where every variant that no other one dominates is to be."""


class Tried(NamedTuple):
    """A variant that was made and measured; it lies there until the job ends."""

    made: Made
    beside: Beside


class Told(NamedTuple):
    """A report that says which variant is being tried, and counts variants."""

    report: Report
    way: Way
    place: int
    """From 1."""
    total: int

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Pass on what is being done; how far that is says nothing about the whole."""
        del done, total
        words = f"{self.way.name} ({self.place} of {self.total}): {message or 'evaluating'}"
        self.report.progress(self.place - 1, self.total, words)

    def figure(self, figure: Metric) -> None:
        """Keep to the variants: a figure so far would not say of which."""

    def cancelled(self) -> bool:
        """Whether the job's end was asked for."""
        return self.report.cancelled()


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Try every variant of the version that the job names, or of the current one."""
    version = wanted_version(context, job)
    source = format_of(version)
    found = ways(source)
    _check_names(job.parameters.keep, source, found)
    origin = origin_of(context, version, read_model_settings(context.workspace.model_settings(job.model)))
    cores = noise.allotted_cores(context.hosts.share.alone)
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(fresh(context, version, CPU, cores, report.cancelled))
        mark_ready(context, version, process, CPU)
        bench = Bench(origin, job, report, process, cores)
        tried, failed = _try_all(stack, origin, bench, found, report)
        answer = _answer(job, origin, bench, tried, tuple(failed))
        kept = _keep(job, origin, answer, tried)
    rows = tuple(
        msgspec.structs.replace(row, file=kept[row.name]) if row.name in kept else row
        for row in answer.variants
    )
    answer = msgspec.structs.replace(answer, variants=rows)
    return Outcome(message=answer.recommendation, result=msgspec.json.encode(answer).decode())


def _check_names(keep: tuple[str, ...], source: Format, found: tuple[Way, ...]) -> None:
    names = [way.name for way in found]
    if not names:
        raise UnknownError(
            f"Nothing can be made of {source} here.", "docs/export.md lists what can be made of what."
        )
    unknown = next((name for name in keep if name not in {*names, PARETO}), None)
    if unknown is not None:
        raise UnknownError(
            f"There is no variant {unknown} of {source}.", f"There are: {', '.join((*names, PARETO))}"
        )


def _try_all(
    stack: contextlib.ExitStack, origin: Origin, bench: Bench, found: tuple[Way, ...], report: Report
) -> tuple[list[Tried], list[FailedVariant]]:
    """Make and measure each variant; one that fails is told and keeps no other one from being tried."""
    tried, failed = [], []
    for place, way in enumerate(found, 1):
        told = Told(report, way, place, len(found))
        try:
            variant = stack.enter_context(made(origin, way, told))
            tried.append(Tried(variant, bench.beside(variant, told)))
        except JobError as error:
            if error.code in {CANCELLED, LOST} or not bench.alive:
                # Without the original nothing can be held against it, and no variant is to blame.
                raise
            failed.append(FailedVariant(name=way.name, reason=error.message))
    if not tried:
        raise JobError(
            f"No variant of {origin.version.model}@{origin.version.number} could be made: "
            + " ".join(f"{one.name}: {one.reason}" for one in failed)
        )
    return tried, failed


def _answer(
    job: Job, origin: Origin, bench: Bench, tried: list[Tried], failed: tuple[FailedVariant, ...]
) -> Optimised:
    # It ran beside each variant; where it was disturbed least it shows what it can do.
    original = bench.original(min((one.beside.original for one in tried), key=lambda seen: seen.mean_ms))
    base = _rated(str(origin.version.format), original, None)
    rated = {one.made.way.name: _rated(one.made.way.name, one.beside.measured, one.beside) for one in tried}
    worth = pareto.front([base, *rated.values()])
    chosen = pareto.recommended(base, list(rated.values()))
    rows = [_row(one, pareto=one.made.way.name in worth) for one in tried]
    compared = tried[0].beside.compared
    notes = []
    if not origin.calibrating:
        notes.append(
            "There are no validation data: the variants were compared on the test data, so whatever is kept has been chosen by them."
        )
    return Optimised(
        model=job.model,
        version=origin.version.number,
        metric=original.metric.name,
        margin=origin.settings.gate.margin,
        confidence=compared.confidence,
        dataset=origin.dataset,
        n=original.metric.n,
        original=_original_row(origin, original, pareto=base.name in worth),
        variants=tuple(sorted(rows, key=lambda row: -(row.faster or 0))),
        failed=failed,
        recommended=None if chosen is None else chosen.name,
        recommendation=_recommendation(origin, base, chosen, tried),
        notes=tuple(notes),
    )


def _rated(name: str, measured: Measured, beside: Beside | None) -> Rated:
    if beside is None:
        return Rated(name, 0.0, measured.bytes)
    compared = beside.compared
    return Rated(name, compared.advantage, measured.bytes, beside.faster, compared.verdict, measured.missed)


def _original_row(origin: Origin, measured: Measured, *, pareto: bool) -> Variant:
    source = format_of(origin.version)
    return Variant(
        name=str(source),
        format=source,
        quantize=None,
        value=measured.metric.value,
        p50_ms=measured.latency.p50_ms,
        bytes=measured.bytes,
        peak_rss_bytes=measured.peak_rss_bytes,
        load_s=measured.load_s,
        missed=measured.missed,
        pareto=pareto,
    )


def _row(one: Tried, *, pareto: bool) -> Variant:
    measured, compared, faster = one.beside.measured, one.beside.compared, one.beside.faster
    return Variant(
        name=one.made.way.name,
        format=one.made.way.target,
        quantize=one.made.way.quantize,
        value=measured.metric.value,
        p50_ms=measured.latency.p50_ms,
        bytes=measured.bytes,
        peak_rss_bytes=measured.peak_rss_bytes,
        load_s=measured.load_s,
        missed=measured.missed,
        pareto=pareto,
        advantage=compared.advantage,
        low=compared.low,
        high=compared.high,
        verdict=compared.verdict,
        faster=faster.value,
        faster_low=faster.low,
        faster_high=faster.high,
        noisy=one.beside.noisy,
        parity=one.made.parity,
        sha256=one.made.artefact.content.sha256,
    )


def _recommendation(origin: Origin, base: Rated, chosen: Rated | None, tried: list[Tried]) -> str:
    gate, name = origin.settings.gate, f"{origin.version.model}@{origin.version.number}"
    if chosen is None:
        fastest = max(tried, key=lambda one: one.beside.faster.value)
        return (
            f"Keep {name} as it is: no variant that is shown not to be worse and keeps the objectives is faster, "
            f"or as fast and smaller. The fastest of all is {_in_words(fastest, base, gate.margin)}."
        )
    one = next(one for one in tried if one.made.way.name == chosen.name)
    return f"Choose {_in_words(one, base, gate.margin)}."


def _in_words(one: Tried, base: Rated, margin: float) -> str:
    """Return what a variant gives and costs: ``litert-int8: 11x faster, 4x smaller, accuracy -0.2 points [-0.6, +0.2], ...``."""
    compared, measured = one.beside.compared, one.beside.measured
    share = 0 <= compared.before <= 1 and 0 <= compared.after <= 1
    scale, unit = (100, " points") if share else (1, "")
    says = "rules out" if compared.verdict in pareto.NOT_WORSE else "does not rule out"
    figures = (
        f"{compared.metric} {compared.advantage * scale:+.2g}{unit} "
        f"[{compared.low * scale:+.2g}, {compared.high * scale:+.2g}]"
    )
    missed = f"; {'; '.join(measured.missed)}" if measured.missed else ""
    return (
        f"{one.made.way.name}: {times(one.beside.faster.value, 'faster', 'slower')}, "
        f"{times(base.bytes / max(measured.bytes, 1), 'smaller', 'larger')}, {figures}, "
        f"which {says} a loss of {margin * scale:g}{unit}{missed}"
    )


def _keep(job: Job, origin: Origin, answer: Optimised, tried: list[Tried]) -> dict[str, str]:
    """Hand in what was asked to be kept; return where each lies now."""
    wanted = set(job.parameters.keep)
    if PARETO in wanted:
        wanted |= {row.name for row in answer.variants if row.pareto}
    return {
        one.made.way.name: f"train/{job.model}/{deliver(origin, one.made, job)}"
        for one in tried
        if one.made.way.name in wanted
    }
