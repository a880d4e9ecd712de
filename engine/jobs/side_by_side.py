"""Measure two versions' latencies side by side: both loaded, in fresh processes on the same cores, run in turns.

A latency job with ``against`` does this instead of a measurement of its own: a figure of another hour is never compared
with. What it finds is put on record for the gate. While one version runs the other one's process sleeps.
"""

import time
from typing import Final

import msgspec

from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.devices import noise
from engine.evaluation.turns import Round, ratio
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading import fresh, wanted_version
from engine.jobs.loading_record import mark_ready
from engine.jobs.reading import mappable
from engine.processes.client import ModelProcess
from engine.processes.protocol import MeasureLatency
from engine.repository.gates import refresh_gates
from storage.errors import JobError
from storage.records import Job, LatencyRatio, Version
from storage.settings import ModelSettings, read_model_settings
from storage.tables import events, gates
from storage.text import clean

ROUNDS: Final = 15
"""Enough for an interval of Student's that is no wider than a normal one by more than a twelfth."""

RUN_S: Final = 0.1
"""A run is short, so that both versions meet the same disturbances; and holds hundreds of queries of a quick model."""

LEAST_QUERIES: Final = 5
LONGEST_RUN_S: Final = 10.0
"""A slow model's run takes as long as so many queries do, up to this."""

WARM_UP_S: Final = 2.0
REWARM_S: Final = 0.01
MOST_QUERIES: Final = 10_000


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Measure the version that the job names beside the one that it is to be held against."""
    after = wanted_version(context, job)
    before = wanted_version(context, msgspec.structs.replace(job, version=job.parameters.against))
    if before.number == after.number:
        raise JobError(f"{job.model}@{after.number} cannot be compared with itself.", "Name two versions.")
    settings = read_model_settings(context.workspace.model_settings(job.model))
    cores, device = noise.allotted_cores(context.hosts.share.alone), job.parameters.device
    with (
        fresh(context, before, device, cores, report.cancelled) as old,
        fresh(context, after, device, cores, report.cancelled) as new,
    ):
        mark_ready(context, before, old, device)
        mark_ready(context, after, new, device)
        watch, began = noise.Watch(old.pid, cores, beside=(new.pid,)), time.monotonic()
        rounds = Turns(context, job, report, settings, rounds=ROUNDS).measured(old, new)
        noisy = noise.doubts(watch.end(), time.monotonic() - began)
    confidence = settings.gate.two_sided
    found = LatencyRatio(
        device, context.now(), *ratio(rounds, confidence), confidence, len(rounds), clean(noisy)
    )
    return _recorded(context, (before, after), settings, found)


class Turns:
    """Runs two processes in turns."""

    def __init__(
        self,
        context: Context,
        job: Job,
        report: Report,
        settings: ModelSettings,
        *,
        rounds: int,
    ) -> None:
        self._context = context
        self._job = job
        self._report = report
        self._settings = settings
        self._rounds = rounds

    def measured(self, old: ModelProcess, new: ModelProcess) -> list[Round]:
        """Warm both up, then run the rounds."""
        for process in (old, new):
            self._durations(process, WARM_UP_S)
        rounds = []
        for number in range(self._rounds):
            self._report.progress(number, self._rounds, "running both in turns")
            turns = (old, new, new, old)
            rounds.append(Round(*(self._durations(process, REWARM_S) for process in turns)))
        self._report.progress(self._rounds, self._rounds, "running both in turns")
        return rounds

    def _durations(self, process: ModelProcess, warm_up_s: float) -> tuple[float, ...]:
        wanted = Wanted(
            self._job.model,
            locate(self._context.workspace, self._job.model, self._settings, self._job.parameters.data),
            process.loaded.inputs,
            self._settings,
        )
        request = MeasureLatency(
            data=str(mappable(self._context, wanted, self._report)),
            preprocess=self._settings.preprocess,
            queries=MOST_QUERIES,
            budget_s=warm_up_s + LONGEST_RUN_S,
            least_s=RUN_S,
            least_queries=LEAST_QUERIES,
            warm_up_s=warm_up_s,
        )
        return process.measure_latency(
            request,
            on_progress=_silent,
            deadline_s=self._context.settings.limits.evaluation_s,
            cancelled=self._report.cancelled,
        ).latencies_ms


def _recorded(
    context: Context, both: tuple[Version, Version], settings: ModelSettings, found: LatencyRatio
) -> Outcome:
    before, after = both
    message = (
        f"version {after.number} takes {found.ratio:.3f} times as long as version {before.number} "
        f"[{found.low:.3f}, {found.high:.3f}]{f'; meanwhile {found.noisy}' if found.noisy else ''}"
    )
    with context.writer.transaction() as connection:
        gates.set_ratio(connection, before.sha256 or "", after.sha256 or "", found)
        events.add(connection, "compared", message, at=context.now(), model=after.model, version=after.number)
        refresh_gates(connection, after.model, settings)
    return Outcome(message=message, result=msgspec.json.encode(found).decode())


def _silent(_done: int, _total: int) -> None:
    """Report nothing: a run is over before its progress could be read."""
