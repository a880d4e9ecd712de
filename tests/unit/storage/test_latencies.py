"""What is kept of latency measurements, and the names under which their figures are found."""

import pytest

from storage.database import Reader, Writer
from storage.records import NewLatencyMeasurement
from storage.tables import evaluations, latencies, models
from storage.vocabulary import Scenario, Status
from tests.measurements import SINGLE, measurement
from tests.unit.tui.commands.rows import add_evaluation

SERVER = measurement(
    scenario=Scenario.SERVER,
    batch_size=8,
    target_qps=90.0,
    achieved_qps=89.5,
    objective_ms=20.0,
    max_qps=90.0,
)


@pytest.fixture
def versions(writer: Writer) -> list[int]:
    """Return the ids of two versions of a model that has another model beside it."""
    with writer.transaction() as connection:
        model, other = (models.ensure(connection, name, now=1.0) for name in ("mnist", "other"))
        models.add_version(connection, other, 1, status=Status.READY, found_at=1.0)
        return [
            models.add_version(connection, model, number, status=Status.READY, found_at=1.0)
            for number in (1, 2)
        ]


def add(writer: Writer, version: int, new: NewLatencyMeasurement, at: float) -> int:
    """Record a measurement."""
    with writer.transaction() as connection:
        return latencies.add(connection, version, new, job_id=None, at=at, requested_by="ann")


def test_a_measurement_comes_back_as_it_was_recorded(
    writer: Writer, reader: Reader, versions: list[int]
) -> None:
    """Every field survives, those that are not known included, with who asked, when, and of which version."""
    add(writer, versions[1], SERVER, 5.0)
    with reader.transaction() as connection:
        (found,) = latencies.latest(connection, "mnist")
    assert {name: getattr(found, name) for name in NewLatencyMeasurement.__struct_fields__} == {
        name: getattr(SERVER, name) for name in NewLatencyMeasurement.__struct_fields__
    }
    assert (found.version, found.at, found.requested_by, found.job_id) == (2, 5.0, "ann", None)


def test_the_latest_of_each_kind_is_shown(writer: Writer, reader: Reader, versions: list[int]) -> None:
    """One a version, scenario, batch size and device: a later one takes the place of an earlier, and of no other."""
    add(writer, versions[0], SINGLE, 1.0)
    again = add(writer, versions[0], SINGLE, 2.0)
    device = add(writer, versions[0], measurement(device="cuda:0"), 2.5)
    batches = [
        add(writer, versions[0], measurement(scenario=Scenario.OFFLINE, batch_size=size), 3.0)
        for size in (1, 32)
    ]
    other = add(writer, versions[1], SINGLE, 4.0)
    with reader.transaction() as connection:
        found = [row.id for row in latencies.latest(connection, "mnist")]
        assert latencies.latest(connection, "other") == []
    assert found == [other, again, device, *batches]


def test_short_names_join_evaluations_and_measurements(
    writer: Writer, reader: Reader, versions: list[int]
) -> None:
    """The history of p50_ms, under either short name, holds both kinds in time, and no other scenario."""
    with writer.transaction() as connection:
        add_evaluation(connection, versions[0], None, accuracy=0.9, at=2.0)
    add(writer, versions[0], SINGLE, 1.0)
    add(writer, versions[1], measurement(p50_ms=0.3), 3.0)
    add(writer, versions[1], SERVER, 4.0)
    add(writer, versions[1], measurement(batch_size=8), 5.0)
    with reader.transaction() as connection:
        for name in ("p50_ms", "latency_p50_ms"):
            points = evaluations.history(connection, "mnist", name)
            assert [(point.at, point.version, point.value, point.n) for point in points] == [
                (1.0, 1, 0.4, 1000),
                (2.0, 1, 0.41, 100),
                (3.0, 2, 0.3, 1000),
            ]
            assert {point.metric for point in points} == {name}
        later = evaluations.history(connection, "mnist", "p50_ms", since=1.5, limit=1)
        assert [point.at for point in later] == [3.0]


def test_throughput_alone_is_an_evaluations(writer: Writer, reader: Reader, versions: list[int]) -> None:
    """Batches of an evaluation and single queries are not mixed into one line."""
    with writer.transaction() as connection:
        add_evaluation(connection, versions[0], None, accuracy=0.9, at=2.0)
    add(writer, versions[0], SINGLE, 3.0)
    with reader.transaction() as connection:
        assert [p.value for p in evaluations.history(connection, "mnist", "throughput")] == [3412.0]
        alone = evaluations.history(connection, "mnist", "single_stream_b1_throughput")
    assert [point.value for point in alone] == [2222.2]


def test_long_names_say_scenario_and_batch_size(writer: Writer, reader: Reader, versions: list[int]) -> None:
    """Every name that is offered has a history, and it is that scenario's and batch size's."""
    add(writer, versions[0], SERVER, 1.0)
    add(writer, versions[0], SINGLE, 2.0)
    with reader.transaction() as connection:
        offered = latencies.names(connection, "mnist")
        values = {name: latencies.history(connection, "mnist", name) for name in offered}
    assert {"server_b8_max_qps", "server_b8_p99_ms", "single_stream_b1_p50_ms"} < set(offered)
    assert "server_b8_p999_ms" not in offered
    assert [point.value for point in values["server_b8_max_qps"]] == [90.0]
    assert all(len(points) == 1 for points in values.values())


@pytest.mark.parametrize("name", ["accuracy", "server_p99_ms", "sorver_b1_p99_ms", "server_b1_seed", ""])
def test_other_words_are_no_latency_figure(name: str, reader: Reader) -> None:
    """Only known figures of known scenarios reach the statement."""
    assert latencies.figure(name) is None
    with reader.transaction() as connection, pytest.raises(KeyError):
        latencies.history(connection, "mnist", name)


def test_metrics_do_not_mix_with_latencies(writer: Writer, reader: Reader, versions: list[int]) -> None:
    """A quality figure's history is untouched by measurements."""
    with writer.transaction() as connection:
        add_evaluation(connection, versions[0], None, accuracy=0.9, at=2.0)
    add(writer, versions[0], SINGLE, 3.0)
    with reader.transaction() as connection:
        assert [p.value for p in evaluations.history(connection, "mnist", "accuracy")] == [0.9]
