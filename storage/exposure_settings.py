"""The tables ``[metrics]`` and ``[log]`` of ``modeltender.toml``: what the engine tells others, and where.

Owns the keys and their limits; what is exposed is `storage.openmetrics`', and writing it the engine's.
"""

from storage import durations
from storage.settings_file import Settings
from storage.vocabulary import LogLevel

SHORTEST_S = 1.0
"""The engine itself beats no faster."""


class Exposure(Settings, frozen=True, kw_only=True):
    """What is written for Prometheus and what reads the same."""

    textfile: str = ""
    """The file, absolute or below the workspace; empty writes none."""
    every: str = "15s"
    """How often it is written."""


class Log(Settings, frozen=True, kw_only=True):
    """The engine's log."""

    level: LogLevel = LogLevel.INFO
    """What is at least as grave as this is written."""


def check(exposure: Exposure, problems: list[str]) -> None:
    """Gather what is wrong with the table."""
    if exposure.textfile and (exposure.textfile.endswith("/") or "\0" in exposure.textfile):
        problems.append(f"metrics.textfile: expected the name of a file, got {exposure.textfile!r}")
    try:
        if durations.seconds(exposure.every) < SHORTEST_S:
            problems.append(f"metrics.every: expected {SHORTEST_S:g}s or more, got {exposure.every}")
    except ValueError as error:
        problems.append(f"metrics.every: {error}")
