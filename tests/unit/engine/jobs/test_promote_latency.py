"""Promises about a promotion whose gate limits how much longer the candidate may take: it measures that first, in turns."""

import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from engine.jobs import ON_LINKS, ON_MODELS, side_by_side
from engine.jobs.context import Context, Needed
from engine.jobs.promote_first import FRESH_S
from engine.lanes import Lane
from engine.processes.client import Hosts
from engine.processes.pool import Pool
from storage import jobs
from storage.records import Job, JobParameters, LatencyRatio
from storage.settings import WorkspaceSettings
from storage.tables import gates
from storage.vocabulary import FINISHED, JobKind, JobState
from tests.slow_model import save_slow_onnx
from tests.tiny_models import digits_file, save_onnx
from tests.unit.engine.jobs.asking import ask
from tests.watched import Watched

__all__ = ["digits_file"]

TURNS = Needed(JobKind.LATENCY, 2, JobParameters(against=1))
LIMITED = "[gate]\nmax_latency_ratio = 1.2\n"
MEASURED = (1, JobState.SUCCEEDED, "")
PATIENT_S = 100.0


@pytest.fixture
def two(watched: Watched) -> Watched:
    """Return a workspace with version 1 deployed, version 2 better, and a limit on how much longer it may take."""
    watched.ready("mnist", {1: 0.90, 2: 0.97})
    ask(watched, version=1)
    watched.workspace.model_settings("mnist").write_text(LIMITED)
    return watched


def record(watched: Watched, ratio: float, reach: float = 0.02, **given: Any) -> None:
    """Record how many times as long version 2 takes as version 1."""
    told: dict[str, Any] = {"device": "cpu", "at": watched.clock.now(), "confidence": 0.9, "n": 15} | given
    found = LatencyRatio(ratio=ratio, low=ratio - reach, high=ratio + reach, **told)
    both = [watched.version("mnist", number).sha256 or "" for number in (1, 2)]
    with watched.writer.transaction() as connection:
        gates.set_ratio(connection, both[0], both[1], found)


def link(watched: Watched, model: str = "mnist") -> str:
    """Return what is deployed."""
    return watched.workspace.current_link(model).readlink().name


def latency(answer: dict[str, Any]) -> dict[str, Any]:
    """Return the check of the latency, of which there must be one."""
    [found] = [check for check in answer["checks"] if check["name"] == "latency"]
    return dict(found)


def test_what_was_not_measured_is_measured_first(two: Watched) -> None:
    """The promotion asks for both versions in turns, on the candidate's device, and changes nothing before."""
    outcome, _ = ask(two)
    assert outcome.first == (TURNS,)
    assert link(two) == "1"


def test_a_candidate_that_is_quick_enough_is_promoted(two: Watched) -> None:
    """The answer has the ratio with its interval."""
    record(two, 1.1)
    outcome, answer = ask(two, version=2, turned=MEASURED)
    assert (outcome.first, answer["promoted"], link(two)) == ((), True, "2")
    assert latency(answer)["verdict"] == "pass"
    assert latency(answer)["detail"].startswith("1.100 times as long [1.080, 1.120] (90% interval, 15 rounds")


def test_a_candidate_that_is_too_slow_is_refused(two: Watched) -> None:
    """However much better it is: the ratio's whole interval lies beyond the limit."""
    record(two, 1.4)
    outcome, answer = ask(two, version=2, turned=MEASURED)
    assert (outcome.first, outcome.code, answer["promoted"], link(two)) == ((), "refused", False, "1")
    assert (latency(answer)["verdict"], answer["verdict"]) == ("fail", "inferior")


def test_a_noisy_measurement_is_told_as_such(two: Watched) -> None:
    """An interval with the limit inside decides nothing, and what disturbed the measurement is said."""
    record(two, 1.15, 0.1, noisy="other processes used 40% of its cores' time")
    outcome, answer = ask(two, version=2, turned=MEASURED)
    assert (outcome.first, outcome.code, answer["promoted"], link(two)) == ((), "inconclusive", False, "1")
    assert latency(answer)["verdict"] == "inconclusive"
    assert "does not decide; meanwhile other processes used 40%" in latency(answer)["detail"]


