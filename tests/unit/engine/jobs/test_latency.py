"""Latency jobs on real models in real confined processes."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from engine import jobs as kinds
from engine.devices import noise
from engine.evaluation.percentiles import queries_needed
from engine.jobs import latency, loading, side_by_side
from engine.jobs.context import Context
from engine.jobs.latency import Answer
from engine.processes.client import Hosts
from engine.processes.endings import CANCELLED
from engine.processes.pool import Pool
from engine.processes.protocol import LatencyMeasured
from storage import jobs
from storage.database import Writer
from storage.errors import Error, JobError
from storage.records import Job, JobParameters, LatencyMeasurement, Metric, Version
from storage.settings import WorkspaceSettings
from storage.tables import events, gates, latencies, models
from storage.vocabulary import JobKind, Scenario, Status
from storage.workspace import Workspace
from tests.artefacts import record_version
from tests.slow_model import save_slow_onnx
from tests.tiny_models import digits_file, save_onnx

__all__ = ["digits_file"]

SETTINGS = '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n'
SECOND = 1.0


class Listener:
    """Hears how far a job is, and may ask for its end."""

    def __init__(self) -> None:
        self.heard: list[tuple[int, int, str]] = []
        self.over = False

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Note it."""
        self.heard.append((done, total, message))

    def figure(self, figure: Metric) -> None:
        """Take no interest in it."""

    def cancelled(self) -> bool:
        """Whether the end was asked for."""
        return self.over


Measure = Callable[..., tuple[Answer, list[LatencyMeasurement]]]


@pytest.fixture
def context(workspace: Workspace, writer: Writer) -> Iterator[Context]:
    """Return what handlers work with."""
    settings = WorkspaceSettings()
    hosts = Hosts(scratch=workspace.scratch, limits=settings.limits)
    pool = Pool(settings.limits)
    yield Context(workspace, writer, settings, hosts, pool, time.time)
    pool.close()
    hosts.close()


@pytest.fixture
def ready(context: Context, digits_file: Path) -> Callable[[Callable[[Path], Path]], Version]:
    """Return a function that puts a model of digits in place as a ready version."""

    def put(save: Callable[[Path], Path]) -> Version:
        folder = context.workspace.version_folder("digits", 1)
        folder.mkdir(parents=True)
        file = save(folder / "model.onnx")
        context.workspace.model_settings("digits").write_text(SETTINGS)
        data = context.workspace.test / "digits"
        data.mkdir(parents=True)
        shutil.copy(digits_file, data / "test.npz")
        with context.writer.transaction() as connection:
            found = models.version(connection, record_version(connection, "digits", 1, file))
        assert found is not None
        return found

    return put


@pytest.fixture
def measure(context: Context) -> Measure:
    """Return a function that does a latency job and returns its answer and what it recorded."""

    def do(listener: Listener | None = None, **asked: object) -> tuple[Answer, list[LatencyMeasurement]]:
        job = ask(context, **asked)
        outcome = latency.run(context, job, listener or Listener())
        answer = msgspec.json.decode(outcome.result, type=Answer)
        with context.writer.transaction() as connection:
            # As the lane does; an identical job that still waits would stand for the next one.
            jobs.finish(connection, job.id, outcome.state, now=1.0)
            found = latencies.of_job(connection, job.id)
        assert tuple(row.id for row in found) == answer.measurements
        return answer, found

    return do


def ask(context: Context, **asked: object) -> Job:
    """Return the job that asks for a latency."""
    parameters = msgspec.convert({"duration_s": SECOND} | asked, JobParameters)
    with context.writer.transaction() as connection:
        return jobs.add(
            connection, JobKind.LATENCY, "digits", 1, requested_by="ann", now=1.0, parameters=parameters
        )


Ready = Callable[[Callable[[Path], Path]], Version]


def test_single_queries_are_measured_and_recorded(measure: Measure, ready: Ready, context: Context) -> None:
    """Percentiles up to p99, the cold start apart, the memory, and what went on around are on record."""
    ready(save_onnx)
    listener = Listener()
    _, (found,) = measure(listener)
    assert (found.scenario, found.batch_size, found.version) == (Scenario.SINGLE_STREAM, 1, 1)
    assert found.n >= queries_needed(0.99, 1)
    assert found.p99_ms is not None
    assert found.p50_ms <= found.p99_ms
    assert found.throughput == pytest.approx(found.n / found.duration_s)
    assert found.first_ms > 0
    assert 0 < found.load_s < 60
    assert found.peak_rss_bytes is not None
    assert found.peak_rss_bytes > 10_000_000
    assert found.surroundings.cores == len(noise.allotted_cores(os.sched_getaffinity(0)))
    assert found.noisy == noise.doubts(found.surroundings, found.duration_s)
    assert (found.dataset_name, found.runtime, found.requested_by) == ("test", "onnxruntime", "ann")
    assert (found.target_qps, found.max_qps, found.unserved) == (None, None, 0)
    assert all(0 <= done <= total for done, total, _ in listener.heard)
    with context.writer.transaction() as connection:
        assert events.read(connection, limit=1)[0].code == "latency-measured"


