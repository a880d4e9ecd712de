"""The workspace as it was: what is known of an earlier moment, and what is said not to be."""

import sqlite3
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from storage import jobs, moments, past
from storage.database import Reader, Writer
from storage.past_devices import devices_at
from storage.promotion_records import GateReport
from storage.records import Device, Model, NewEvaluation, Version
from storage.snapshot import Detail
from storage.tables import devices, evaluations, events, faults, models, promotions, quarantine, rollups
from storage.vocabulary import (
    Custody,
    DeviceKind,
    FaultState,
    Format,
    JobKind,
    JobState,
    PromotionOutcome,
    Severity,
    Status,
    Verdict,
)
from tests.unit.storage.test_snapshot import evaluation

T = 1_000_000.0
"""When the story begins: a whole minute, hour and day are none of it."""


class Story(NamedTuple):
    """A model with three versions and its ids."""

    model: int
    versions: dict[int, int]


@pytest.fixture
def story(writer: Writer) -> Story:
    """Record a model: v1 found at +0, v2 at +100, v3 at +500; v1 deployed at +50, v2 at +200, v1 again at +300."""
    with writer.transaction() as connection:
        model = models.ensure(connection, "mnist", now=T)
        ids = {}
        for number, found_at in ((1, T), (2, T + 100), (3, T + 500)):
            status = Status.FAILED if number == 3 else Status.READY
            ids[number] = models.add_version(connection, model, number, status=status, found_at=found_at)
        models.set_version(connection, ids[3], status=Status.FAILED, reason="It is truncated.")
        for number, at, accuracy in ((1, T + 10, 0.90), (2, T + 110, 0.95), (1, T + 400, 0.91)):
            _evaluate(connection, ids[number], evaluation(accuracy), at)
        told = Story(model, ids)
        _switch(connection, told, None, 1, T + 50)
        _switch(connection, told, 1, 2, T + 200)
        _switch(connection, told, 2, 1, T + 300, kind=JobKind.ROLLBACK)
        models.set_current(connection, model, current_id=ids[1], previous_id=None)
    return told


def _evaluate(connection: sqlite3.Connection, version_id: int, new: NewEvaluation, at: float) -> None:
    evaluations.add(connection, version_id, new, job_id=None, at=at, requested_by="ann")


def _switch(
    connection: sqlite3.Connection,
    story: Story,
    before: int | None,
    after: int,
    at: float,
    *,
    kind: JobKind = JobKind.PROMOTE,
) -> None:
    switch = promotions.intend(
        connection,
        story.model,
        job_id=None,
        at=at,
        requested_by="ann",
        kind=kind,
        from_number=before,
        to_number=after,
        gate=None,
    )
    promotions.settle(connection, switch, PromotionOutcome.DONE)


def _model(reader: Reader, at: float) -> Model:
    [found] = past.read(reader, at).snapshot.models
    return found


def _number(version: Version | None) -> int | None:
    return None if version is None else version.number


@pytest.mark.parametrize(
    ("after", "current", "previous", "candidate"),
    [
        (20, None, None, 1),
        (60, 1, None, None),
        (150, 1, None, 2),
        (250, 2, 1, None),
        (350, 1, None, 2),
    ],
)
def test_what_was_deployed_follows_from_the_promotions(
    reader: Reader, story: Story, after: float, current: int, previous: int, candidate: int
) -> None:
    """Each promotion and rollback counts from its moment on, and what lay under a version came back with it."""
    del story
    model = _model(reader, T + after)
    assert (_number(model.current), _number(model.previous), _number(model.candidate)) == (
        current,
        previous,
        candidate,
    )


def test_before_its_first_trace_a_model_was_not_there(reader: Reader, story: Story) -> None:
    """Nothing is known of a model before anything of it was recorded, and nothing is shown."""
    del story
    found = past.read(reader, T - 1)
    assert found.snapshot.models == ()
    assert past.read_detail(reader, "mnist", T - 1) is None


