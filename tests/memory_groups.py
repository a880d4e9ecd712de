"""Groups of processes that are short of memory, for tests of what the kernel does then: it takes rights that root mostly has."""

import contextlib
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from engine.devices import cgroup

LIMITS: Final = {"memory.max": "memory.swap.max", "memory.limit_in_bytes": "memory.memsw.limit_in_bytes"}
"""The file of a group's limit, and that of what may be swapped beside it, of cgroup v2 and v1."""

EMPTY_S: Final = 10.0
"""Until a group may be removed: processes that were just killed are in it for a moment."""


@contextlib.contextmanager
def short_of_memory(size_bytes: int) -> Iterator[tuple[str, ...]]:
    """Give what a program is started with to share so much memory with all that it starts; skips where none may do that."""
    folder = _made(size_bytes)
    try:
        yield "sh", "-c", f'echo $$ > {folder}/cgroup.procs && exec "$@"', "sh"
    finally:
        end = time.monotonic() + EMPTY_S
        while (folder / "cgroup.procs").read_text().strip() and time.monotonic() < end:
            time.sleep(0.05)
        folder.rmdir()


def _made(size_bytes: int) -> Path:
    for group in cgroup.groups().memory:
        folder = group / f"modeltender-{uuid.uuid4().hex}"
        try:
            folder.mkdir()
        except OSError:
            continue
        for limit, swap in LIMITS.items():
            if (folder / limit).exists():
                (folder / limit).write_text(str(size_bytes))
                with contextlib.suppress(OSError):
                    # Without swap there is no such file.
                    (folder / swap).write_text("0" if swap.endswith("max") else str(size_bytes))
                return folder
        folder.rmdir()
    pytest.skip("this system lets nobody here make groups of processes that share little memory")
