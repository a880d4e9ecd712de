"""What a viewer sees of what the engine wrote."""

import msgspec
import pytest

from storage import snapshot
from storage.database import Reader, Writer
from storage.promotion_records import GateCheck, GateReport
from storage.records import Device, ExampleValues, Metric, NewEvaluation
from storage.tables import devices, engine, evaluations, events, faults, gates, models, promotions
from storage.vocabulary import (
    CheckVerdict,
    DeviceKind,
    FaultState,
    JobKind,
    PromotionOutcome,
    Role,
    Severity,
    Status,
    Verdict,
)
from tests.measurements import report


def evaluation(accuracy: float, *, correct: bytes | None = b"\xff") -> NewEvaluation:
    """Return an evaluation with this accuracy."""
    return NewEvaluation(
        dataset_name="test",
        dataset_rows=2000,
        dataset_sha256="d",
        artefact_sha256="a",
        preprocessing_sha256="p",
        runtime="keras",
        runtime_version="3",
        device="cpu",
        batch_size=256,
        isolation="full",
        duration_s=0.1,
        confusion=((990, 10), (20, 980)),
        metrics=(
            Metric("accuracy", accuracy, accuracy - 0.01, accuracy + 0.01, 2000),
            Metric("log_loss", 0.1, None, None, 2000),
        ),
        correct=correct,
    )


ACCURACIES = (0.90, 0.91, 0.92, 0.93, 0.94)

LATENCY = report(p50_ms=1.5, p90_ms=2.0, p95_ms=2.5, mean_ms=1.6, stdev_ms=0.2, throughput=600.0)


@pytest.fixture
def mnist(writer: Writer) -> list[int]:
    """Return the ids of three versions of a model: 2 is current, 1 previous, 3 newer and ready."""
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=1.0)
        ids = [
            models.add_version(connection, model, number, status=Status.READY, found_at=1.0)
            for number in (1, 2, 3)
        ]
        models.set_current(connection, model, current_id=ids[1], previous_id=ids[0])
    return ids


def test_roles_follow_what_is_deployed(reader: Reader, mnist: list[int]) -> None:
    """Current and previous are what the engine recorded; the newest ready version above is the candidate."""
    del mnist
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    assert [(version.number, version.role) for version in detail.versions] == [
        (3, Role.CANDIDATE),
        (2, Role.CURRENT),
        (1, Role.PREVIOUS),
    ]
    shown = snapshot.read(reader).models[0]
    assert (
        shown.current and shown.current.number,
        shown.candidate and shown.candidate.number,
        shown.versions,
    ) == (2, 3, 3)


def test_a_newer_version_that_is_not_ready_is_no_candidate(
    writer: Writer, reader: Reader, mnist: list[int]
) -> None:
    """A failed version is shown as the newest with its reason, and cannot be promoted."""
    with writer.transaction() as connection:
        models.set_version(connection, mnist[2], status=Status.FAILED, reason="cut short")
    shown = snapshot.read(reader).models[0]
    assert shown.candidate is None
    assert shown.newest is not None
    assert (shown.newest.number, shown.newest.reason) == (3, "cut short")


