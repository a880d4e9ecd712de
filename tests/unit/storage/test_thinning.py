"""A figure over any time in a few thousand points: what is left out, what is not, and how it is looked up."""

import random
from collections.abc import Iterable
from itertools import pairwise, product

import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.histories import NOTHING, History
from storage.records import HistoryPoint
from storage.tables import evaluations, latencies, models, thinning
from storage.vocabulary import Scenario, Status
from tests.measurements import measurement
from tests.unit.storage.test_snapshot import evaluation
from tests.unit.tui.commands.rows import add_evaluation

SPAN_S = 10_000

VERSIONS = 3


def fill(writer: Writer, *, evaluated: int = 300, measured: int = 200) -> None:
    """Have three versions of a model evaluated and measured at random moments, some of them on the start of a step."""
    chance, moments = random.Random(7), set[float]()

    def moment() -> float:
        at = -1.0
        while at < 0 or at in moments:
            at = chance.choice([chance.random() * SPAN_S, float(chance.randrange(0, SPAN_S, 20))])
        moments.add(at)
        return at

    with writer.transaction() as connection:
        model, other = (models.ensure(connection, name, now=0.0) for name in ("mnist", "other"))
        ids = [
            models.add_version(connection, model, number, status=Status.READY, found_at=0.0)
            for number in range(1, VERSIONS + 1)
        ]
        ids.append(models.add_version(connection, other, 1, status=Status.READY, found_at=0.0))
        for _ in range(evaluated):
            add_evaluation(connection, chance.choice(ids), None, accuracy=chance.random(), at=moment())
        for _ in range(measured):
            new = measurement(
                scenario=chance.choice([Scenario.SINGLE_STREAM, Scenario.SERVER]),
                batch_size=chance.choice([1, 8]),
                p50_ms=chance.random(),
                p99_ms=chance.choice([None, 1.0]),
            )
            latencies.add(connection, chance.choice(ids), new, job_id=None, at=moment(), requested_by="ann")


def last_of_each_step(points: Iterable[HistoryPoint], step_s: float) -> list[HistoryPoint]:
    """Return what is told of all values, by going through every one of them."""
    last = {(point.version, point.at // step_s): point for point in points}
    return sorted(last.values(), key=lambda point: point.at)


@pytest.mark.parametrize("figure", ["accuracy", "p50_ms", "latency_p99_ms", "server_b8_p99_ms", "throughput"])
def test_the_last_value_of_each_version_in_each_step(writer: Writer, reader: Reader, figure: str) -> None:
    """Looking steps up gives what going through all values gives, of every kind of figure and in any part of the time."""
    fill(writer)
    with reader.transaction() as connection:
        every = evaluations.history(connection, "mnist", figure)
        assert len(every) > 10
        ranges = ((0.0, 1e12), (1234.5, 7777.7), (600.0, 660.0), (SPAN_S, 1e12))
        for (since, until), step_s in product(ranges, (0.5, 7.3, 60.0, 1000.0, 1e9)):
            found = thinning.read(connection, "mnist", figure, step_s=step_s, since=since, until=until)
            within = [point for point in every if since <= point.at < until]
            assert list(found) == last_of_each_step(within, step_s)


@pytest.mark.parametrize("figure", ["accuracy", "p50_ms", "single_stream_b1_p50_ms"])
def test_a_chart_has_a_few_points_and_its_ends(writer: Writer, reader: Reader, figure: str) -> None:
    """However many values there are, no more are read than asked for and one a version; the latest is among them."""
    fill(writer)
    with reader.transaction() as connection:
        every = evaluations.history(connection, "mnist", figure)
        for most in (1, 10, 100):
            found = thinning.charted(connection, "mnist", figure, most=most)
            if found.step_s is None:
                assert found.points == every
            else:
                assert most < len(every)
                assert len(found.points) <= most + VERSIONS
                assert list(found.points) == last_of_each_step(every, found.step_s)
            assert found.points[-1] == every[-1]


def test_few_values_are_all_told(writer: Writer, reader: Reader) -> None:
    """Where there is room for every value, nothing is left out and no step is named."""
    fill(writer)
    with reader.transaction() as connection:
        every = evaluations.history(connection, "mnist", "accuracy")
        found = thinning.charted(connection, "mnist", "accuracy", since=100.0, until=5000.0)
    assert found.step_s is None
    assert list(found.points) == [point for point in every if 100.0 <= point.at < 5000.0]


def test_as_many_values_as_there_is_room_for_are_all_told(writer: Writer, reader: Reader) -> None:
    """One more, and only the last one of each step is; where no beginning is named, it is that of all time."""
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=0.0)
        version = models.add_version(connection, model, 1, status=Status.READY, found_at=0.0)
        for at in (0.5, 100.0, 120.5):
            add_evaluation(connection, version, None, accuracy=at, at=at)
    with reader.transaction() as connection:
        whole = thinning.charted(connection, "mnist", "accuracy", most=3)
        assert ([point.at for point in whole.points], whole.step_s) == ([0.5, 100.0, 120.5], None)
        assert thinning.charted(connection, "mnist", "accuracy", most=2).step_s == 60.0
        later = thinning.charted(connection, "mnist", "accuracy", since=50.0, most=1)
        assert ([point.at for point in later.points], later.step_s) == ([100.0, 120.5], 60.0)
        earlier = thinning.charted(connection, "mnist", "accuracy", until=110.0, most=1)
        assert ([point.at for point in earlier.points], earlier.step_s) == ([100.0], 300.0)
        found = thinning.read(connection, "mnist", "accuracy", step_s=1.0)
        assert [point.at for point in found] == [0.5, 100.0, 120.5]


def test_what_lasts_longer_than_the_longest_step_allows_has_a_longer_one(
    writer: Writer, reader: Reader
) -> None:
    """Then the steps are as long as they have to be, whatever people count in."""
    longest = thinning.STEPS[-1]
    moments = [1000.0 + steps * longest for steps in (0, 1, 5)]
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=0.0)
        version = models.add_version(connection, model, 1, status=Status.READY, found_at=0.0)
        for at in moments:
            add_evaluation(connection, version, None, accuracy=0.5, at=at)
    with reader.transaction() as connection:
        found = thinning.charted(connection, "mnist", "accuracy", most=2)
    assert ([point.at for point in found.points], found.step_s) == (moments[1:], 2.5 * longest)


