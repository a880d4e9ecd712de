"""Measure how fast a version answers under a scenario, in a fresh process that nothing else disturbs.

The process is new, so that its cold start can be told apart; it is pinned to the cores that the engine may
use; the lane does nothing else meanwhile. What disturbs all the same is watched from here and told with the
figures. Each batch size is recorded as soon as it is measured.
"""

import time
from statistics import median
from typing import Final

import msgspec

from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.devices import noise
from engine.evaluation import search
from engine.evaluation.percentiles import distribution
from engine.jobs import side_by_side
from engine.jobs.companions import loader_source
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.latency_plan import Plan, plan_of, tells_p99
from engine.jobs.latency_record import Sitting, Timed, in_words, measurement, record
from engine.jobs.loading import fresh, wanted_version
from engine.jobs.loading_record import mark_ready
from engine.jobs.reading import mappable
from engine.processes.protocol import LatencyMeasured, MeasureLatency
from storage.records import Job
from storage.settings import read_model_settings
from storage.vocabulary import Scenario

SEARCH_DURATIONS: Final = 8
"""Times the duration that was asked for, which a search over rates may take before it ends with what it has found."""

CONFIRMATIONS: Final = 3
STEP_DOWN: Final = 0.9
"""A rate that a short try kept and the full run loses is tried again this much lower, so often in all."""

SHARES: Final = 1000
"""Progress is told in thousandths of the whole."""