def test_each_batch_size_is_a_measurement(measure: Measure, ready: Ready) -> None:
    """Offline, larger batches give more examples a second; sizes are measured once each, in the order asked for."""
    ready(save_slow_onnx)
    _, found = measure(scenario="offline", batch_sizes=[1, 16, 1], duration_s=0.5)
    assert [(row.scenario, row.batch_size) for row in found] == [
        (Scenario.OFFLINE, 1),
        (Scenario.OFFLINE, 16),
    ]
    assert found[1].throughput > found[0].throughput
    assert found[1].throughput == pytest.approx(16 * found[1].n / found[1].duration_s)


def test_load_above_capacity_shows_the_queue(measure: Measure, ready: Ready) -> None:
    """Sent far more than it can do, the report says what was sent, what was answered, and that some never was."""
    ready(save_slow_onnx)
    _, (alone,) = measure()
    rate = round(alone.throughput * 50)
    _, (served,) = measure(scenario="server", qps=rate, duration_s=0.2)
    assert served.target_qps == rate
    assert served.achieved_qps is not None
    assert served.achieved_qps < rate / 5
    assert served.unserved > 0
    assert served.p50_ms > 20 * alone.p50_ms
    assert not served.stable


def test_the_most_queries_under_an_objective_are_found(measure: Measure, ready: Ready) -> None:
    """The rate that is reported kept the objective in a run of full length, in which every query was answered."""
    # Quick enough that also a busy machine gets through as many queries as p99 needs.
    ready(lambda file: save_slow_onnx(file, layers=1))
    # An objective that no pause of a busy machine breaks: what limits the rate is the capacity. It is not held against what a
    # run of its own comes to, as a busy machine's share changes threefold from one second to the next.
    answer, (served,) = measure(scenario="server", objective_ms=2000.0)
    assert answer.missed == ()
    assert served.max_qps == served.target_qps
    assert served.max_qps is not None
    assert served.p99_ms is not None
    assert served.p99_ms <= 2000.0 == served.objective_ms
    assert served.unserved == 0


@pytest.mark.parametrize(
    ("latencies_ms", "unserved", "queries", "expected"),
    [
        ((1.0,) * 662, 0, 662, True),
        ((1.0,) * 661 + (9.0,), 0, 662, False),
        ((1.0,) * 836 + (9.0,) * 1 + (1.0,), 0, 838, True),
        ((1.0,) * 661, 0, 662, False),
        ((1.0,) * 662, 1, 662, False),
        ((1.0,) * 458, 0, 458, None),
    ],
)
def test_an_objective_is_kept_when_p99_says_so(
    latencies_ms: tuple[float, ...], unserved: int, queries: int, *, expected: bool | None
) -> None:
    """All queries came and were answered, and LoadGen's p99 of them is within it; too few queries tell nothing."""
    measured = LatencyMeasured(latencies_ms, 0, stable=True, elapsed_s=1.0, unserved=unserved)
    assert latency.kept(measured, queries, 2.0) is expected


def test_an_objective_below_a_single_query_is_told(measure: Measure, ready: Ready) -> None:
    """Where no rate can keep it, there is a sentence with the figure that says why, and no measurement."""
    ready(save_slow_onnx)
    answer, found = measure(scenario="server", objective_ms=0.001)
    assert found == []
    (sentence,) = answer.missed
    assert sentence.startswith("No rate was found that keeps p99 <= 0.001 ms: ")
    assert "a query alone takes " in sentence


def test_the_objective_may_stand_in_the_settings(measure: Measure, ready: Ready, context: Context) -> None:
    """Without one on the command line, the model's own p99 objective is searched for."""
    ready(save_onnx)
    file = context.workspace.model_settings("digits")
    file.write_text(SETTINGS + '[objectives]\nlatency_p99_ms = "<= 0.001"\n')
    answer, _ = measure(scenario="server")
    assert "p99 <= 0.001 ms" in answer.missed[0]


