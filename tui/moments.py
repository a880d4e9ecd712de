"""How people write a moment: an age (``15m``), a time of the day (``03:10``) or a date (``2025-01-31 03:10``), in UTC. Pure."""

import re
from datetime import UTC, datetime, timedelta

from storage.durations import EXAMPLES, seconds

CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")

FORMS = f"an age ({EXAMPLES}), a time of the day (03:10) nor a date (2025-01-31 03:10)"
"""What a person is shown who wrote something else."""


def moment(text: str, now: float) -> float:
    """Return the moment that a text stands for, not before 1970; a time of the day is the last one that is over.

    Raises:
        ValueError: it is neither an age nor a time nor a date.
    """
    typed = text.strip()
    if (clock := CLOCK.fullmatch(typed)) is not None:
        hour, minute, second = (int(part or 0) for part in clock.groups())
        today = datetime.fromtimestamp(now, UTC)
        found = today.replace(hour=hour, minute=minute, second=second, microsecond=0)
        return (found if found <= today else found - timedelta(days=1)).timestamp()
    try:
        return max(now - seconds(typed), 0.0)
    except ValueError:
        # It is no age, so it must be a date.
        pass
    try:
        date = datetime.fromisoformat(typed)
    except ValueError:
        raise ValueError(f"'{typed}' is neither {FORMS}") from None
    # A date without a zone is UTC, as every time that we print.
    return max((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp(), 0.0)


def written(at: float) -> str:
    """Return a moment as people write it, to the second."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
