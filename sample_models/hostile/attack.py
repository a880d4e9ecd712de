"""What an attack is: a file that one function writes, the row of the threat list it stands for, and how it must end.

Owns the record and the payload that every attack shares: it creates an empty file, the canary, and nothing else.
"""

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple

from storage.vocabulary import Format


class Stop(StrEnum):
    """What ends an attack."""

    UNOPENED = "unopened"
    """A look at its bytes is enough to refuse it; no framework ever sees it."""
    CHECKED = "checked"
    """Its model process looks into it behind its walls, and refuses it before the framework does."""
    WALLED = "walled"
    """Nothing shows from outside; it runs, and the walls or the limits of its process stop it."""
    CLEANED = "cleaned"
    """It is a model that works; what it attacks is the screen, and what it says arrives without what steers one."""


class Attack(NamedTuple):
    """A hostile file."""

    name: str
    """What it is called in its folder; some attack by their name."""
    row: int
    """Its row in the table of ``docs/security.md``."""
    purpose: str
    write: Callable[[Path, Path], Path]
    """Writes it, given where and the canary at which it is aimed, and returns it."""
    says: str
    """Words of the reason that a person reads."""
    stop: Stop = Stop.UNOPENED
    opens_as: Format | None = None
    """What to open it as where the look at its bytes is left out; ``None`` where no runtime of ours would."""
    reads: bool = False
    """Whether what it is aimed at is somebody's file, which it reads; else a file that it makes."""


def code(canary: Path) -> str:
    """Return Python that creates the canary."""
    return f"open({str(canary)!r}, 'w').close()"
