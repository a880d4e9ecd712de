"""What is read for the chart of a device: enough to see, never too much, and nothing of the future."""

from math import inf

import pytest

from storage import device_readings
from storage.database import Reader, Writer
from storage.tables import rollups
from storage.tables.rollups import DAY, HOUR, MINUTE, POINTS, RAW
from tests.readings import MIDNIGHT, record, roll, uses

DAYS = 4
STEP_S = 600.0
LAST = MIDNIGHT + DAYS * DAY - STEP_S


@pytest.fixture
def four_days(writer: Writer) -> list[float]:
    """Return four days of readings, which are recorded and rolled up; of single ones and minutes the last day is kept."""
    values = uses(round(DAYS * DAY / STEP_S))
    with writer.passing() as connection:
        record(connection, values, since=MIDNIGHT, step_s=STEP_S)
        roll(connection, now=LAST)
        for level in (RAW, MINUTE):
            while rollups.drop(connection, level, before=LAST - DAY):
                pass
    return values


def test_every_span_is_told_in_few_points(reader: Reader, four_days: list[float]) -> None:
    """A quarter of an hour is single readings, an hour and a day minutes, two and two of a day together, a week hours.

    The latest reading is among them.
    """
    for span_s, step_s, points in (
        (15.0 * MINUTE, None, 2),
        (HOUR, MINUTE, 7),
        (DAY, 2 * MINUTE, 145),
        (7 * DAY, HOUR, 96),
        (inf, HOUR, 96),
    ):
        found = device_readings.read(reader, "cuda:0", "utilisation", span_s=span_s)
        assert found.step_s == step_s
        assert len(found.points) == points <= POINTS
        latest = found.points[-1]
        assert latest.at <= LAST < latest.at + (step_s or STEP_S)
        assert latest.n == (6 if step_s == HOUR else 1)
        assert latest.greatest == max(four_days[-latest.n :])


def test_more_readings_than_columns_are_put_together(reader: Reader, writer: Writer) -> None:
    """Of fifty minutes of a reading a second no more is read than is drawn, and no extreme is lost."""
    values = uses(3000)
    with writer.passing() as connection:
        record(connection, values, since=MIDNIGHT, step_s=1.0)
    found = device_readings.read(reader, "cuda:0", "utilisation")
    assert (found.step_s, len(found.points)) == (3.0, 1000)
    with reader.transaction() as connection:
        single = rollups.read(
            connection, "cuda:0", "utilisation", level=RAW, since=MIDNIGHT, until=MIDNIGHT + 3000
        )
    for told, wanted in zip(found.points, rollups.joined(single, 3.0), strict=True):
        assert told._replace(mean=0.0, sketch=None) == wanted._replace(mean=0.0, sketch=None)
        assert told.mean == pytest.approx(wanted.mean)


def test_of_the_past_nothing_later_is_told(reader: Reader, four_days: list[float]) -> None:
    """What was not over at the moment is left out, and single readings that are gone are told by the next level."""
    at = MIDNIGHT + 2 * DAY + HOUR + 30 * MINUTE
    found = device_readings.read(reader, "cuda:0", "utilisation", span_s=900.0, until=at)
    assert (found.step_s, found.points) == (HOUR, ())
    found = device_readings.read(reader, "cuda:0", "utilisation", span_s=DAY, until=at)
    assert len(found.points) == 24
    latest = found.points[-1]
    assert (latest.at, latest.n) == (MIDNIGHT + 2 * DAY, 6)
    begin = 2 * round(DAY / STEP_S)
    assert latest.greatest == max(four_days[begin : begin + 6])


def test_a_device_without_readings_has_none(reader: Reader, four_days: list[float]) -> None:
    """A reading that the device never gave, and a device that there never was, have no points; what it gave is named."""
    del four_days
    never = device_readings.read(reader, "cuda:0", "power_w")
    assert (never.points, never.known) == ((), ("utilisation",))
    nowhere = device_readings.read(reader, "npu:7", "utilisation")
    assert (nowhere.points, nowhere.known) == ((), ())
