"""The limits of a model process that the engine keeps, because the kernel cannot or counts them otherwise.

It looks at one process from outside, and is asked to while somebody waits for that process: at rest a
process is stopped and uses up nothing.
"""

import contextlib
import os
import resource
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import psutil

from engine.processes import endings, scratch
from engine.processes.endings import Activity
from engine.processes.host_messages import Profile
from storage.vocabulary import Layer, LayerState

LOOK_S: Final = 0.5
"""How often it looks: a disk takes a gigabyte in that time at most."""

CPU_SLACK_S: Final = 5
"""CPU time on top of deadline x cores: the deadline ends a request, this limit ends what outlives it."""


class Oversight:
    """Looks after one process."""

    def __init__(self, pid: int, profile: Profile, *, memory_bytes: int) -> None:
        self._pid = pid
        self._scratch = Path(profile.scratch)
        self._scratch_bytes = profile.limits.file_bytes
        self._memory_bytes = memory_bytes
        self._looked_at = 0.0
        self._addresses: int | None = None
        """How many addresses the process may use before any data are mapped; ``None`` until asked."""

    def look(self, activity: Activity, layers: Mapping[Layer, LayerState]) -> None:
        """Look, unless that was done a moment ago.

        Raises:
            ModelProcessError: the process is over a limit.
        """
        now = time.monotonic()
        if now - self._looked_at < LOOK_S:
            return
        self._looked_at = now
        if self._scratch_bytes and scratch.exceeds(self._scratch, self._scratch_bytes):
            raise endings.over_scratch(activity, self._scratch_bytes)
        if layers.get(Layer.MEMORY) is not LayerState.ON and self.own_bytes() > self._memory_bytes:
            raise endings.over_memory(activity, self._memory_bytes)

    def rss_bytes(self) -> int | None:
        """Return the resident memory of the process, or ``None`` where it has ended."""
        with contextlib.suppress(psutil.Error):
            # It may end at any time.
            return int(psutil.Process(self._pid).memory_info().rss)
        return None

    def peak_rss_bytes(self) -> int | None:
        """Return the kernel's own high-water mark of resident memory, or ``None`` where the process has ended."""
        return self._status().get("VmHWM")

    def own_bytes(self) -> int:
        """Return the resident memory that the process made; pages of mapped files are the system's to take back."""
        status = self._status()
        return status.get("RssAnon", 0) + status.get("RssShmem", 0)

    def _status(self) -> dict[str, int]:
        """Return the kernel's sizes of the process in bytes, none where it has ended."""
        with contextlib.suppress(OSError):
            # It may end at any time.
            lines = Path(f"/proc/{self._pid}/status").read_text().splitlines()
            pairs = (line.split() for line in lines if line.endswith(" kB"))
            return {key.rstrip(":"): int(value) * 1024 for key, value, _unit in pairs}
        return {}

    def allow_cpu(self, deadline_s: float) -> None:
        """Grant CPU time for one more request: the kernel counts it over the whole life of a process."""
        seconds = int(deadline_s * (os.cpu_count() or 1)) + CPU_SLACK_S
        with contextlib.suppress(psutil.Error, ProcessLookupError, PermissionError):
            # Ended: the answer's absence says so. Not permitted: the limit of its start stays, which is tighter.
            used = psutil.Process(self._pid).cpu_times()
            hard = resource.prlimit(self._pid, resource.RLIMIT_CPU)[1]
            resource.prlimit(self._pid, resource.RLIMIT_CPU, (int(used.user + used.system) + seconds, hard))

    def allow_mapping(self, data_bytes: int) -> None:
        """Grant addresses for data that are mapped: they may be larger than memory, and take none of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            # As for the time: what ended says so itself, and what is not permitted leaves the tighter limit.
            soft, hard = resource.prlimit(self._pid, resource.RLIMIT_AS)
            if self._addresses is None:
                self._addresses = soft
            if self._addresses == resource.RLIM_INFINITY:
                return
            wanted = self._addresses + data_bytes
            if hard != resource.RLIM_INFINITY:
                wanted = min(wanted, hard)
            resource.prlimit(self._pid, resource.RLIMIT_AS, (wanted, hard))
