"""Whether the kernel ended a process because the machine ran out of memory, and whether that process was to blame.

The kernel sends the signal that anybody may send, so it is told by its own count of such endings. It chooses model processes
before anything else (see `limits`), also where another program took the memory; so what one held says whose doing it was.
"""

from pathlib import Path
from typing import Final, NamedTuple

import psutil

from engine.devices import cgroup
from engine.devices.files import field

COUNTS: Final = Path("/proc/vmstat")

TOO_MUCH: Final = 0.5
"""The share of all memory from which on a process was to blame: there is no room for a second one like it."""


class Victim(NamedTuple):
    """A process that the kernel ended for want of memory."""

    held_bytes: int
    """Its most resident memory, of all its life."""
    memory_bytes: int
    """All memory that there is for the engine and its processes."""

    @property
    def to_blame(self) -> bool:
        """Whether it took so much that it would fail here again."""
        return self.held_bytes >= TOO_MUCH * self.memory_bytes


def kills() -> int | None:
    """Return how many processes the kernel has ended for want of memory, or ``None`` where it does not tell.

    The count is the whole machine's, also in a container, and whatever group of processes was over its limit.
    """
    return field(COUNTS, "oom_kill")


def memory_bytes() -> int:
    """Return the memory of the machine, or what the control groups leave the engine of it."""
    limit = cgroup.groups().memory_bytes()
    total: int = psutil.virtual_memory().total
    return total if limit is None else min(total, int(limit.amount))
