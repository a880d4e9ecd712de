"""Jobs as rows and as sentences: what runs and how fast, what waits, how the others ended. Pure, as `tui.rows` is."""

import math
from collections.abc import Iterator, Sequence
from functools import partial

from rich.text import Text

from storage.fault_records import Event
from storage.records import Job, JobParameters
from storage.vocabulary import FINISHED, JobKind, JobState
from tui import format as form
from tui.rows import fit
from tui.widgets.table import Row

RATE_FROM, DATED_FROM, DEVICE_FROM = 76, 90, 110
"""Cells from which there is room for how many a second, for the date of an end, and for the device."""

KIND_CELLS = 11

LABEL_CELLS = 11
"""Of what a sentence about a job is about."""

DEVICE_CELLS = 8

PACES = ((1, "s"), (60, "min"), (3600, "h"))
"""Seconds of a unit of time, and the unit."""

EACH = {"s": "a second", "min": "a minute", "h": "an hour"}

RECORDED_S = 1.0
"""What a job brought about may be recorded a moment after its end."""

ON_A_DEVICE = frozenset({JobKind.EVALUATE, JobKind.LATENCY, JobKind.EARLY, JobKind.CHECK})
"""Kinds of work that a device is chosen for; the others have none, whatever their row says."""


def parts(job: Job) -> dict[str, str]:
    """Return what a filter looks at."""
    return {
        "id": f"J{job.id}",
        "kind": job.kind.value,
        "model": f"{job.model} {version_of(job)}",
        "state": job.state.value,
        "by": job.requested_by,
        "text": f"{job.message} {job.error}",
    }


def version_of(job: Job) -> str:
    """Return the version that a job is about, or nothing where it is about the whole model."""
    return "" if job.version is None else f"v{job.version}"


def device_of(job: Job) -> str:
    """Return the device that a job was asked to use, or nothing where none plays a part."""
    return job.parameters.device if job.kind in ON_A_DEVICE else ""


def heading(width: int) -> Text:
    """Return the columns' titles."""
    device = f"{'DEVICE':<{DEVICE_CELLS}} " if width >= DEVICE_FROM else ""
    return Text(f"{'ID':<6}{'ACTION':<{KIND_CELLS}} {'MODEL':<{_name_cells(width)}} {device}STATE", "dim")


def rows(jobs: Sequence[Job], width: int, now: float) -> list[Row]:
    """Return a row a job."""
    return [Row(job.id, (partial(_line, job, width, now),)) for job in jobs]


def _name_cells(width: int) -> int:
    return max(16, min(32, width - 58))


def _line(job: Job, width: int, now: float) -> Text:
    name = Text(f"{job.model} {version_of(job)}".rstrip())
    name.truncate(_name_cells(width), overflow="ellipsis", pad=True)
    line = Text.assemble((f"{f'J{job.id}':<6}", "bold"), f"{job.kind:<{KIND_CELLS}.{KIND_CELLS}} ", name, " ")
    if width >= DEVICE_FROM:
        line.append(f"{device_of(job):<{DEVICE_CELLS}.{DEVICE_CELLS}} ", "dim")
    line.append_text(_state(job, width, now))
    if job.state not in FINISHED or job.finished_at is None:
        return fit(line, width)
    at = form.when(job.finished_at, now, form.MOMENT_CELLS if width >= DATED_FROM else 0)
    line = fit(line, width - len(at) - 1)
    line.pad_right(width - len(at) - line.cell_len)
    return line.append(at, "dim")


def _state(job: Job, width: int, now: float) -> Text:
    if job.state is JobState.QUEUED:
        return Text("waiting", "dim")
    if job.state is JobState.SUCCEEDED:
        return Text.assemble(("done ", "green"), job.message)
    if job.state is not JobState.RUNNING:
        return Text.assemble((f"{job.state.upper()} ", "bold yellow"), job.error)
    share = job.done / job.total if job.total else None
    told = Text.assemble((form.bar(share, 10), "cyan"), " running" if share is None else f" {share:>4.0%}")
    speed, rest = rate(job, now), remaining(job, now)
    if speed is not None and width >= RATE_FROM:
        amount, unit = _pace(speed)
        told.append(f" {f'{amount}/{unit}':>8}", "dim")
    if rest is not None:
        told.append(f" {form.left(rest):>6} left", "dim")
    return told if share else told.append(f" {job.message}", "dim")


