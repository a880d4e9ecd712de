"""What went on around a measurement, from accounts laid out as the kernel does and from this machine's own."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.devices import cgroup, noise
from engine.devices.noise import Reading, Watch, between, choose, core_seconds, doubts
from storage.records import Surroundings
from tests.unit.engine.devices.test_cgroup import write

BEFORE = Reading(at=100.0, busy_s=50.0, stolen_s=1.0, own_s=3.0, held_back_s=0.5, too_hot=7)
QUIET = Reading(at=110.0, busy_s=60.0, stolen_s=1.0, own_s=13.0, held_back_s=0.5, too_hot=7)
"""Ten seconds in which one of two cores worked for the process, and nobody else did anything."""


def after(**changes: Any) -> Surroundings:
    """Return what went on when the second reading differed from a quiet one."""
    return between(BEFORE, QUIET._replace(**changes), (), 2)


def test_a_quiet_machine_raises_no_doubt() -> None:
    """Where the process was alone, everything else is zero, and there is no reason."""
    found = between(BEFORE, QUIET, [2400.0, 2401.0], 2)
    assert found == Surroundings(2, 0.0, 0.0, 0.0, 2400.0, 2401.0, 0)
    assert doubts(found, 10.0) == ""


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"busy_s": 64.0}, "other processes used 20% of its cores' time"),
        ({"stolen_s": 1.6}, "other virtual machines took 3% of its cores' time"),
        ({"held_back_s": 0.9}, "its control group's CPU quota held it back for 0.4 s"),
        ({"too_hot": 9}, "the processor slowed itself down 2 times because of its temperature"),
    ],
)
def test_each_disturbance_is_a_reason(change: dict[str, Any], words: str) -> None:
    """What went beyond its measure is told with its figure, and nothing else is."""
    assert doubts(after(**change), 10.0) == words


def test_a_clock_that_changed_is_a_reason() -> None:
    """Cores that were seen at two speeds further apart than a stable window allows."""
    assert doubts(between(BEFORE, QUIET, [3400.0, 2100.0, 3400.0], 2), 10.0) == (
        "its cores ran at anything from 2100 to 3400 MHz"
    )
    assert doubts(between(BEFORE, QUIET, [3400.0, 3200.0], 2), 10.0) == ""


def test_several_reasons_are_all_told() -> None:
    """None hides another."""
    assert doubts(after(busy_s=64.0, too_hot=8), 10.0).count(";") == 1


def test_what_is_not_exposed_is_unknown_and_no_reason() -> None:
    """A machine that shows nothing gives no figures, not zeros."""
    blind = Reading(100.0, None, None, 3.0, None, None)
    found = between(blind, blind._replace(at=110.0, own_s=13.0), (), 2)
    assert found == Surroundings(cores=2)
    assert doubts(found, 10.0) == ""


def test_an_account_that_misses_the_process_is_no_account() -> None:
    """Some containers show cores that never work; nothing is concluded from them."""
    assert after(busy_s=50.0).others is None


def test_only_the_cores_of_the_process_count(tmp_path: Path) -> None:
    """The lines of other cores, and of all together, are not added up; a core that is not listed means unknown."""
    ticks = os.sysconf("SC_CLK_TCK")
    stat = tmp_path / "stat"
    stat.write_text(
        "cpu  999 9 9 9 9 9 9 9 0 0\n"
        f"cpu0 {ticks} 0 0 5 5 0 0 7 0 0\n"
        f"cpu1 {ticks} {ticks} {ticks} 9 9 {ticks} {ticks} {2 * ticks} 0 0\n"
        "intr 1\n"
    )
    assert core_seconds(stat, [1]) == (5.0, 2.0)
    assert core_seconds(stat, [1, 2]) == (None, None)
    assert core_seconds(tmp_path / "absent", [1]) == (None, None)


def test_clocks_and_heat_are_read_where_they_are_exposed(tmp_path: Path) -> None:
    """Frequencies are those of the process' cores; a package's heat is counted once for all its cores."""
    cpus = tmp_path / "cpu"
    write(
        cpus,
        {
            f"cpu{core}/{name}": text
            for core in (0, 1, 2)
            for name, text in {
                "cpufreq/scaling_cur_freq": f"{1000 * (2000 + core)}\n",
                "thermal_throttle/core_throttle_count": f"{core}\n",
                "thermal_throttle/package_throttle_count": "10\n",
            }.items()
        },
    )
    watch = Watch(os.getpid(), (1, 2), cpus=cpus)
    watch.look()
    write(cpus, {f"cpu{core}/thermal_throttle/package_throttle_count": "12\n" for core in (0, 1, 2)})
    write(cpus, {"cpu2/thermal_throttle/core_throttle_count": "3\n"})
    found = watch.end()
    assert (found.clock_low_mhz, found.clock_high_mhz, found.too_hot) == (2001.0, 2002.0, 3)


@pytest.mark.parametrize(
    ("allowed", "quota", "chosen"),
    [
        ({0, 1, 2, 3}, None, (0, 1, 2, 3)),
        ({0, 1, 2, 3}, 2.0, (2, 3)),
        ({0, 1, 2, 3}, 1.5, (2, 3)),
        ({4, 6}, 0.2, (6,)),
        ({0}, 64.0, (0,)),
    ],
)
def test_cores_are_as_many_as_the_quota_feeds(
    allowed: set[int], quota: float | None, chosen: tuple[int, ...]
) -> None:
    """Never more than are allowed, never none, and not the first ones where there is a choice."""
    assert choose(allowed, quota) == chosen
    assert choose([3, 1, 2], None) == (1, 2, 3)


def test_another_process_on_the_same_core_is_seen() -> None:
    """A busy neighbour on this machine is a reason to doubt; our own work is not."""
    core = noise.allotted_cores(os.sched_getaffinity(0))[-1]
    affinity = os.sched_getaffinity(0)
    os.sched_setaffinity(0, [core])
    try:
        neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
        watch = Watch(os.getpid(), (core,))
        until = time.monotonic() + 1.0
        while time.monotonic() < until:
            pass
        found = watch.end()
        neighbour.kill()
        neighbour.wait()
    finally:
        os.sched_setaffinity(0, affinity)
    if found.others is None:
        pytest.skip("this machine keeps no account of its cores")
    assert found.others > 0.2
    assert "other processes used" in doubts(found, 1.0)


def test_a_process_that_is_measured_too_does_not_disturb() -> None:
    """Of two that run in turns neither is the other's neighbour."""
    cores = tuple(os.sched_getaffinity(0))
    neighbour = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    alone, together = Watch(os.getpid(), cores), Watch(os.getpid(), cores, beside=(neighbour.pid,))
    used = psutil.Process(neighbour.pid)
    before = used.cpu_times().user
    while used.cpu_times().user - before < 0.5:
        time.sleep(0.01)
    fewer, more = together.end().others, alone.end().others
    neighbour.kill()
    neighbour.wait()
    if fewer is None or more is None:
        pytest.skip("this machine keeps no account of its cores")
    assert fewer < more


@pytest.mark.parametrize(
    ("files", "held_back"),
    [
        ({"cpu.stat": "usage_usec 5\nthrottled_usec 250000\n"}, 0.25),
        ({"cpu.stat": "nr_periods 5\nthrottled_time 500000000\n"}, 0.5),
        ({}, None),
    ],
)
def test_waiting_for_the_quota_is_read_from_both_versions(
    tmp_path: Path, files: dict[str, str], held_back: float | None
) -> None:
    """Version 2 counts microseconds, version 1 nanoseconds."""
    write(tmp_path, files)
    assert cgroup.held_back_seconds(cgroup.Limit(1.0, tmp_path)) == held_back