@pytest.mark.parametrize(
    "found",
    [
        pytest.param({"ratio": 1.15, "reach": 0.1}, id="it decides nothing"),
        pytest.param({"ratio": 1.0, "confidence": 0.5}, id="its confidence is another one"),
        pytest.param({"ratio": 1.0, "device": "cuda:0"}, id="it is of another device"),
    ],
)
def test_a_ratio_that_was_found_and_does_not_count_is_measured_again(
    two: Watched, found: dict[str, Any]
) -> None:
    """What was measured for somebody else may be of no use here."""
    record(two, **found)
    assert ask(two)[0].first == (TURNS,)


def test_a_ratio_counts_for_an_hour(two: Watched) -> None:
    """A machine is not the same an hour later; and one whose clock was set back knows nothing of when it measured."""
    record(two, 1.0)
    two.clock.passed += FRESH_S + 1
    assert ask(two)[0].first == (TURNS,)
    two.clock.passed -= 2 * FRESH_S
    assert ask(two)[0].first == (TURNS,)
    two.clock.passed += FRESH_S
    assert ask(two)[1]["promoted"] is True


@pytest.mark.parametrize("state", [JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED])
def test_a_measurement_that_did_not_work_is_the_answer(two: Watched, state: JobState) -> None:
    """An older ratio does not stand in for it, and nothing is tried a second time."""
    record(two, 1.0, at=two.clock.now() - 2 * FRESH_S)
    outcome, answer = ask(two, version=2, turned=(1, state, "The data do not fit."))
    assert (outcome.first, outcome.code, answer["promoted"], link(two)) == ((), "inconclusive", False, "1")
    assert (latency(answer)["verdict"], answer["verdict"]) == ("error", "inconclusive")
    assert latency(answer)["detail"].startswith("could not be measured in turns (J")
    assert latency(answer)["detail"].endswith("The data do not fit.")


def test_what_does_not_pass_anyway_is_not_measured(watched: Watched) -> None:
    """A worse candidate is refused at once: its latency is of no interest."""
    watched.ready("mnist", {1: 0.97, 2: 0.90})
    ask(watched, version=1)
    watched.workspace.model_settings("mnist").write_text(LIMITED)
    outcome, answer = ask(watched)
    assert (outcome.first, answer["verdict"], answer["promoted"]) == ((), "inferior", False)
    assert latency(answer) == {
        "name": "latency",
        "verdict": "skipped",
        "detail": "not measured in turns: it does not pass anyway",
    }


def test_the_first_promotion_has_nothing_to_be_slower_than(watched: Watched) -> None:
    """Which is said."""
    watched.ready("mnist", {1: 0.90})
    watched.workspace.model_settings("mnist").write_text(LIMITED)
    outcome, answer = ask(watched, version=1)
    assert (outcome.first, answer["promoted"], latency(answer)["verdict"]) == ((), True, "skipped")


def test_who_insists_does_not_wait(two: Watched) -> None:
    """The history says that the latency was not measured."""
    outcome, answer = ask(two, force=True, reason="burning")
    assert (outcome.first, answer["promoted"], latency(answer)["verdict"]) == ((), True, "inconclusive")
    assert two.promotions("mnist")[0].forced


# Real models, in real processes, on the engine's real lanes

DIGITS = '[preprocess]\ndtype = "float32"\nscale = 0.0625\nlayout = "NCHW"\n[gate]\nmax_latency_ratio = {}\n'

Promote = Callable[[int], Job]


