"""What readings that are rolled up promise."""

import math
import statistics

import pytest

from storage.database import Reader, Writer
from storage.sketch import RELATIVE_ERROR
from storage.tables import rollups
from storage.tables.devices import SAMPLE
from storage.tables.rollups import DAY, HOUR, MINUTE, RAW, Bucket
from tests import readings
from tests.readings import MIDNIGHT, record, uses

LATER = MIDNIGHT + 40 * DAY


def roll(writer: Writer, now: float = LATER) -> int:
    """Make every bucket that is over; return how many."""
    with writer.passing() as connection:
        return readings.roll(connection, now=now)


def read(reader: Reader, level: int, *, distributed: bool = False) -> list[Bucket]:
    """Return all buckets of the card's utilisation."""
    with reader.transaction() as connection:
        return rollups.read(
            connection, "cuda:0", "utilisation", level=level, since=0.0, until=1e12, distributed=distributed
        )


@pytest.fixture
def values(writer: Writer) -> list[float]:
    """Return three hours of readings, which are recorded."""
    found = uses(3 * HOUR)
    with writer.passing() as connection:
        record(connection, found, since=MIDNIGHT)
    return found


@pytest.mark.parametrize(("level", "buckets"), [(MINUTE, 180), (HOUR, 3), (DAY, 1)])
def test_every_level_tells_what_all_its_seconds_were(
    writer: Writer, reader: Reader, values: list[float], level: int, buckets: int
) -> None:
    """Count, least, mean, greatest and p99 of a bucket are those of its seconds, before it is made and after.

    The p99 takes some times as long, and is told where it is asked for.
    """
    before, plain = read(reader, level, distributed=True), read(reader, level)
    roll(writer)
    found = read(reader, level, distributed=True)
    assert len(found) == buckets
    assert before == found
    assert plain == read(reader, level) == [bucket._replace(sketch=None) for bucket in found]
    for number, bucket in enumerate(found):
        seconds = values[number * level : (number + 1) * level]
        assert bucket.at == MIDNIGHT + number * level
        assert (bucket.n, bucket.least, bucket.greatest) == (len(seconds), min(seconds), max(seconds))
        assert bucket.mean == pytest.approx(statistics.fmean(seconds))
        true = sorted(seconds)[math.floor(0.99 * (len(seconds) - 1))]
        assert bucket.sketch is not None
        assert bucket.sketch.quantile(0.99) == pytest.approx(true, rel=RELATIVE_ERROR)


def test_doing_it_again_changes_nothing(writer: Writer, reader: Reader, values: list[float]) -> None:
    """A bucket that is noted once more comes out the same, and what is done is not due any more."""
    roll(writer)
    before = {level: read(reader, level, distributed=True) for level in rollups.TABLES}
    assert roll(writer) == 0
    with writer.passing() as connection:
        record(connection, values, since=MIDNIGHT)
    assert roll(writer) == 180 + 3 + 1
    assert {level: read(reader, level, distributed=True) for level in rollups.TABLES} == before


def test_what_is_not_over_is_not_made(writer: Writer, values: list[float]) -> None:
    """The minute, hour and day that it is now wait for their end, and are told all the same."""
    del values
    now = MIDNIGHT + 2.5 * HOUR + 30
    with writer.passing() as connection:
        connection.execute("DELETE FROM device_samples WHERE at > ?", (now,))
        connection.execute("DELETE FROM rollups_due WHERE at > ?", (now,))
    roll(writer, now)
    with writer.passing() as connection:
        waiting = [
            tuple(row) for row in connection.execute("SELECT level, at FROM rollups_due ORDER BY level")
        ]
        minutes, hours = (
            rollups.read(connection, "cuda:0", "utilisation", level=level, since=0.0, until=1e12)
            for level in (MINUTE, HOUR)
        )
    assert waiting == [(MINUTE, now - 30), (HOUR, MIDNIGHT + 2 * HOUR), (DAY, MIDNIGHT)]
    assert (minutes[-1].n, minutes[-1].sketch) == (31, None)
    assert hours[-1].n == 1831


def test_a_gap_stays_a_gap(writer: Writer, reader: Reader) -> None:
    """Where nothing was read there is no bucket, and none is made up between two."""
    with writer.passing() as connection:
        record(connection, uses(60), since=MIDNIGHT)
        record(connection, uses(60), since=MIDNIGHT + 5 * HOUR)
    roll(writer)
    for level in (MINUTE, HOUR):
        assert [bucket.at for bucket in read(reader, level)] == [MIDNIGHT, MIDNIGHT + 5 * HOUR]
    assert [bucket.n for bucket in read(reader, DAY)] == [120]


def test_dropped_readings_stay_rolled_up(writer: Writer, reader: Reader, values: list[float]) -> None:
    """When the seconds are gone, the minutes tell of them, and a bucket that is due by mistake is not emptied."""
    roll(writer)
    before = read(reader, MINUTE, distributed=True)
    more = True
    with writer.passing() as connection:
        while more:
            more = rollups.drop(connection, RAW, before=LATER)
    assert read(reader, RAW) == []
    with writer.passing() as connection:
        connection.execute("INSERT INTO rollups_due VALUES (60, 'cuda:0', ?)", (MIDNIGHT,))
    assert roll(writer) == 1
    assert read(reader, MINUTE, distributed=True) == before
    assert sum(bucket.n for bucket in before) == len(values)