def test_of_very_many_versions_the_newest_are_shown_and_those_that_matter(
    writer: Writer, reader: Reader, mnist: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is deployed, what was before, and what an evaluation is of are there however old; how many there are is known."""
    monkeypatch.setattr(snapshot, "SHOWN_VERSIONS", 3)
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=1.0)
        added = [
            models.add_version(connection, model, number, status=Status.FAILED, found_at=1.0)
            for number in range(4, 12)
        ]
        evaluations.add(connection, added[1], evaluation(0.9), job_id=None, at=10.0, requested_by="ann")
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    assert [version.number for version in detail.versions] == [11, 10, 9, 5, 3, 2, 1]
    assert [version.role for version in detail.versions[-3:]] == [Role.CANDIDATE, Role.CURRENT, Role.PREVIOUS]
    assert detail.model.versions == 11


def test_the_latest_evaluation_is_shown_and_all_are_kept(
    writer: Writer, reader: Reader, mnist: list[int]
) -> None:
    """History keeps every figure; a version shows its latest; outcomes are kept for the latest only."""
    with writer.transaction() as connection:
        ids = [
            evaluations.add(
                connection,
                mnist[1],
                evaluation(ACCURACIES[step]),
                job_id=None,
                at=10.0 + step,
                requested_by="ann",
            )
            for step in range(5)
        ]
        evaluations.add_latency(connection, ids[-1], LATENCY)
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    current = detail.versions[1].evaluation
    assert current is not None
    assert current.metric("accuracy") == evaluation(0.94).metrics[0]
    assert current.latency == LATENCY
    assert current.confusion == ((990, 10), (20, 980))
    assert [point.value for point in detail.history] == pytest.approx(list(ACCURACIES))
    assert [point.value for point in detail.latency] == [1.5]
    assert snapshot.read(reader).models[0].trend == pytest.approx(ACCURACIES)
    with reader.transaction() as connection:
        kept = [
            evaluation_id
            for evaluation_id in ids
            if evaluations.outcomes(connection, evaluation_id) is not None
        ]
    assert kept == ids[-1:]


def test_what_evaluations_have_in_common_is_held_once(
    writer: Writer, reader: Reader, mnist: list[int]
) -> None:
    """Hundreds of versions were measured by the same figures on the same data; a console holds their names for as long as it is open."""
    with writer.transaction() as connection:
        for version in mnist[:2]:
            evaluations.add(
                connection, version, evaluation(0.9), job_id=None, at=10.0, requested_by="a person"
            )
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    one, other = detail.evaluations
    assert one.version_id != other.version_id
    assert one.metrics[0].name is other.metrics[0].name
    assert one.dataset_sha256 is other.dataset_sha256
    assert one.requested_by is other.requested_by


def test_examples_are_kept_of_what_a_gate_needs(writer: Writer, reader: Reader, mnist: list[int]) -> None:
    """Of what is deployed, of anchors and of the versions that were evaluated last; of others they go."""
    kept_of = ExampleValues("log_loss", "f4", b"\0" * 8)
    made = msgspec.structs.replace(evaluation(0.9), examples=(kept_of,))
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=1.0)
        extra = [
            models.add_version(connection, model, number, status=Status.READY, found_at=1.0)
            for number in range(10, 12 + evaluations.OUTCOMES_KEPT)
        ]
        models.set_current(connection, model, current_id=extra[0], previous_id=None)
        gates.set_anchor(connection, model, "d" * 64, extra[1])
        ids = [
            evaluations.add(connection, version, made, job_id=None, at=1.0, requested_by="ann")
            for version in [*extra[:2], mnist[1], *extra[2:]]
        ]
    with reader.transaction() as connection:
        kept = [number for number in ids if evaluations.example_values(connection, number)]
        assert evaluations.example_values(connection, ids[-1]) == {"log_loss": kept_of}
        assert [number for number in ids if evaluations.outcomes(connection, number)] == kept
    assert kept == [ids[0], ids[1], *ids[-evaluations.OUTCOMES_KEPT :]]
    assert ids[2] not in kept


def test_history_can_be_limited_in_time_and_number(writer: Writer, reader: Reader, mnist: list[int]) -> None:
    """A chart asks for a range and gets its latest points, oldest first."""
    with writer.transaction() as connection:
        for step in range(10):
            evaluations.add(
                connection, mnist[1], evaluation(0.9), job_id=None, at=float(step), requested_by="ann"
            )
    with reader.transaction() as connection:
        points = evaluations.history(connection, "mnist", "accuracy", since=3.0, limit=4)
    assert [point.at for point in points] == [6.0, 7.0, 8.0, 9.0]


def test_only_switches_that_happened_are_history(writer: Writer, reader: Reader, mnist: list[int]) -> None:
    """An intent without its outcome is no promotion."""
    del mnist
    gate = GateReport(
        against=1, verdict=Verdict.SUPERIOR, checks=(GateCheck("accuracy", CheckVerdict.PASS, "+0.04"),)
    )
    with writer.transaction() as connection:
        model = models.model_id(connection, "mnist")
        assert model is not None
        for outcome in (PromotionOutcome.DONE, PromotionOutcome.ABANDONED, None):
            intent = promotions.intend(
                connection,
                model,
                job_id=None,
                at=5.0,
                requested_by="ann",
                kind=JobKind.PROMOTE,
                from_number=1,
                to_number=2,
                gate=gate,
            )
            if outcome:
                promotions.settle(connection, intent, outcome)
        assert len(promotions.unsettled(connection)) == 1
        assert promotions.brought_by(connection, model, 2) == 1
    detail = snapshot.read_detail(reader, "mnist")
    assert detail is not None
    assert [(row.from_version, row.to_version, row.verdict, row.checks) for row in detail.promotions] == [
        (1, 2, Verdict.SUPERIOR, gate.checks)
    ]


def test_a_model_whose_folder_went_leaves_the_list_and_keeps_its_history(
    writer: Writer, reader: Reader, mnist: list[int]
) -> None:
    """Deleting a folder forgets nothing; its coming back shows everything again."""
    del mnist
    with writer.transaction() as connection:
        models.set_present(connection, set())
    assert snapshot.read(reader).models == ()
    with writer.transaction() as connection:
        models.set_present(connection, {"mnist"})
    assert snapshot.read(reader).models[0].versions == 3


def test_a_fault_opens_once_counts_and_closes(writer: Writer, reader: Reader) -> None:
    """The same problem is one line however often it is seen, and a new line after it was resolved."""
    with writer.transaction() as connection:
        assert faults.open_fault(connection, "settings", "bad", at=1.0, model="mnist")
        assert not faults.open_fault(connection, "settings", "worse", at=2.0, model="mnist")
    (fault,) = snapshot.read(reader).faults
    assert (fault.count, fault.message, fault.first_at, fault.last_at) == (2, "worse", 1.0, 2.0)
    with writer.transaction() as connection:
        assert faults.close_fault(connection, "settings", at=3.0, model="mnist")
        assert not faults.close_fault(connection, "settings", at=3.0, model="mnist")
        assert faults.open_fault(connection, "settings", "again", at=4.0, model="mnist")
    assert [fault.message for fault in snapshot.read(reader).faults] == ["again"]


def test_an_acknowledged_fault_stays_open_and_asks_for_nobody(writer: Writer, reader: Reader) -> None:
    """Who has seen a fault is on record; repetitions leave it seen; it can ask again."""
    with writer.transaction() as connection:
        models.ensure(connection, "mnist", now=0.0)
        models.set_present(connection, {"mnist"})
        faults.open_fault(connection, "settings", "bad", at=1.0, model="mnist")
    (fault,) = snapshot.read(reader).faults
    assert snapshot.read(reader).models[0].faults == 1
    with writer.transaction() as connection:
        faults.acknowledge(connection, fault.id, by="ann")
        faults.open_fault(connection, "settings", "worse", at=3.0, model="mnist")
    seen = snapshot.read(reader)
    assert [(fault.state, fault.count) for fault in seen.faults] == [(FaultState.ACKNOWLEDGED, 2)]
    assert seen.models[0].faults == 0
    assert seen.faults[0].acknowledged_by == "ann"
    with writer.transaction() as connection:
        faults.reopen(connection, fault.id)
    assert snapshot.read(reader).models[0].faults == 1


def test_events_are_cleaned_before_they_are_stored(writer: Writer, reader: Reader) -> None:
    """No control sequence reaches the log that people read."""
    with writer.transaction() as connection:
        events.add(connection, "test", "a\x1b[2Jb", at=1.0, severity=Severity.WARNING)
    assert snapshot.read(reader).events[0].message == "a\ufffd[2Jb"


def test_devices_show_their_latest_reading_and_history(writer: Writer, reader: Reader) -> None:
    """A reading that is not exposed is None and no point of the history; pruning forgets old readings only."""
    cpu = Device(
        id="cpu",
        kind=DeviceKind.CPU,
        name="a processor",
        usable_by=("keras",),
        note="",
        memory_total_bytes=100,
    )
    with writer.transaction() as connection:
        devices.replace(connection, [cpu])
        for at, use in ((1.0, 0.5), (2.0, None), (3.0, 0.75)):
            devices.add_samples(
                connection, [msgspec.structs.replace(cpu, at=at, utilisation=use, memory_used_bytes=40)]
            )
        devices.add_samples(connection, [msgspec.structs.replace(cpu, id="cuda:9", at=1.0)])
    (shown,) = snapshot.read(reader).devices
    assert (shown.utilisation, shown.memory_used_bytes, shown.temperature_c, shown.history) == (
        0.75,
        40,
        None,
        (0.5, 0.75),
    )
    with writer.transaction() as connection:
        devices.replace(connection, [])
        devices.replace(connection, [cpu])
    assert snapshot.read(reader).devices[0].history == (0.5, 0.75), "what went keeps what it read"


def test_the_engine_describes_itself(writer: Writer, reader: Reader) -> None:
    """Before the first engine there is nothing to show; afterwards its last word is."""
    assert snapshot.read(reader).engine is None
    with writer.transaction() as connection:
        engine.start(connection, pid=7, version="0.1.0", now=1.0, sandbox={"files": "on"})
        engine.beat(connection, now=2.0, rss_bytes=10, cpu_percent=0.5, hosts=())
        engine.stop(connection, now=3.0)
    state = snapshot.read(reader).engine
    assert state is not None
    assert (state.pid, state.heartbeat_at, state.stopped_at, state.sandbox) == (7, 2.0, 3.0, {"files": "on"})
