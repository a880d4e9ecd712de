"""What is read for a device's chart while somebody looks at it: again only when the chart would differ."""

from storage.database import Reader, Writer
from storage.device_readings import Readings
from storage.tables import devices
from storage.workspace import Workspace
from tests.readings import MIDNIGHT, record
from tui.beside import CHART_S, Beside, Charted

QUARTER_S = 900.0


def read(beside: Beside, reader: Reader, span_s: float = QUARTER_S) -> Readings | None:
    """Return what is read of the devices as they are recorded."""
    with reader.transaction() as connection:
        known = devices.read(connection)
    return beside.read_readings(reader, known, span_s)


def test_readings_are_read_again_when_the_chart_would_differ(
    workspace: Workspace, writer: Writer, reader: Reader
) -> None:
    """What comes within a step of the chart waits; a later reading, another span or another reading is read at once."""
    beside = Beside(workspace)
    with writer.passing() as connection:
        record(connection, [0.1, 0.2], since=MIDNIGHT)
    assert read(beside, reader) is None
    beside.charted = Charted("cuda:0", "utilisation")
    first = read(beside, reader)
    assert first is not None
    assert [point.mean for point in first.points] == [0.1, 0.2]
    with writer.passing() as connection:
        record(connection, [0.3], since=MIDNIGHT + CHART_S - 1)
    assert read(beside, reader) is first
    with writer.passing() as connection:
        record(connection, [0.4], since=MIDNIGHT + CHART_S)
    later = read(beside, reader)
    assert later is not None
    assert [point.mean for point in later.points] == [0.1, 0.2, 0.3, 0.4]
    assert read(beside, reader, 4 * QUARTER_S) is not later
    beside.charted = Charted("cuda:0", "power_w")
    other = read(beside, reader)
    assert other is not None
    assert (other.reading, other.points) == ("power_w", ())


def test_of_a_device_that_went_nothing_is_told(workspace: Workspace, writer: Writer, reader: Reader) -> None:
    """Neither of one that is not there any more, nor when nobody looks, is anything held."""
    beside = Beside(workspace)
    with writer.passing() as connection:
        record(connection, [0.1], since=MIDNIGHT)
    beside.charted = Charted("cuda:0", "utilisation")
    assert read(beside, reader) is not None
    with writer.passing() as connection:
        devices.replace(connection, [])
    assert read(beside, reader) is None