def test_nothing_is_dropped_before_it_is_rolled_up(
    writer: Writer, reader: Reader, values: list[float]
) -> None:
    """However old readings are, they wait for their minutes, and minutes for their hours."""
    for level in (RAW, MINUTE, HOUR):
        with writer.passing() as connection:
            assert not rollups.drop(connection, level, before=LATER)
    assert len(read(reader, RAW)) == len(values)
    with writer.passing() as connection:
        for _ in range(180):
            wanted = rollups.due(connection, now=LATER)
            assert wanted is not None
            rollups.make(connection, wanted)
        assert not rollups.drop(connection, MINUTE, before=LATER)
    assert len(read(reader, MINUTE)) == 180


def test_old_readings_are_dropped_a_few_at_a_time(
    writer: Writer, reader: Reader, values: list[float]
) -> None:
    """One transaction drops no more than its share and says that there is more; what is young enough stays."""
    roll(writer)
    with writer.passing() as connection:
        assert rollups.drop(connection, RAW, before=MIDNIGHT + 2 * HOUR)
    assert len(read(reader, RAW)) == len(values) - rollups.DROPPED_AT_ONCE
    more = True
    with writer.passing() as connection:
        while more:
            more = rollups.drop(connection, RAW, before=MIDNIGHT + 2 * HOUR)
    assert read(reader, RAW)[0].at == MIDNIGHT + 2 * HOUR


@pytest.mark.parametrize(
    ("level", "before", "first"),
    [
        pytest.param(RAW, 2 * HOUR + 30, 2 * HOUR, id="seconds of whole minutes"),
        pytest.param(MINUTE, 2 * HOUR + 30 * MINUTE, 2 * HOUR, id="minutes of whole hours"),
        pytest.param(HOUR, DAY - 1, 0, id="the hours of a day that is not old enough"),
        pytest.param(HOUR, DAY, None, id="the hours of a whole day"),
        pytest.param(DAY, DAY - 1, 0, id="a day that is not old enough"),
        pytest.param(DAY, DAY, None, id="a day"),
    ],
)
def test_what_is_too_old_goes_by_whole_buckets_of_the_next_level(
    writer: Writer, reader: Reader, level: int, before: int, first: int | None
) -> None:
    """So that one that is made once more is made of all of it; each level goes by its own age."""
    with writer.passing() as connection:
        record(connection, uses(360), since=MIDNIGHT, step_s=30.0)
    roll(writer)
    others = {other: read(reader, other) for other in (RAW, *rollups.TABLES) if other != level}
    with writer.passing() as connection:
        assert not rollups.drop(connection, level, before=MIDNIGHT + before)
    left = read(reader, level)
    assert (left[0].at if left else None) == (None if first is None else MIDNIGHT + first)
    assert {other: read(reader, other) for other in others} == others


@pytest.mark.parametrize(
    ("span_s", "level"), [(600, RAW), (3000, RAW), (2 * DAY, MINUTE), (100 * DAY, HOUR), (3650 * DAY, DAY)]
)
def test_no_range_reads_more_than_some_thousand_points(span_s: float, level: int) -> None:
    """The level is the finest that answers with at most some thousand buckets."""
    assert rollups.level_for(span_s) == level


@pytest.mark.parametrize(
    ("step_s", "level"),
    [(0.5, RAW), (59.9, RAW), (60.0, MINUTE), (3599.0, MINUTE), (3600.0, HOUR), (1e9, DAY)],
)
def test_a_step_is_made_of_buckets_that_are_no_longer_than_it(step_s: float, level: int) -> None:
    """Whatever the range, the level is the coarsest that fits into the step."""
    assert rollups.level_for(10 * DAY, step_s) == level


def test_steps_put_buckets_together(writer: Writer, reader: Reader, values: list[float]) -> None:
    """Buckets joined to a longer step tell the same as all that is in them."""
    roll(writer)
    (whole,) = rollups.joined(read(reader, MINUTE, distributed=True), 6 * HOUR)
    assert whole._replace(mean=0.0) == read(reader, DAY, distributed=True)[0]._replace(mean=0.0)
    assert whole.mean == pytest.approx(statistics.fmean(values))


def test_what_there_are_readings_of_is_known_from_the_first_second_on(writer: Writer) -> None:
    """A device that just came has no bucket yet, and is asked for all that devices tell; later for what it told."""
    with writer.passing() as connection:
        assert rollups.known(connection) == {}
        record(connection, [0.5] * 61, since=MIDNIGHT)
        assert rollups.known(connection) == {"cuda:0": list(SAMPLE)}
    roll(writer)
    with writer.passing() as connection:
        assert rollups.known(connection) == {"cuda:0": ["utilisation"]}


@pytest.mark.parametrize(
    ("span_s", "step_s", "level"),
    [
        (60.0, None, RAW),
        (rollups.POINTS * MINUTE, None, MINUTE),
        (rollups.POINTS * MINUTE + 1, None, HOUR),
        (rollups.POINTS * DAY * 10, None, DAY),
        (60.0, 0.5, RAW),
        (60.0, MINUTE, MINUTE),
        (60.0, HOUR - 1, MINUTE),
        (60.0, 10.0 * DAY, DAY),
    ],
)
def test_the_level_suits_what_is_to_be_shown(span_s: float, step_s: float | None, level: int) -> None:
    """As fine as a picture can show it, and never coarser than the step that somebody asked for."""
    assert rollups.level_for(span_s, step_s) == level
