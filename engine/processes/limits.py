"""The limits that the kernel keeps over a model process, set by the process itself before it opens a model.

What the kernel cannot limit is watched from outside, by `engine.processes.oversight`.
"""

import contextlib
import os
import resource
from pathlib import Path
from typing import Final

from engine.processes.host_messages import Limits
from engine.processes.report import Report
from storage.vocabulary import Layer, LayerState

OPEN_FILES: Final = 256
"""Enough for any archive, index and thread pool; few enough that a leak shows."""

THREADS_PER_CORE: Final = 4
THREAD_ADDRESSES: Final = 136 * 1024 * 1024
"""Address space that glibc reserves for a thread (a heap of its own and a stack) and hardly touches."""

OOM_SCORE: Final = 500
"""When the machine runs out of memory, the kernel should end a model and not the engine."""


def set_limits(limits: Limits, report: Report) -> None:
    """Set the limits that the kernel keeps; those on memory count from what the host has already mapped."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _set_limit(kind, value)
    if limits.file_bytes:
        # SIGXFSZ is ignored by Python: writing further fails with EFBIG.
        _set_limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.cpu_s:
        # The hard limit stays: the engine moves the soft one on with every request (see `oversight`).
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with contextlib.suppress(OSError):
        # A kernel without this file has no memory killer that could choose wrongly.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    if report.wanted(Layer.MEMORY):
        _limit_memory(limits, report)


def _limit_memory(limits: Limits, report: Report) -> None:
    if not limits.memory_bytes:
        report.layers[Layer.MEMORY] = LayerState.OFF
        report.notes[Layer.MEMORY] = (
            "addresses are not limited on this device; the engine watches resident memory"
        )
        return
    pages = [int(word) for word in Path("/proc/self/statm").read_text().split()]
    mapped, written = pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()
    threads = THREADS_PER_CORE * (os.cpu_count() or 1) * THREAD_ADDRESSES

    def limit() -> None:
        # Writable private memory is what a model asks for. Addresses are the outer limit: shared memory is
        # in it too, and so is what many threads reserve without use.
        _set_limit(resource.RLIMIT_DATA, written + limits.memory_bytes)
        # The hard limit stays: the engine moves the soft one on by the size of the data that are to be mapped
        # (see `oversight`). The process itself cannot, since the wall of system calls refuses that.
        hard = resource.getrlimit(resource.RLIMIT_AS)[1]
        resource.setrlimit(resource.RLIMIT_AS, (_below(hard, mapped + limits.memory_bytes + threads), hard))

    if report.attempt(Layer.MEMORY, "resource limits", limit):
        report.on(Layer.MEMORY)


def _set_limit(kind: int, value: int) -> None:
    """Lower a limit, soft and hard; one that is already lower stays."""
    wanted = _below(resource.getrlimit(kind)[1], value)
    resource.setrlimit(kind, (wanted, wanted))


def _below(hard: int, value: int) -> int:
    return value if hard == resource.RLIM_INFINITY else min(value, hard)
