"""Readings of memory are those of one life of a process, some time apart, and not too many."""

from storage.database import Writer
from storage.tables import memory
from storage.tables.memory import APART_S, KEPT, Endured, Process

ENGINE = Process("the engine", 7, 100.0)


def test_readings_are_kept_apart_and_the_oldest_go(writer: Writer) -> None:
    """Ten that are asked for in one minute are one; of many the latest are kept."""
    with writer.transaction() as connection:
        for second in range(10):
            memory.add(connection, ENGINE, at=1000.0 + second, size=second)
        assert memory.read(connection, ENGINE) == [(1000.0, 0)]
        for place in range(1, 2 * KEPT):
            memory.add(connection, ENGINE, at=1000.0 + place * APART_S, size=place)
        found = memory.read(connection, ENGINE)
    assert [size for _, size in found] == list(range(KEPT, 2 * KEPT))


def test_another_life_begins_anew(writer: Writer) -> None:
    """Also where the number of the process is the same one; another process of another name stays as it is."""
    with writer.transaction() as connection:
        memory.add(connection, ENGINE, at=1000.0, size=1)
        memory.add(connection, ENGINE._replace(name="the host of torch"), at=1000.0, size=2)
        later = ENGINE._replace(began_at=999.0)
        memory.add(connection, later, at=1001.0, size=3)
        assert memory.read(connection, ENGINE) == []
        assert memory.read(connection, later) == [(1001.0, 3)]
        assert memory.read(connection, ENGINE._replace(name="the host of torch")) == [(1000.0, 2)]


def test_a_clock_that_was_set_back_leaves_nothing_of_the_future(writer: Writer) -> None:
    """Readings stand in the order in which they were made."""
    with writer.transaction() as connection:
        memory.add(connection, ENGINE, at=9000.0, size=1)
        memory.add(connection, ENGINE, at=2000.0, size=2)
        assert memory.read(connection, ENGINE) == [(2000.0, 2)]


def test_what_was_endured_is_known_of_that_content_and_runtime_only(writer: Writer) -> None:
    """The latest takes the place of the one before."""
    with writer.transaction() as connection:
        memory.set_endured(connection, "m", "a", "1", Endured(5.0, ((1, 10), (2, 20))))
        assert memory.endured(connection, "m", "a", "1") == Endured(5.0, ((1, 10), (2, 20)))
        assert memory.endured(connection, "m", "b", "1") is None
        assert memory.endured(connection, "m", "a", "2") is None
        memory.set_endured(connection, "m", "b", "1", Endured(6.0, ()))
        assert memory.endured(connection, "m", "a", "1") is None
