"""What a process printed before it ended: its last line belongs into a sentence, the lines before it into the engine's log.

A traceback, or what a framework says before it aborts, is more than a sentence holds, and whoever mends the model needs it.
A process may print anything, so every line is cleaned; how much of it is heard at all is its listener's.
"""

import logging
from typing import Final

from engine.processes.endings import ModelProcessError
from storage.text import clean

log = logging.getLogger(__name__)

LOGGED: Final = 40
"""Lines, the last ones: a traceback through a framework, and all of it among those that `modeltender engine logs` shows."""

WHERE: Final = "What it printed before that is in the engine's log: modeltender engine logs"


def lines(printed: bytes) -> list[str]:
    """Return the lines in which there is anything, as they were printed."""
    return [line for line in printed.decode(errors="replace").splitlines() if line.strip()]


def logged(error: ModelProcessError, said: list[str]) -> ModelProcessError:
    """Return the error of a process that ended; where it said more than its last line, that is in the log, and the hint says so."""
    if len(said) > 1:
        log.warning("%s It printed:\n%s", error.message, "\n".join(map(clean, said[-LOGGED:])))
        error.template = f"{error.template} {WHERE}".strip()
    return error