def rate(job: Job, now: float) -> float | None:
    """Return how much of a running job is done in a second, so far; ``None`` before anything is."""
    passed = 0.0 if job.started_at is None else now - job.started_at
    return job.done / passed if job.done and passed > 0 else None


def remaining(job: Job, now: float) -> float | None:
    """Return the seconds that a running job still takes if it goes on as it did, or ``None`` where nobody can tell."""
    speed = rate(job, now)
    return None if speed is None or job.done >= job.total else (job.total - job.done) / speed


def about(
    job: Job, now: float, curves: Sequence[tuple[str, Text]] = (), events: Sequence[Event] = ()
) -> list[Text]:
    """Return everything that is known of a job, in sentences; `curves` tell how a training goes, of `events` it takes those of its time."""
    first, *rest = (*_facts(job, now), *_meanwhile(job, events))
    return [
        Text.assemble((f"{name:<{LABEL_CELLS}}", "dim"), said)
        for name, said in (first, *curves, *rest)
        if said.plain
    ]


def _facts(job: Job, now: float) -> Iterator[tuple[str, Text]]:
    yield "state", _course(job, now)
    if job.state is JobState.RUNNING and job.total:
        yield "progress", Text(_progress(job, now))
    yield "error", Text(job.error, "bold yellow")
    yield "what helps", Text(job.hint)
    yield ("result" if job.state in FINISHED else "doing"), Text(job.message)
    yield "asked", Text(f"by {job.requested_by} at {form.moment(job.requested_at, now)}")
    yield "device", Text(device_of(job))
    yield "options", Text(", ".join(_parameters(job)))


def _meanwhile(job: Job, events: Sequence[Event]) -> Iterator[tuple[str, Text]]:
    """Return what was recorded of its model while a job ran, the oldest first."""
    if job.started_at is None or not job.model:
        return
    end = math.inf if job.finished_at is None else job.finished_at + RECORDED_S
    label = "meanwhile"
    for event in reversed(events):
        # That it failed, and why, stands above already.
        told = job.state is JobState.FAILED and event.code == f"{job.kind}-failed"
        if event.model == job.model and job.started_at <= event.at <= end and not told:
            yield label, Text.assemble((f"{form.second(event.at)}  ", "dim"), event.message)
            label = ""


def _course(job: Job, now: float) -> Text:
    if job.state is JobState.QUEUED:
        return Text("waits for the jobs before it")
    if job.started_at is None:
        return Text(f"{job.state} before it began")
    if job.finished_at is None:
        return Text(f"running since {form.moment(job.started_at, now)}")
    return Text(
        f"{job.state} at {form.moment(job.finished_at, now)} after {_took(job.finished_at - job.started_at)}"
    )


def _took(seconds: float) -> str:
    if seconds >= form.DAYS_FROM_S:
        return form.left(seconds)
    if seconds >= 3600:
        return f"{form.left(seconds)} h"
    return f"{seconds:.1f} s" if seconds < 60 else f"{form.left(seconds)} min"


def _progress(job: Job, now: float) -> str:
    speed, rest = rate(job, now), remaining(job, now)
    told = f"{job.done:,} of {job.total:,}"
    if speed is not None:
        amount, unit = _pace(speed)
        told += f", {amount} {EACH[unit]}"
    return told if rest is None else f"{told}, about {form.left(rest)} left"


def _pace(speed: float) -> tuple[str, str]:
    """Return how much is done, and in which unit of time that is at least one: an epoch may take minutes."""
    each, unit = next((pair for pair in PACES if speed * pair[0] >= 1), PACES[-1])
    amount = speed * each
    return f"{amount:,.0f}" if amount >= 10 else f"{amount:.1f}", unit


def _parameters(job: Job) -> Iterator[str]:
    """Return what was asked for beyond the usual."""
    asked, usual = job.parameters, JobParameters()
    if asked.data:
        yield f"data {asked.data}"
    if asked.against is not None:
        yield f"against v{asked.against}"
    if asked.scenario is not usual.scenario:
        yield f"scenario {asked.scenario}"
    if asked.force:
        yield "the gate overruled"
    if asked.reason:
        yield f"reason: {asked.reason}"
