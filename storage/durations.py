"""How people write a length of time, in settings and on the command line: ``90s``, ``15m``, ``12h``, ``7d``, ``2w``."""

import re

WRITTEN = re.compile(r"(\d{1,6}(?:\.\d+)?)([smhdw])")

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}

EXAMPLES = "90s, 15m, 12h, 7d, 2w"
"""What a person is shown who wrote something else."""


def seconds(text: str) -> float:
    """Return the length of time that a text stands for, in seconds.

    Raises:
        ValueError: it is no number with one of the units s, m, h, d, w.
    """
    written = WRITTEN.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"expected a length of time ({EXAMPLES}), got '{text}'")
    return float(written[1]) * SECONDS[written[2]]
