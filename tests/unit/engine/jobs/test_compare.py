"""Promises about comparing two versions: what is answered, and that nothing is decided or counted by it."""

import msgspec
import pytest

from engine.repository.gates import refresh_gates
from storage.comparisons import Compared
from storage.errors import UnknownError
from storage.records import LatencyRatio
from storage.settings import ModelSettings
from storage.tables import gates
from storage.vocabulary import JobKind, JobState
from tests.unit.engine.jobs.asking import ask
from tests.watched import Watched


@pytest.fixture
def three(watched: Watched) -> Watched:
    """Return a workspace with three good versions of mnist, each better than the last, and nothing deployed."""
    watched.ready("mnist", {1: 0.90, 2: 0.93, 3: 0.97})
    return watched


@pytest.mark.parametrize(
    ("version", "against", "verdict", "advantage"),
    [(3, 1, "superior", 0.07), (1, 3, "inferior", -0.07), (2, 3, "inferior", -0.04)],
)
def test_two_versions_are_held_against_each_other(
    three: Watched, version: int, against: int, verdict: str, advantage: float
) -> None:
    """Either way round, whatever is deployed; positive is in favour of the version that was named."""
    outcome, _ = ask(three, JobKind.COMPARE, version, against=against)
    answer = msgspec.json.decode(outcome.result, type=Compared)
    assert (answer.from_version, answer.to_version, answer.verdict) == (against, version, verdict)
    [figure] = answer.figures
    assert (figure.name, figure.method, figure.n) == ("accuracy", "Tango", 2000)
    assert figure.advantage == pytest.approx(advantage)
    assert figure.low is not None
    assert figure.high is not None
    assert figure.low < advantage < figure.high
    assert abs((answer.gained or 0) - (answer.lost or 0)) == round(abs(advantage) * 2000)


def test_comparing_counts_no_candidate_and_deploys_nothing(three: Watched) -> None:
    """It is a look, not a judgement: the test set is not worn by it."""
    for _ in range(3):
        ask(three, JobKind.COMPARE, 2, against=1)
    with three.writer.transaction() as connection:
        assert connection.execute("SELECT count(*) FROM judged").fetchone()[0] == 0
        refresh_gates(connection, "mnist", ModelSettings())
    assert three.model("mnist").current is None


def test_versions_that_saw_other_data_are_not_compared(three: Watched) -> None:
    """The refusal is inconclusive, and says what to evaluate."""
    three.evaluated("mnist", 2, 0.93, dataset="e" * 64)
    outcome, _ = ask(three, JobKind.COMPARE, 2, against=1)
    assert (outcome.state, outcome.code) == (JobState.FAILED, "inconclusive")
    assert "version 1 was evaluated with other data than version 2" in outcome.error
    assert outcome.hint == "Evaluate both: modeltender evaluate mnist@1; modeltender evaluate mnist@2"


def test_a_measured_latency_ratio_is_told(three: Watched) -> None:
    """What was measured of the same two, in the same direction, comes with the figures."""
    ratio = LatencyRatio("cpu", 1.0, 1.25, 1.2, 1.3, 0.9, 15)
    first, second = (three.version("mnist", number).sha256 or "" for number in (1, 2))
    with three.writer.transaction() as connection:
        gates.set_ratio(connection, first, second, msgspec.structs.replace(ratio, ratio=9.0))
        gates.set_ratio(connection, first, second, ratio)
    outcome, _ = ask(three, JobKind.COMPARE, 2, against=1)
    found = msgspec.json.decode(outcome.result, type=Compared).latency
    assert found is not None
    assert (found.device, found.ratio, found.low, found.high, found.n) == ("cpu", 1.25, 1.2, 1.3, 15)
    outcome, _ = ask(three, JobKind.COMPARE, 1, against=2)
    assert msgspec.json.decode(outcome.result, type=Compared).latency is None


def test_unknown_versions_are_told(three: Watched) -> None:
    """Either version may be the one that does not exist."""
    with pytest.raises(UnknownError, match=r"There is no version mnist@9\."):
        ask(three, JobKind.COMPARE, 9, against=1)
    with pytest.raises(UnknownError, match=r"There is no version mnist@8\."):
        ask(three, JobKind.COMPARE, 1, against=8)