def test_seeds_make_the_same_arrivals(measure: Measure, ready: Ready) -> None:
    """Two runs with a seed send as many queries at the same moments; the seed is on record."""
    ready(save_onnx)
    _, (first,) = measure(scenario="server", qps=1000, duration_s=0.3, seed=5)
    _, (second,) = measure(scenario="server", qps=1000, duration_s=0.3, seed=5)
    assert first.seed == second.seed == 5
    assert first.n == second.n
    assert first.duration_s == pytest.approx(second.duration_s, rel=0.2)


WRONG = {
    "nothing to keep": ({"scenario": "server"}, "--qps"),
    "a batch of nothing": ({"batch_sizes": [0]}, "at least one example"),
    "no time": ({"duration_s": 0.0}, "more than no time"),
    "no rate": ({"scenario": "server", "qps": 0.0}, "more than 0"),
    "no objective": ({"objective_ms": -1.0}, "above 0 ms"),
}


@pytest.mark.parametrize(("asked", "words"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_measured_is_a_sentence(
    context: Context, ready: Ready, asked: dict[str, object], words: str
) -> None:
    """Nothing is loaded for a request that makes no sense."""
    ready(save_onnx)
    with pytest.raises(JobError) as caught:
        latency.run(context, ask(context, **asked), Listener())
    assert words in caught.value.message
    assert context.hosts.states() == ()


def test_the_process_is_pinned_and_ends(
    context: Context, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All its threads stay on the cores that are named, and afterwards nothing of it is left."""
    version = ready(save_onnx)
    core = max(os.sched_getaffinity(0))
    with loading.fresh(context, version, "cpu", (core,), lambda: False) as process:
        threads = [int(thread.name) for thread in Path(f"/proc/{process.pid}/task").iterdir()]
        assert all(os.sched_getaffinity(thread) == {core} for thread in threads)
        assert process.peak_rss_bytes() is not None
    assert not process.alive
    assert len(context.pool) == 0


def test_a_measurement_can_be_cancelled(context: Context, ready: Ready) -> None:
    """Somebody who asks for the end does not wait for it."""
    ready(save_onnx)
    listener = Listener()
    listener.over = True
    began = time.monotonic()
    with pytest.raises(Error) as caught:
        latency.run(context, ask(context, duration_s=60.0), listener)
    assert caught.value.code == CANCELLED
    assert time.monotonic() - began < 20


def test_another_device_that_is_missing_does_not_spoil_a_version(context: Context, ready: Ready) -> None:
    """A version that is ready stays ready where it cannot be loaded on a device that is not there."""
    version = ready(save_onnx)
    with pytest.raises(JobError):
        latency.run(context, ask(context, device="cuda:7"), Listener())
    with context.writer.transaction() as connection:
        found = models.version(connection, version.id)
    assert found is not None
    assert found.status is Status.READY


def test_a_latency_job_has_the_models_lane_to_itself() -> None:
    """It waits for evaluations and they for it, because each measures; promotions go on beside it."""
    assert {JobKind.LATENCY, JobKind.EVALUATE} <= kinds.ON_MODELS
    assert not kinds.ON_MODELS & kinds.ON_LINKS
    assert kinds.handler(JobKind.LATENCY) is latency.run


def second_version(context: Context, save: Callable[[Path], Path]) -> Version:
    """Put another version beside the first one."""
    folder = context.workspace.version_folder("digits", 2)
    folder.mkdir(parents=True)
    file = save(folder / "model.onnx")
    with context.writer.transaction() as connection:
        found = models.version(connection, record_version(connection, "digits", 2, file))
    assert found is not None
    return found


def test_two_versions_are_measured_in_turns(
    context: Context, ready: Ready, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version that does many times the work takes longer, beyond its interval; the ratio is on record for the gate."""
    monkeypatch.setattr(side_by_side, "ROUNDS", 4)
    quick, slow = ready(save_onnx), second_version(context, save_slow_onnx)
    job = msgspec.structs.replace(ask(context, against=1), version=2)
    outcome = latency.run(context, job, Listener())
    with context.writer.transaction() as connection:
        found = gates.ratio(connection, quick.sha256 or "", slow.sha256 or "")
        back = gates.ratio(connection, slow.sha256 or "", quick.sha256 or "")
    assert found is not None
    assert back is None
    assert found.ratio > 1
    assert found.low < found.ratio < found.high
    assert (found.n, found.device) == (4, "cpu")
    assert found.confidence == pytest.approx(0.9)
    assert outcome.message.startswith("version 2 takes ")


def test_a_version_is_not_measured_beside_itself(context: Context, ready: Ready) -> None:
    """Whoever mistypes hears it at once."""
    ready(save_onnx)
    with pytest.raises(JobError, match=r"digits@1 cannot be compared with itself\."):
        latency.run(context, ask(context, against=1), Listener())
