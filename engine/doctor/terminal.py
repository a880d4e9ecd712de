"""Whether this terminal can show the console, judged from what it says of itself."""

import os
import sys
from collections.abc import Mapping

from engine.doctor.report import Check, fine, warning

SMALLEST = (80, 24)
"""Columns and lines for which the console's screens are made; below, it shows less."""


def examine() -> Check:
    """Return whether the terminal of this process can show the console."""
    return check(os.environ, _size(), sys.stdout.encoding or "")


def check(environment: Mapping[str, str], size: tuple[int, int] | None, encoding: str) -> Check:
    """Return whether a terminal with this environment, size and encoding can; ``None`` where there is none."""
    if size is None:
        return fine("terminal", "none here (input and output are not a terminal); commands work without one")
    kind = environment.get("TERM", "")
    # Some terminals (serial lines) do not tell their size.
    shown = f"{size[0]}x{size[1]}" if all(size) else "size unknown"
    words = f"{kind or 'unknown'}, {shown}, {encoding or 'no encoding'}, {colours(environment)}"
    if kind in {"", "dumb"}:
        return warning(
            "terminal", f"{words}: it cannot show the console; commands work", "export TERM=xterm-256color"
        )
    if encoding.lower().replace("-", "") != "utf8":
        return warning("terminal", f"{words}: charts and frames need UTF-8", "export LANG=C.UTF-8")
    if all(size) and (size[0] < SMALLEST[0] or size[1] < SMALLEST[1]):
        return warning(
            "terminal", f"{words}: small for the console", "Enlarge it to 80 columns and 24 lines."
        )
    return fine("terminal", words)


def colours(environment: Mapping[str, str]) -> str:
    """Return how many colours a terminal shows."""
    if environment.get("NO_COLOR"):
        return "colours off (NO_COLOR)"
    if environment.get("COLORTERM") in {"truecolor", "24bit"}:
        return "16 million colours"
    kind = environment.get("TERM", "")
    if "256color" in kind:
        return "256 colours"
    return "no colours" if kind in {"", "dumb", "vt100", "vt220"} else "16 colours"


def _size() -> tuple[int, int] | None:
    for stream in (sys.__stdout__, sys.__stderr__, sys.__stdin__):
        try:
            if stream is not None and stream.isatty():
                columns, lines = os.get_terminal_size(stream.fileno())
                return columns, lines
        except (OSError, ValueError):  # closed, or no terminal after all: the next one may be
            continue
    return None