def test_a_version_has_the_figures_of_then(reader: Reader, story: Story) -> None:
    """The latest evaluation of a moment is the latest one that was over by then, exactly at its time, too."""
    del story
    for after, accuracy in ((9, None), (10, 0.90), (399, 0.90), (400, 0.91)):
        [first] = [one for one in _detail(reader, T + after).versions if one.number == 1]
        metric = first.evaluation.metric("accuracy") if first.evaluation else None
        assert (metric.value if metric else None) == accuracy


def _detail(reader: Reader, at: float) -> Detail:
    found = past.read_detail(reader, "mnist", at)
    assert found is not None
    return found


def test_a_models_page_ends_at_the_moment(reader: Reader, story: Story) -> None:
    """Versions, evaluations, both charts and promotions of later are left out."""
    del story
    page = _detail(reader, T + 250)
    assert [version.number for version in page.versions] == [2, 1]
    assert [one.at - T for one in page.evaluations] == [110, 10]
    assert [point.value for point in page.history] == [0.90, 0.95]
    assert [one.to_version for one in page.promotions] == [2, 1]
    assert page.model.trend == (0.95,)


def test_of_many_versions_those_that_matter_are_told(
    reader: Reader, writer: Writer, story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest, what was deployed, what lay under it, and what has an evaluation among the latest; the rest is counted."""
    monkeypatch.setattr(past, "SHOWN_VERSIONS", 2)
    with writer.transaction() as connection:
        for number in range(4, 10):
            models.add_version(
                connection, story.model, number, status=Status.READY, found_at=T + 500 + number
            )
        models.add_version(connection, story.model, 10, status=Status.READY, found_at=T + 700)
    page = _detail(reader, T + 520)
    assert [version.number for version in page.versions] == [9, 8, 2, 1]
    assert page.model.versions == 9
    assert page.model.newest is not None
    assert (page.model.newest.number, _number(page.model.candidate)) == (9, 9)


def test_a_state_that_nothing_tells_is_said_to_be_of_now(reader: Reader, story: Story) -> None:
    """What a version's folder was like before any evaluation is not on record; what was evaluated had loaded."""
    del story
    third, second, first = _detail(reader, T + 600).versions
    assert (first.status, second.status) == (Status.READY, Status.READY)
    assert third.status is Status.FAILED
    assert third.reason == f"It is truncated ({past.AS_NOW})"


def test_a_version_that_broke_later_was_well(reader: Reader, writer: Writer, story: Story) -> None:
    """What had been evaluated by then was ready then, whatever its folder holds now."""
    with writer.transaction() as connection:
        models.set_version(connection, story.versions[2], status=Status.MISSING, reason="gone")
    assert _detail(reader, T + 250).versions[0].status is Status.READY


def test_a_gate_speaks_only_of_what_it_saw(reader: Reader, writer: Writer, story: Story) -> None:
    """The gate's last word is shown of a moment only where nothing was measured and nothing deployed since."""
    gate = GateReport(against=1, verdict=Verdict.SUPERIOR, checks=())
    with writer.transaction() as connection:
        models.set_gate(connection, story.versions[2], gate)
    before = next(one for one in _detail(reader, T + 350).versions if one.number == 2)
    assert (before.gate, before.reason) == (None, "what the gate said of it then is not recorded")
    after = next(one for one in _detail(reader, T + 450).versions if one.number == 2)
    assert (after.gate, after.reason) == (gate, "")


def test_a_link_that_was_removed_by_hand_leaves_nothing_deployed(
    reader: Reader, writer: Writer, story: Story
) -> None:
    """The log tells of a link that went; what was deployed until then could come back."""
    del story
    with writer.transaction() as connection:
        events.add(connection, events.MOVED_OUTSIDE, "gone", at=T + 420, model="mnist", version=1)
    model = _model(reader, T + 430)
    assert (_number(model.current), _number(model.previous)) == (None, 1)
    assert _number(_model(reader, T + 410).current) == 1


def test_what_was_deployed_before_the_first_switch_on_record(
    reader: Reader, writer: Writer, story: Story
) -> None:
    """What the first switch took away had been deployed until then; where none is on record, it is what is deployed now."""
    with writer.transaction() as connection:
        connection.execute("DELETE FROM promotions WHERE to_number = 1 AND kind = 'promote'")
    assert _number(_model(reader, T + 20).current) == 1
    with writer.transaction() as connection:
        connection.execute("DELETE FROM promotions")
        models.set_current(connection, story.model, current_id=story.versions[2], previous_id=None)
    assert _number(_model(reader, T + 150).current) == 2
    assert _model(reader, T + 20).current is None


def test_a_model_that_is_gone_now_is_shown_while_it_was_there(
    reader: Reader, writer: Writer, story: Story
) -> None:
    """Its last trace is the last moment at which it surely was there."""
    del story
    with writer.transaction() as connection:
        models.set_present(connection, set())
    assert [model.name for model in past.read(reader, T + 399).snapshot.models] == ["mnist"]
    assert past.read(reader, T + 401).snapshot.models == ()


def test_jobs_are_as_far_as_they_were(reader: Reader, writer: Writer) -> None:
    """A job waits from its request on, runs from its start on, and what it came to is known from its end on."""
    with writer.transaction() as connection:
        job = jobs.add(connection, JobKind.EVALUATE, "mnist", 1, requested_by="ann", now=T)
        jobs.claim(connection, frozenset(JobKind), now=T + 10)
        jobs.progress(connection, job.id, done=5, total=10, message="half")
        jobs.finish(connection, job.id, JobState.FAILED, now=T + 20, error="no")
    states = {}
    for after in (-1, 0, 10, 20):
        found = past.read(reader, T + after).snapshot
        states[after] = [(one.state, one.done, one.error) for one in found.jobs]
        assert (found.queued, found.running) == (int(after == 0), int(after == 10))
    assert states == {
        -1: [],
        0: [(JobState.QUEUED, 0, "")],
        10: [(JobState.RUNNING, 0, "")],
        20: [(JobState.FAILED, 5, "no")],
    }


def test_faults_were_open_between_their_ends(reader: Reader, writer: Writer, story: Story) -> None:
    """A fault counts from when it was found until it ended, and one that is acknowledged now was open when it began."""
    del story
    with writer.transaction() as connection:
        faults.open_fault(connection, "old", "one", at=T + 100, model="mnist")
        faults.close_fault(connection, "old", at=T + 200, model="mnist")
        faults.open_fault(connection, "new", "two", at=T + 150, model="mnist", severity=Severity.ERROR)
        faults.open_fault(connection, "new", "two", at=T + 250, model="mnist", severity=Severity.ERROR)
        [new] = faults.all_open(connection)
        faults.acknowledge(connection, new.id, by="ann")
    open_then = {
        after: [fault.code for fault in past.read(reader, T + after).snapshot.faults]
        for after in (99, 100, 199, 200)
    }
    assert open_then == {99: [], 100: ["old"], 199: ["new", "old"], 200: ["new"]}
    [fault] = past.read(reader, T + 200).snapshot.faults
    assert (fault.state, fault.count, fault.last_at) == (FaultState.OPEN, 1, T + 200)
    assert [_model(reader, T + after).faults for after in (99, 199, 200)] == [0, 2, 1]


def test_events_end_at_the_moment(reader: Reader, writer: Writer) -> None:
    """The log of then has what had been written by then."""
    with writer.transaction() as connection:
        for after in (0, 10, 20):
            events.add(connection, "told", f"at {after}", at=T + after)
    assert [event.message for event in past.read(reader, T + 10).snapshot.events] == ["at 10", "at 0"]


def test_what_retention_dropped_is_named(reader: Reader, writer: Writer) -> None:
    """Where the oldest row that is kept is younger, it is said that there was more once."""
    with writer.transaction() as connection:
        for after in (0, 10, 20):
            events.add(connection, "told", f"at {after}", at=T + after)
            job = jobs.add(
                connection, JobKind.EVALUATE, "mnist", int(after), requested_by="ann", now=T + after
            )
            jobs.finish(connection, job.id, JobState.SUCCEEDED, now=T + after)
    assert past.read(reader, T).missing == ("readings",)
    with writer.transaction() as connection:
        events.prune(connection, keep=1)
        jobs.prune(connection, keep=1)
    assert past.read(reader, T + 10).missing == ("events", "jobs", "readings")
    assert past.read(reader, T + 20).missing == ("readings",)


def test_quarantine_is_as_it_was(reader: Reader, writer: Writer, story: Story) -> None:
    """A thing is kept from when it was found until it was released."""
    del story
    with writer.transaction() as connection:
        entry = quarantine.intend(
            connection,
            model="mnist",
            name="evil.keras",
            sha256="a" * 64,
            kind=Format.KERAS,
            size=10,
            reason="bad",
            evidence=(),
            liftable=False,
            at=T + 100,
        )
        connection.execute(
            "UPDATE quarantine SET state = ?, at = ? WHERE id = ?", (Custody.RELEASED, T + 200, entry)
        )
    kept = {after: len(past.read(reader, T + after).snapshot.quarantined) for after in (99, 100, 199, 200)}
    assert kept == {99: 0, 100: 1, 199: 1, 200: 0}
    assert _model(reader, T + 150).quarantined == 1


def test_an_engine_worked_between_its_lines_in_the_log(reader: Reader, writer: Writer) -> None:
    """It works from its first line to its last; of one that left no last line the readings tell."""
    with writer.transaction() as connection:
        for after, code in (
            (0, "engine-started"),
            (100, "engine-stopped"),
            (200, "engine-started"),
            (400, "engine-started"),
        ):
            events.add(connection, code, code, at=T + after)
        _read_cpu(connection, T + 250, 0.5)
    ran = {after: past.read(reader, T + after).ran for after in (-1, 0, 99, 100, 250, 390, 400)}
    assert ran == {-1: False, 0: True, 99: True, 100: False, 250: True, 390: False, 400: True}
    state = past.read(reader, T + 150).snapshot.engine
    assert state is not None
    assert state.heartbeat_at == T + 100


CPU = Device(
    id="cpu", kind=DeviceKind.CPU, name="A processor", usable_by=("onnx",), note="", memory_total_bytes=2**33
)


def _read_cpu(connection: sqlite3.Connection, at: float, share: float) -> None:
    if not devices.read(connection):
        devices.replace(connection, [CPU])
    read = [replace(CPU, at=at, utilisation=share, memory_used_bytes=2**30)]
    devices.add_samples(connection, read)
    rollups.note(connection, read)


def test_devices_have_the_readings_of_then(writer: Writer) -> None:
    """Readings themselves while they are kept, then the mean of the minute around the moment, and else that there is none."""
    with writer.transaction() as connection:
        for after, share in ((0, 0.2), (20, 0.4), (40, 0.9)):
            _read_cpu(connection, T + after, share)
        [then] = devices_at(connection, T + 20)
        assert (then.utilisation, then.history, then.memory_used_bytes) == (0.4, (0.2, 0.4), 2**30)
        while (due := rollups.due(connection, now=T + 10_000)) is not None:
            rollups.make(connection, due)
        connection.execute("DELETE FROM device_samples")
        [then] = devices_at(connection, T + 20)
        assert then.utilisation == pytest.approx(0.5, abs=0.35)
        assert (then.note, then.history) == ("the mean of that minute", ())
        [before] = devices_at(connection, T - 200_000)
        assert (before.at, before.utilisation, before.note) == (None, None, "not recorded")


def test_moments_are_where_something_happened(writer: Writer, story: Story) -> None:
    """A walk back and forth stops at every evaluation, promotion and arrival, and at nothing else."""
    del story
    with writer.transaction() as connection:
        stops, at = [], T + 1000
        while (found := moments.last_moment(connection, at - 1)) is not None:
            stops.append(found - T)
            at = found
        forth, at = [], -float("inf")
        while (found := moments.next_moment(connection, at)) is not None:
            forth.append(found - T)
            at = found
    assert stops == [500, 400, 300, 200, 110, 100, 50, 10, 0]
    assert forth == stops[::-1]
