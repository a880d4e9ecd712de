"""What else went on while a model was timed: other processes, other machines, quotas, clocks and heat.

Read in the engine's process, from the kernel's own accounts, because what a walled-in model process says about
itself is only a claim. Readings become `Surroundings` and a sentence by pure functions; what a machine does not
expose is ``None`` and no reason to doubt a figure.
"""

import contextlib
import math
import os
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import psutil

from engine.devices import cgroup, files
from storage.records import Surroundings

PROC: Final = Path("/proc")
CPUS: Final = Path("/sys/devices/system/cpu")

OTHERS: Final = 0.05
"""Share of the cores' time from which other processes are a reason to doubt a percentile: 1 query in 20 met one."""

STOLEN: Final = 0.01
"""A hypervisor takes whole time slices, milliseconds each: one in a hundred is what p99 is made of."""

HELD_BACK: Final = 0.01
"""Share of the time for which a quota kept the process waiting; such a wait is tens of milliseconds long."""

CLOCK_DROP: Final = 0.1
"""A core that was seen to run this much slower than at another moment: no window is within 10 % of another then."""

BELIEVABLE: Final = 0.5
"""Where the kernel's account of the cores shows less than this part of what the process itself used, it is no account."""


class Reading(NamedTuple):
    """The kernel's accounts at one moment, in seconds since some beginning; ``None`` where there is none."""

    at: float
    busy_s: float | None
    """Time in which the cores did anything at all."""
    stolen_s: float | None
    own_s: float
    """Time that the model's process used, all its threads together."""
    held_back_s: float | None
    too_hot: int | None


def allotted_cores(within: Iterable[int]) -> tuple[int, ...]:
    """Return the cores that a model may have all to itself: as many of ``within`` as the control group's quota feeds."""
    quota = cgroup.groups().cores()
    return choose(within, None if quota is None else quota.amount)


def choose(allowed: Iterable[int], quota: float | None) -> tuple[int, ...]:
    """Return the cores to pin a process to: the last ones, since devices interrupt the first ones first.

    A process on more cores than its quota feeds would be put to sleep in the middle of its queries.
    """
    cores = sorted(allowed)
    granted = len(cores) if quota is None else min(len(cores), max(1, math.ceil(quota)))
    return tuple(cores[-granted:])


class Watch:
    """Watches what goes on around a process from its making on."""

    def __init__(
        self,
        pid: int,
        cores: Sequence[int],
        *,
        beside: Sequence[int] = (),
        proc: Path = PROC,
        cpus: Path = CPUS,
    ) -> None:
        """Begin to watch around ``pid``; those ``beside`` it are measured too, and so do not disturb it."""
        self._pids = (pid, *beside)
        self._cores = tuple(cores)
        self._proc = proc
        self._cpus = cpus
        self._quota = cgroup.groups().cores()
        self._clocks: list[float] = []
        self._before = self._read()

    def look(self) -> None:
        """Note how fast the cores run now; to be called while the process works."""
        found = [
            files.number(self._cpus / f"cpu{core}" / "cpufreq" / "scaling_cur_freq") for core in self._cores
        ]
        self._clocks.extend(kilohertz / 1000 for kilohertz in found if kilohertz)

    def end(self) -> Surroundings:
        """Return what went on since the beginning."""
        return between(self._before, self._read(), self._clocks, len(self._cores))

    def _read(self) -> Reading:
        own_s = 0.0
        for pid in self._pids:
            with contextlib.suppress(psutil.Error):
                # It has ended: the measurement itself fails then, with the reason.
                times = psutil.Process(pid).cpu_times()
                own_s += times.user + times.system
        busy_s, stolen_s = core_seconds(self._proc / "stat", self._cores)
        return Reading(
            at=time.monotonic(),
            busy_s=busy_s,
            stolen_s=stolen_s,
            own_s=own_s,
            held_back_s=None if self._quota is None else cgroup.held_back_seconds(self._quota),
            too_hot=_throttled(self._cpus, self._cores),
        )


def between(before: Reading, after: Reading, clocks: Sequence[float], cores: int) -> Surroundings:
    """Return what went on between two readings; ``clocks`` in MHz were seen meanwhile."""
    offered_s = (after.at - before.at) * cores
    own_s = after.own_s - before.own_s
    busy_s = _grown(before.busy_s, after.busy_s)
    stolen_s = _grown(before.stolen_s, after.stolen_s)
    known = busy_s is not None and busy_s >= own_s * BELIEVABLE and offered_s > 0
    return Surroundings(
        cores=cores,
        others=min(1.0, max(0.0, (busy_s - own_s) / offered_s)) if known and busy_s is not None else None,
        stolen=min(1.0, stolen_s / offered_s) if stolen_s is not None and known else None,
        held_back_s=_grown(before.held_back_s, after.held_back_s),
        clock_low_mhz=min(clocks, default=None),
        clock_high_mhz=max(clocks, default=None),
        too_hot=None if before.too_hot is None or after.too_hot is None else after.too_hot - before.too_hot,
    )


def doubts(found: Surroundings, duration_s: float) -> str:
    """Return why figures that were measured in these surroundings are not to be relied on, or nothing."""
    reasons = []
    if found.others is not None and found.others > OTHERS:
        reasons.append(f"other processes used {found.others:.0%} of its cores' time")
    if found.stolen is not None and found.stolen > STOLEN:
        reasons.append(f"other virtual machines took {found.stolen:.0%} of its cores' time")
    if found.held_back_s is not None and found.held_back_s > HELD_BACK * duration_s:
        reasons.append(f"its control group's CPU quota held it back for {found.held_back_s:.2g} s")
    low, high = found.clock_low_mhz, found.clock_high_mhz
    if low is not None and high is not None and low < high * (1 - CLOCK_DROP):
        reasons.append(f"its cores ran at anything from {low:.0f} to {high:.0f} MHz")
    if found.too_hot:
        reasons.append(f"the processor slowed itself down {found.too_hot} times because of its temperature")
    return "; ".join(reasons)


def core_seconds(stat: Path, cores: Iterable[int]) -> tuple[float | None, float | None]:
    """Return how long some cores were busy and how long others' machines had them, from a ``/proc/stat``."""
    ticks = os.sysconf("SC_CLK_TCK")
    wanted = {f"cpu{core}" for core in cores}
    busy = stolen = found = 0
    for line in (files.text(stat) or "").splitlines():
        name, *fields = line.split()
        if name in wanted and len(fields) >= 8:
            user, nice, system, _idle, _waiting, interrupts, soft, steal = map(int, fields[:8])
            busy += user + nice + system + interrupts + soft
            stolen += steal
            found += 1
    return (busy / ticks, stolen / ticks) if found == len(wanted) else (None, None)


def _throttled(cpus: Path, cores: Iterable[int]) -> int | None:
    """Return how often these cores, or their package, have slowed down because of heat since the machine began."""
    folders = [cpus / f"cpu{core}" / "thermal_throttle" for core in cores]
    counts = [files.number(folder / "core_throttle_count") for folder in folders]
    # Every core of a package shows the same number for it.
    package = [files.number(folder / "package_throttle_count") for folder in folders]
    known = [count for count in counts if count is not None]
    return sum(known) + max((count for count in package if count is not None), default=0) if known else None


def _grown(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else max(0.0, after - before)