def test_a_figure_that_only_some_evaluations_have(writer: Writer, reader: Reader) -> None:
    """The last value of a step is that of the last evaluation that has the figure, and one that none has has no values."""
    fill(writer)
    with writer.transaction() as connection:
        connection.execute("DELETE FROM metrics WHERE name = 'accuracy' AND evaluation_id % 3 = 0")
    with reader.transaction() as connection:
        every = evaluations.history(connection, "mnist", "accuracy")
        assert list(thinning.read(connection, "mnist", "accuracy", step_s=500.0)) == last_of_each_step(
            every, 500.0
        )
        assert thinning.charted(connection, "mnist", "r2", most=5).points == History("r2")
        assert thinning.charted(connection, "nothing", "accuracy", most=5).points == History("accuracy")


@pytest.mark.parametrize("figure", ["accuracy", "p50_ms", "server_b8_max_qps"])
def test_nothing_is_searched_through(writer: Writer, reader: Reader, figure: str) -> None:
    """Every value is looked up by version and time, so that the other models' millions cost nothing."""
    fill(writer)
    parameters = thinning._parameters("mnist", figure, 0.0, 1e12) | {"step": 60.0, "most": 10}
    with reader.transaction() as connection:
        for source in thinning._sources(figure):
            for statement in (thinning._steps(source), thinning._counted(source), thinning._covered(source)):
                plan = [
                    row["detail"] for row in connection.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
                ]
                searched = [line for line in plan if line.startswith("SEARCH one ")]
                assert searched
                assert all("version_id=?" in line and "at" in line for line in searched), searched
                assert not [
                    line for line in plan if line.startswith(("SCAN one", "SCAN metrics", "SCAN latencies"))
                ]


def test_charts_of_a_short_time_have_all_of_it(writer: Writer, reader: Reader) -> None:
    """Where the whole time is thinned, the stretch that charts show comes with every value that it has."""
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=0.0)
        version = models.add_version(connection, model, 1, status=Status.READY, found_at=0.0)
        for number in range(2100):
            evaluations.add(
                connection,
                version,
                evaluation(0.9, correct=None),
                job_id=None,
                at=number * 900.0,
                requested_by="ann",
            )
    whole = snapshot.read_detail(reader, "mnist")
    day = snapshot.read_detail(reader, "mnist", span_s=86_400.0)
    assert whole is not None
    assert day is not None
    assert len(whole.history) < 2100
    assert whole.recent_history == NOTHING
    assert day.history == whole.history
    assert len(day.recent_history) == 97
    assert {round(after.at - before.at) for before, after in pairwise(day.recent_history)} == {900}
    assert len(day.evaluations) == snapshot.SHOWN_EVALUATIONS
    assert [found.at for found in day.evaluations[:2]] == [2099 * 900.0, 2098 * 900.0]