class Answer(msgspec.Struct, frozen=True):
    """What the command that waits is told beside the measurements on record."""

    measurements: tuple[int, ...]
    missed: tuple[str, ...]
    """A sentence for each batch size for which no rate keeps the objective."""
    notes: tuple[str, ...]
    """What else is to be known about the search."""


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Measure the version that the job names, or the current one; or two versions side by side."""
    if job.parameters.against is not None:
        return side_by_side.run(context, job, report)
    version = wanted_version(context, job)
    settings = read_model_settings(context.workspace.model_settings(job.model))
    plan = plan_of(
        job.parameters,
        settings,
        locate(context.workspace, job.model, settings, job.parameters.data),
        loader=loader_source(context.workspace, job.model, settings),
    )
    cores = noise.allotted_cores(context.hosts.share.alone)
    with fresh(context, version, job.parameters.device, cores, report.cancelled) as process:
        mark_ready(context, version, process, job.parameters.device)
        wanted = Wanted(job.model, plan.data, process.loaded.inputs, settings)
        data = mappable(context, wanted, report)
        plan = plan._replace(data=data)
        return Measuring(Sitting(context, job, version, process, plan, cores), report).run()


class Measuring:
    """One job's measurements of one process, step by step."""

    def __init__(self, sitting: Sitting, report: Report) -> None:
        self._sitting = sitting
        self._plan: Plan = sitting.plan
        self._report = report
        self._first_ms = 0.0
        self._recorded: list[int] = []
        self._missed: list[str] = []
        self._notes: list[str] = []
        self._words: list[str] = []
        self._step = 0
        self._steps = 1 + len(self._plan.batches) * (search.TRIES + 2 if self._plan.searches else 1)

    def run(self) -> Outcome:
        """Time the first inference of the process' life, then measure each batch size."""
        self._first_ms = self._ask(self._plan.cold(), "first inference").measured.latencies_ms[0]
        for batch in self._plan.batches:
            self._measure(batch)
        answer = Answer(tuple(self._recorded), tuple(self._missed), tuple(self._notes))
        return Outcome(message="; ".join(self._words), result=msgspec.json.encode(answer).decode())

    def _measure(self, batch: int) -> None:
        if self._plan.scenario is not Scenario.SERVER:
            what = f"batches of {batch}" if batch > 1 else "single queries"
            self._record(batch, self._ask(self._plan.one_after_another(batch), what))
        elif self._plan.qps is not None:
            timed = self._arriving(batch, self._plan.qps, probing=False)
            self._record(batch, timed, target_qps=self._plan.qps)
        else:
            self._search(batch, self._plan.objective_ms or 0.0)

    def _search(self, batch: int, objective_ms: float) -> None:
        """Find the highest rate that keeps the objective, and record a run of full length at it."""
        end = time.monotonic() + SEARCH_DURATIONS * self._plan.duration_s
        last_step = self._step + search.TRIES + 1
        alone = self._ask(self._plan.capacity(batch), "back to back").measured

        def keeps(rate: float) -> bool | None:
            queries = self._plan.queries_at(rate, probing=True)
            if not tells_p99(queries) or time.monotonic() + queries / rate > end:
                return None
            tried = self._arriving(batch, rate, probing=True).measured
            return kept(tried, queries, objective_ms)

        found = search.highest(keeps, len(alone.latencies_ms) * batch / alone.elapsed_s)
        self._step = last_step
        if found.kept is not None:
            if not found.settled:
                self._notes.append(
                    f"The search ended after {found.tries} tries; the most lies between {found.kept:.4g} and "
                    f"{found.lost:.4g} queries a second. A longer --duration finds it more exactly."
                )
            self._confirm(batch, found.kept, objective_ms)
        else:
            which = "a query" if batch == 1 else f"a batch of {batch}"
            alone_ms = median(alone.latencies_ms)
            tried = f"{found.tries} tries down to {found.lost:.3g} queries a second"
            self._miss(batch, f"{tried}; {which} alone takes {alone_ms:.3g} ms (median)")
        self._step = last_step + 1

    def _confirm(self, batch: int, rate: float, objective_ms: float) -> None:
        """Record a run of full length at a rate that short tries kept; a little below it where that loses."""
        timed = self._arriving(batch, rate, probing=False)
        for _ in range(CONFIRMATIONS - 1):
            if _kept_throughout(timed, objective_ms):
                break
            rate *= STEP_DOWN
            timed = self._arriving(batch, rate, probing=False)
        keeps = _kept_throughout(timed, objective_ms)
        self._record(batch, timed, target_qps=rate, max_qps=rate if keeps else None)
        if not keeps:
            self._miss(batch, f"a full run at {rate:.4g} queries a second did not")

    def _arriving(self, batch: int, rate: float, *, probing: bool) -> Timed:
        request = self._plan.arriving(batch, rate, probing=probing)
        return self._ask(request, f"{rate:.4g} queries a second" + (", a try" if probing else ""))

    def _ask(self, request: MeasureLatency, what: str) -> Timed:
        """Ask the process, and watch what goes on around it meanwhile."""
        process, settings = self._sitting.process, self._sitting.context.settings
        watch = noise.Watch(process.pid, self._sitting.cores)

        def hear(done: int, total: int) -> None:
            watch.look()
            share = (self._step + done / max(total, 1)) / self._steps
            self._report.progress(min(round(share * SHARES), SHARES), SHARES, what)

        hear(0, 1)
        measured = process.measure_latency(
            request,
            on_progress=hear,
            deadline_s=request.budget_s + settings.limits.evaluation_s,
            cancelled=self._report.cancelled,
        )
        self._step += 1
        return Timed(measured, watch.end())

    def _record(
        self, batch: int, timed: Timed, *, target_qps: float | None = None, max_qps: float | None = None
    ) -> None:
        new = measurement(
            self._sitting, batch, timed, first_ms=self._first_ms, target_qps=target_qps, max_qps=max_qps
        )
        self._recorded.append(record(self._sitting, new))
        self._words.append(in_words(new))

    def _miss(self, batch: int, why: str) -> None:
        together = f" in batches of up to {batch}" if batch > 1 else ""
        sentence = f"No rate was found that keeps p99 <= {self._plan.objective_ms:g} ms{together}: {why}."
        self._missed.append(sentence)
        self._words.append(sentence)


def _kept_throughout(timed: Timed, objective_ms: float) -> bool:
    """Whether a run of full length kept an objective; one that does not tell has not shown it."""
    return bool(kept(timed.measured, len(timed.measured.latencies_ms), objective_ms))


def kept(measured: LatencyMeasured, queries: int, objective_ms: float) -> bool | None:
    """Whether p99 stayed within an objective; ``None`` where there were too few queries to tell.

    Args:
        measured: what was measured.
        queries: how many were to arrive; a measurement that ended before all had come has lost the objective.
        objective_ms: what p99 was to be at most.
    """
    if measured.unserved or len(measured.latencies_ms) < queries:
        return False
    p99_ms = distribution(measured.latencies_ms).p99_ms
    return None if p99_ms is None else p99_ms <= objective_ms
