"""An exception of a framework or a model as one sentence for a person.

Pure. It keeps the framework's own words, takes the first line of them, and names the exception's type where
the words alone would mislead. The engine cleans the result again, because a model can send anything.
"""

import re
from typing import Final

from engine.artefacts.doubts import DoubtedError
from engine.data.proposal import MismatchError
from engine.processes.protocol import Failed
from storage.errors import Error, RefusedError
from storage.text import clean

GIB: Final = 1024**3

MEMORY_HINT: Final = "Raise limits.memory_gib in modeltender.toml, or make the model or its batches smaller."

OUT_OF_MEMORY: Final = re.compile(
    r"bad_alloc|bad allocation|out of memory|\bOOM\b|ResourceExhausted|"
    r"(?:can't|cannot|could not|failed to|unable to) allocate|not enough memory",
    re.IGNORECASE,
)
"""How frameworks say that the memory limit refused them."""

COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""How Keras prints in bold."""

PREFACE: Final = "Exception encountered when calling "
"""How Keras begins; what was wrong stands in the next line."""

PLAIN: Final = (ValueError, OSError, RuntimeError)
"""Types whose messages are sentences; of others (KeyError: 'x') the name is half of the message."""


def failure(error: BaseException, memory_bytes: int, who: str = "The model") -> Failed:
    """Return what the process of ``who`` answers after ``error``."""
    if isinstance(error, Error):
        proposal = error.proposal if isinstance(error, MismatchError) else None
        refused, evidence = isinstance(error, RefusedError), tuple[str, ...]()
        if isinstance(error, DoubtedError):
            refused, evidence = error.doubt.harmful, error.doubt.evidence
        return Failed(clean(error.message), clean(error.hint), refused, proposal, evidence)
    words = _first_line(str(error))
    if isinstance(error, MemoryError) or OUT_OF_MEMORY.search(words):
        return Failed(exceeds_memory(memory_bytes, who), MEMORY_HINT)
    if isinstance(error, SystemExit):
        return Failed(f"{who} asked Python to exit instead of answering.")
    name = type(error).__name__
    if not words:
        return Failed(f"{name} without a message.")
    plain = isinstance(error, PLAIN) or type(error).__module__ != "builtins"
    return Failed(words if plain else f"{name}: {words}")


def exceeds_memory(memory_bytes: int, who: str = "The model") -> str:
    """Say that somebody needs more memory than it may have."""
    if not memory_bytes:
        return f"{who} needs more memory than there is."
    return f"{who} needs more memory than its limit of {memory_bytes / GIB:.3g} GiB."


def _first_line(text: str) -> str:
    lines = [line for line in COLOURS.sub("", text).splitlines() if line.strip()]
    return clean(next((line for line in lines if not line.startswith(PREFACE)), lines[0] if lines else ""))
