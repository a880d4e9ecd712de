"""What this process's control groups leave of the machine: cores, memory, and how much of each is used.

Reads the files of cgroup v2, and of v1 where a machine still has that. A file that is missing or says
something else means "no limit" here; nothing is ever written.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from engine.devices import files
from engine.devices.files import field, number

PROC = Path("/proc/self/cgroup")
ROOT = Path("/sys/fs/cgroup")

UNLIMITED_BYTES = 1 << 60
"""v1 writes "no limit" as a number near 2^63; no machine has an exbibyte."""


class Limit(NamedTuple):
    """The tightest limit of its kind, and the folder of the group that sets it."""

    amount: float
    folder: Path


class Groups(NamedTuple):
    """The folders of the groups that this process is in, the innermost first, for each controller."""

    cpu: tuple[Path, ...]
    memory: tuple[Path, ...]

    def cores(self) -> Limit | None:
        """Return how many cores' worth of time the tightest quota grants, or ``None`` without a quota."""
        return _tightest(self.cpu, quota)

    def memory_bytes(self) -> Limit | None:
        """Return the tightest memory limit, or ``None`` without one."""
        return _tightest(self.memory, _memory_limit)


def groups(proc: Path = PROC, root: Path = ROOT) -> Groups:
    """Return the groups of this process; empty where the machine has none."""
    paths: dict[str, str] = {}
    for line in (files.text(proc) or "").splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            paths[controller] = path
    if (root / "cgroup.controllers").exists():
        unified = _chain(root, paths.get("", "/"))
        return Groups(unified, unified)
    return Groups(*(_chain(root / name, paths.get(name, "/")) for name in Groups._fields))


def cpu_seconds(limit: Limit) -> float | None:
    """Return the processor time that the group with this quota has used so far."""
    microseconds = field(limit.folder / "cpu.stat", "usage_usec")
    if microseconds is not None:
        return microseconds / 1e6
    nanoseconds = number(limit.folder / "cpuacct.usage")
    return None if nanoseconds is None else nanoseconds / 1e9


def held_back_seconds(limit: Limit) -> float | None:
    """Return for how long so far the group's processes waited because its quota was used up."""
    microseconds = field(limit.folder / "cpu.stat", "throttled_usec")
    if microseconds is not None:
        return microseconds / 1e6
    nanoseconds = field(limit.folder / "cpu.stat", "throttled_time")
    return None if nanoseconds is None else nanoseconds / 1e9


def memory_used(limit: Limit) -> int | None:
    """Return what the group holds, without the file cache that the kernel gives back when asked."""
    for used, reclaimable in (
        ("memory.current", "inactive_file"),
        ("memory.usage_in_bytes", "total_inactive_file"),
    ):
        held = number(limit.folder / used)
        if held is not None:
            return max(0, held - (field(limit.folder / "memory.stat", reclaimable) or 0))
    return None


def _chain(mount: Path, path: str) -> tuple[Path, ...]:
    """Inside a container the path may be the host's, which is not there: then the mount is our group."""
    own = mount / path.strip("/")
    if ".." in own.parts or not own.is_dir():
        own = mount
    return tuple(_up(own, mount))


def _up(folder: Path, mount: Path) -> Iterator[Path]:
    yield folder
    while folder != mount:
        folder = folder.parent
        yield folder


def _tightest(folders: tuple[Path, ...], read: Callable[[Path], float | None]) -> Limit | None:
    limits = [Limit(amount, folder) for folder in folders if (amount := read(folder)) is not None]
    return min(limits, default=None)


def quota(folder: Path) -> float | None:
    """Return how many cores' worth of time a group's own quota grants, or ``None`` without one."""
    words = (files.text(folder / "cpu.max") or "").split()
    if not words:
        words = [files.text(folder / f"cpu.cfs_{name}_us") or "" for name in ("quota", "period")]
    try:
        granted, period = (int(word) for word in words)
    except ValueError:  # "max", or a file that is not there
        return None
    return granted / period if granted > 0 and period > 0 else None


def _memory_limit(folder: Path) -> float | None:
    for name in ("memory.max", "memory.limit_in_bytes"):
        limit = number(folder / name)
        if limit is not None and limit < UNLIMITED_BYTES:
            return limit
    return None
