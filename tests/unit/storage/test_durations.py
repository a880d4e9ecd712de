"""How people write a length of time."""

import pytest

from storage.durations import rough, seconds, written


@pytest.mark.parametrize(
    ("text", "length"),
    [("90s", 90.0), ("15m", 900.0), (" 1.5h ", 5400.0), ("7d", 604800.0), ("2w", 1209600.0), ("0s", 0.0)],
)
def test_what_a_length_of_time_stands_for(text: str, length: float) -> None:
    """A number and a unit are that many seconds."""
    assert seconds(text) == length


@pytest.mark.parametrize("text", ["", "15", "m", "-1m", "1 m", "15min", "1h30m", "1e3s", "nan", "9999999s"])
def test_what_is_no_length_of_time(text: str) -> None:
    """Anything else is refused with the forms that there are."""
    with pytest.raises(ValueError, match=r"expected a length of time \(90s, 15m"):
        seconds(text)


@pytest.mark.parametrize(
    ("length", "whole", "about"),
    [
        (0.0, "0s", "0s"),
        (90.0, "90s", "90s"),
        (120.0, "2m", "2m"),
        (150.0, "150s", "3m"),
        (600.0, "10m", "10m"),
        (2519.4, "2519s", "42m"),
        (3600.0, "1h", "60m"),
        (7200.0, "2h", "2h"),
        (86400.0, "1d", "24h"),
        (172800.0, "2d", "2d"),
        (604800.0, "1w", "7d"),
        (-5.0, "0s", "0s"),
    ],
)
def test_how_a_length_of_time_is_written(length: float, whole: str, about: str) -> None:
    """Exactly, so that it could be read again, and for people who wait."""
    assert (written(length), rough(length)) == (whole, about)
    assert seconds(written(length)) == max(0, round(length))
