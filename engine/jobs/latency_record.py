"""A latency measurement as it goes on record: the model process' durations become figures here."""

from typing import NamedTuple

from engine.devices import noise
from engine.evaluation.percentiles import distribution
from engine.jobs.checked import runtime_of
from engine.jobs.context import Context
from engine.jobs.latency_plan import Plan
from engine.processes.client import ModelProcess
from engine.processes.protocol import LatencyMeasured
from storage.records import Job, NewLatencyMeasurement, Surroundings, Version
from storage.tables import events, latencies
from storage.vocabulary import Scenario


class Sitting(NamedTuple):
    """What one job measures, where, and for whom."""

    context: Context
    job: Job
    version: Version
    process: ModelProcess
    plan: Plan
    cores: tuple[int, ...]


class Timed(NamedTuple):
    """One answer of the model process, and what went on around it."""

    measured: LatencyMeasured
    surroundings: Surroundings


def measurement(
    sitting: Sitting,
    batch: int,
    timed: Timed,
    *,
    first_ms: float,
    target_qps: float | None,
    max_qps: float | None,
) -> NewLatencyMeasurement:
    """Return the figures of one batch size."""
    measured, plan, version = timed.measured, sitting.plan, sitting.version
    loaded = sitting.process.loaded
    found = distribution(measured.latencies_ms)
    answered = found.n - measured.unserved
    runtime = runtime_of(version)
    return NewLatencyMeasurement(
        scenario=plan.scenario,
        batch_size=batch,
        device=sitting.job.parameters.device,
        seed=plan.seed,
        warmup=measured.warmup,
        duration_s=measured.elapsed_s,
        **found._asdict(),
        # A query of the server scenario is one example, however many are answered together.
        throughput=answered * (1 if plan.scenario is Scenario.SERVER else batch) / measured.elapsed_s,
        # A queue that was cut off is still growing, however alike the ages of those who wait in it.
        stable=measured.stable and not measured.unserved,
        noisy=noise.doubts(timed.surroundings, measured.elapsed_s),
        surroundings=timed.surroundings,
        target_qps=target_qps,
        achieved_qps=None if target_qps is None else answered / measured.elapsed_s,
        objective_ms=plan.objective_ms,
        max_qps=max_qps,
        unserved=measured.unserved,
        load_s=loaded.load_s,
        first_ms=first_ms,
        peak_rss_bytes=sitting.process.peak_rss_bytes(),
        dataset_name=plan.dataset,
        artefact_sha256=version.sha256 or "",
        preprocessing_sha256=plan.preprocessing_sha256,
        runtime=runtime.name,
        runtime_version=loaded.version_of(runtime.name),
        isolation=sitting.process.isolation,
    )


def record(sitting: Sitting, new: NewLatencyMeasurement) -> int:
    """Write a measurement and a line of the log, and return its id."""
    version, job = sitting.version, sitting.job
    with sitting.context.writer.transaction() as connection:
        at = sitting.context.now()
        events.add(
            connection,
            "latency-measured",
            f"latency of version {version.number}: {in_words(new)}",
            at=at,
            model=version.model,
            version=version.number,
        )
        return latencies.add(connection, version.id, new, job_id=job.id, at=at, requested_by=job.requested_by)


def in_words(new: NewLatencyMeasurement) -> str:
    """Return a measurement in a few words, for the log."""
    figures = [f"p50 {new.p50_ms:.3g} ms"]
    if new.p99_ms is not None:
        figures.append(f"p99 {new.p99_ms:.3g} ms")
    if new.target_qps is None or new.achieved_qps is None:
        figures.append(f"{new.throughput:.4g} examples/s")
    else:
        figures.append(f"{new.achieved_qps:.4g} of {new.target_qps:.4g} queries/s")
    return f"{new.scenario}, batch {new.batch_size}: {', '.join(figures)}"
