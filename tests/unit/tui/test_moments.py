"""How people write a moment."""

import pytest

from tui.moments import moment, written

NOW = 1_763_994_187.0
"""2025-11-24 14:23:07 UTC."""


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("15m", "2025-11-24 14:08:07 UTC"),
        ("2d", "2025-11-22 14:23:07 UTC"),
        ("03:10", "2025-11-24 03:10:00 UTC"),
        ("3:10", "2025-11-24 03:10:00 UTC"),
        ("14:23:07", "2025-11-24 14:23:07 UTC"),
        ("14:24", "2025-11-23 14:24:00 UTC"),
        ("2025-01-31", "2025-01-31 00:00:00 UTC"),
        (" 2025-01-31 03:10 ", "2025-01-31 03:10:00 UTC"),
        ("2025-01-31T03:10:05+01:00", "2025-01-31 02:10:05 UTC"),
        ("999999w", "1970-01-01 00:00:00 UTC"),
        ("0001-01-01", "1970-01-01 00:00:00 UTC"),
    ],
)
def test_every_form_is_understood(typed: str, shown: str) -> None:
    """An age counts back from now, a time of the day is the last one that is over, a date is itself."""
    assert written(moment(typed, NOW)) == shown


@pytest.mark.parametrize("typed", ["", "soon", "25:00", "03:10:99", "3", "-5m", "2025-13-01"])
def test_everything_else_is_refused_with_the_forms(typed: str) -> None:
    """Who wrote something else is shown what can be written."""
    with pytest.raises(ValueError, match=r"neither an age .* nor a date"):
        moment(typed, NOW)
