"""An exception of a framework or a model as one sentence for a person.

Pure. It keeps the framework's own words, takes the first line of them, and names the exception's type where
the words alone would mislead. The engine cleans the result again, because a model can send anything.
"""

import re
from typing import Final

from engine.artefacts.doubts import DoubtedError
from engine.data.proposal import MismatchError
from engine.own_files import OwnFileError
from engine.processes.protocol import Failed
from storage.errors import Error, RefusedError
from storage.text import clean

GIB: Final = 1024**3

MODEL: Final = "The model"
"""Who did it, as the beginning of a sentence."""

MEMORY_HINT: Final = "Raise limits.memory_gib in modeltender.toml, or make the model or its batches smaller."

OUT_OF_MEMORY: Final = re.compile(
    r"bad_alloc|bad allocation|out of memory|\bOOM\b|ResourceExhausted|"
    r"(?:can't|cannot|could not|failed to|unable to) allocate|not enough memory",
    re.IGNORECASE,
)
"""How frameworks say that the memory limit refused them."""

DENIED: Final = re.compile(r"permission denied|operation not permitted", re.IGNORECASE)
"""How the kernel says that a wall of the sandbox refused something, in every framework's words."""

DENIED_HINT: Final = (
    "An honest model needs no other files, no network and no programs; do not deploy this one."
)

WORDS: Final = 20_000
"""Characters of an error that are searched for the reason: some frameworks tell it last."""
COLOURS: Final = re.compile(r"\x1b\[[0-9;]*m")
"""How Keras prints in bold."""

PREFACE: Final = "Exception encountered when calling "
"""How Keras begins; what was wrong stands in the next line."""

PLAIN: Final = (ValueError, OSError, RuntimeError)
"""Types whose messages are sentences; of others (KeyError: 'x') the name is half of the message."""


def failure(error: BaseException, memory_bytes: int, who: str = MODEL) -> Failed:
    """Return what the process of ``who`` answers after ``error``."""
    cause = error.__cause__ if isinstance(error, Error) else error
    told = str(cause)[:WORDS] if cause is not None else ""
    if isinstance(cause, MemoryError) or OUT_OF_MEMORY.search(told):
        return Failed(exceeds_memory(memory_bytes, who), MEMORY_HINT)
    if who == MODEL and DENIED.search(told) and not isinstance(error, OwnFileError):
        return Failed(clean(f"{who} tried what its sandbox denies: {_denied(told)}"), DENIED_HINT)
    if isinstance(error, Error):
        proposal = error.proposal if isinstance(error, MismatchError) else None
        refused, evidence = isinstance(error, RefusedError), tuple[str, ...]()
        if isinstance(error, DoubtedError):
            refused, evidence = error.doubt.harmful, error.doubt.evidence
        return Failed(clean(error.message), clean(error.template), refused, proposal, evidence)
    words = _first_line(told)
    if isinstance(error, SystemExit):
        return Failed(f"{who} asked Python to exit instead of answering.")
    name = type(error).__name__
    if not words:
        return Failed(f"{name} without a message.")
    plain = isinstance(error, PLAIN) or type(error).__module__ != "builtins"
    return Failed(words if plain else f"{name}: {words}")


def exceeds_memory(memory_bytes: int, who: str = MODEL) -> str:
    """Say that somebody needs more memory than it may have."""
    if not memory_bytes:
        return f"{who} needs more memory than there is."
    return f"{who} needs more memory than its limit of {memory_bytes / GIB:.3g} GiB."


def _denied(text: str) -> str:
    """Return the line that says what was denied."""
    return next(line.strip().rstrip(".") for line in text.splitlines() if DENIED.search(line)) + "."


def _first_line(text: str) -> str:
    lines = [line for line in COLOURS.sub("", text).splitlines() if line.strip()]
    return clean(next((line for line in lines if not line.startswith(PREFACE)), lines[0] if lines else ""))