@pytest.fixture
def digits(watched: Watched, digits_file: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return a workspace with version 1 deployed, the same file as version 2, and a far slower one as version 3."""
    monkeypatch.setattr(side_by_side, "ROUNDS", 6)
    for number, save in ((1, save_onnx), (2, save_onnx), (3, save_slow_onnx)):
        folder = watched.workspace.version_folder("digits", number)
        folder.mkdir(parents=True)
        save(folder / "model.onnx")
    data = watched.workspace.test / "digits"
    data.mkdir(parents=True)
    shutil.copy(digits_file, data / "test.npz")
    watched.settle()
    for number in (1, 2, 3):
        # What they answer is not what is asked here: by the record the later ones are better.
        watched.evaluated("digits", number, 0.90 + 0.03 * (number > 1))
    ask(watched, model="digits", version=1)
    for job in watched.jobs():
        if job.state is JobState.QUEUED:
            jobs.cancel(watched.workspace, job.id)
    return watched


@pytest.fixture
def promote(digits: Watched) -> Iterator[Promote]:
    """Return a function that asks for a promotion, waits while the engine's lanes carry it out, and returns the job."""
    settings = WorkspaceSettings()
    hosts = Hosts(scratch=digits.workspace.scratch, limits=settings.limits)
    pool = Pool(settings.limits)
    context = Context(digits.workspace, digits.writer, settings, hosts, pool, digits.clock.now)
    lanes = Lane("models", ON_MODELS, context), Lane("links", ON_LINKS, context)
    for lane, other in (lanes, lanes[::-1]):
        lane.when_recorded(other.wake)
        lane.start()

    def ask_for(version: int) -> Job:
        job = jobs.submit(digits.workspace, JobKind.PROMOTE, "digits", version, requested_by="ann")
        lanes[1].wake()
        deadline = time.monotonic() + PATIENT_S
        while True:
            with digits.writer.transaction() as connection:
                found = jobs.read_one(connection, job.id)
            if found and found.state in FINISHED:
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)

    yield ask_for
    for lane in lanes:
        lane.stop()
    pool.close()
    hosts.close()


def test_the_same_model_twice_is_within_a_generous_limit(digits: Watched, promote: Promote) -> None:
    """Two real processes run in turns, the ratio's interval lies within the limit, and the version is deployed."""
    digits.workspace.model_settings("digits").write_text(DIGITS.format(5.0))
    job = promote(2)
    answer = msgspec.json.decode(job.result)
    assert (answer["promoted"], link(digits, "digits")) == (True, "2")
    assert latency(answer)["verdict"] == "pass"
    assert "6 rounds on cpu); at most 5" in latency(answer)["detail"]
    [turns] = [one for one in digits.jobs() if one.id in job.waits_for]
    assert (turns.kind, turns.version, turns.parameters) == (JobKind.LATENCY, 2, JobParameters(against=1))
    assert latency(answer)["detail"] in [check.detail for check in digits.promotions("digits")[0].checks]


def test_a_model_that_is_many_times_slower_is_refused(digits: Watched, promote: Promote) -> None:
    """It is better, by the record, and takes longer beyond every doubt."""
    digits.workspace.model_settings("digits").write_text(DIGITS.format(1.5))
    answer = msgspec.json.decode(promote(3).result)
    assert (answer["promoted"], answer["verdict"], link(digits, "digits")) == (False, "inferior", "1")
    assert latency(answer)["verdict"] == "fail"


def test_a_deployed_model_that_is_gone_cannot_be_measured_beside(digits: Watched, promote: Promote) -> None:
    """The reason is the check's, and nothing is deployed that nobody has compared."""
    digits.workspace.model_settings("digits").write_text(DIGITS.format(5.0))
    (digits.workspace.version_folder("digits", 1) / "model.onnx").unlink()
    answer = msgspec.json.decode(promote(2).result)
    assert (answer["promoted"], link(digits, "digits")) == (False, "1")
    assert latency(answer)["verdict"] == "error"
    assert "digits@1 changed on disk since it was recorded" in latency(answer)["detail"]
