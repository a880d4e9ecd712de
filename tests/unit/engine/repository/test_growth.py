"""Promises about what is said of things while they arrive."""

from engine.repository.growth import Growth
from engine.repository.settle import Key

MIB = 1024 * 1024
KEY: Key = ("mnist", "large.onnx")


def said_at_last(sizes: list[tuple[float, int]]) -> str:
    """Return what is said after looks at these times found these sizes."""
    growth = Growth()
    said: dict[Key, str] = {}
    for at, size in sizes:
        said = growth.look({KEY: size}, now=at)
    return said.get(KEY, "")


def test_size_and_rate_are_told() -> None:
    """After a second it is said how much is there and how fast it comes."""
    assert said_at_last([(10.0, 0), (10.5, 6 * MIB)]) == ""
    sizes = [(10 + second / 4, second * 3 * MIB) for second in range(40)]
    assert said_at_last(sizes) == "arriving: 117 MiB so far, 12 MiB/s"


def test_a_pause_shows_within_seconds() -> None:
    """A writer that stalls is not said to go on at the speed that it once had."""
    going = [(10 + step / 4, step * 25 * MIB) for step in range(20)]
    stalled = [(15 + step / 4, 475 * MIB) for step in range(30)]
    assert said_at_last([*going, *stalled]) == "arriving: 475 MiB so far"


def test_a_copy_that_begins_anew_is_measured_anew() -> None:
    """A file that shrank was started over: the rate is that of the new copy."""
    assert said_at_last([(10.0, 900 * MIB), (12.0, 0), (14.0, 4 * MIB)]) == (
        "arriving: 4.0 MiB so far, 2.0 MiB/s"
    )


def test_what_arrived_is_forgotten() -> None:
    """A thing that comes a second time is not said to have been arriving ever since."""
    growth = Growth()
    growth.look({KEY: 1}, now=10.0)
    growth.look({}, now=11.0)
    assert growth.look({KEY: 1}, now=20.0) == {}
