"""What holds model processes to their share of the processor, with real processes; control groups are folders here.

A control group can be divided only where a service manager handed one over, which no test may count on. What is written
into which of its files is held against folders with the same files.
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.devices import cgroup
from engine.devices.cgroup import Groups
from engine.processes import processor_share
from engine.processes.client import Hosts
from engine.processes.endings import ModelProcessError
from engine.processes.processor_share import ENGINE, MODELS, Share, divide, granted, hold, in_words, whole
from storage.settings import LimitSettings

OURS = sorted(os.sched_getaffinity(0))


@pytest.fixture
def group(tmp_path: Path) -> Path:
    """Return a folder like the control group of a unit with Delegate=cpu, with this process in it."""
    unit = tmp_path / "modeltender.service"
    unit.mkdir()
    (unit / "cgroup.controllers").write_text("cpu memory pids\n")
    (unit / "cgroup.procs").write_text(f"{os.getpid()}\n")
    (unit / "cgroup.subtree_control").write_text("")
    try:
        os.setxattr(unit, "user.delegate", b"1")
    except OSError:
        pytest.skip("this file system keeps no marks of users")
    return unit


def test_without_a_limit_all_cores_are_there() -> None:
    """Nothing said is everything that the engine itself may use."""
    assert granted(None) == whole() == Share(float(len(OURS)), tuple(OURS))
    assert granted(None).exact


def test_whole_cores_are_held_by_pinning() -> None:
    """The last ones are taken, since devices interrupt the first ones first, and they hold to what was granted."""
    found = granted(1)
    assert found == Share(1.0, (OURS[-1],))
    assert found.exact
    assert in_words(found) == "pinned to 1 core, which holds them to that"


def test_a_fraction_is_not_held_by_pinning() -> None:
    """What pinning cannot hold is said, and a process that is measured gets what it is fed all the time."""
    found = granted(0.5)
    assert (found.cores, found.alone, found.exact) == ((OURS[-1],), (OURS[-1],), False)
    assert "nothing holds them to less" in in_words(found)
    assert Share(2.5, (1, 2, 3)).alone == (2, 3)


def test_a_control_group_that_was_handed_over_is_divided(group: Path) -> None:
    """The engine goes into one part, models get another, and limits can be set on parts."""
    assert divide(group) == group / MODELS
    assert (group / ENGINE / "cgroup.procs").read_text() == str(os.getpid())
    assert (group / "cgroup.subtree_control").read_text() == "+cpu"
    # The kernel says from here on that the engine is in its part: asked again, it changes nothing.
    (group / "cgroup.subtree_control").write_text("cpu")
    assert divide(group / ENGINE) == group / MODELS
    assert (group / "cgroup.subtree_control").read_text() == "cpu"


@pytest.mark.parametrize("missing", ["mark", "controller", "alone"])
def test_any_other_control_group_is_left_alone(group: Path, missing: str) -> None:
    """One that was not handed over, has no processor to divide, or holds others as well is not touched."""
    if missing == "mark":
        os.removexattr(group, "user.delegate")
    elif missing == "controller":
        (group / "cgroup.controllers").write_text("memory pids\n")
    else:
        (group / "cgroup.procs").write_text(f"1\n{os.getpid()}\n")
    before = {path.name: path.read_text() for path in group.iterdir()}
    assert divide(group) is None
    assert {path.name: path.read_text() for path in group.iterdir()} == before


def test_the_limit_is_the_kernels_and_ends_with_the_setting(
    group: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fraction of a core is held where there is a control group, and "max" stands there when nothing is said any more."""
    place = [group]
    monkeypatch.setattr(cgroup, "groups", lambda: Groups(tuple(place), ()))
    found = hold(0.5)
    assert (found.group, found.exact) == (group / MODELS, True)
    assert (group / MODELS / "cpu.max").read_text() == "50000 100000"
    assert cgroup.quota(group / MODELS) == 0.5
    found.take_in(12345)
    assert (group / MODELS / "cgroup.procs").read_text() == "12345"
    place.insert(0, group / ENGINE)
    assert hold(None).cores == tuple(OURS)
    assert (group / MODELS / "cpu.max").read_text() == "max 100000"


def test_a_kernel_that_refuses_is_told_and_pinning_stays(
    group: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The engine works on with what can be held."""
    monkeypatch.setattr(cgroup, "groups", lambda: Groups((group,), ()))
    (group / MODELS).write_text("in the way")
    assert hold(1) == Share(1.0, (OURS[-1],))
    assert "the control group cannot be divided" in caplog.text


@pytest.fixture
def pinned(tmp_path: Path) -> Iterator[Hosts]:
    """Return hosts that may use one core."""
    held = Hosts(scratch=tmp_path / "scratch", limits=LimitSettings(), share=granted(1))
    yield held
    held.close()


def test_every_process_is_pinned(pinned: Hosts, tmp_path: Path) -> None:
    """Hosts, what they fork and programs of the owner's run on the same core; the engine itself stays free."""
    process = pinned.open_examiner((tmp_path,))
    [host] = pinned.states()
    program = pinned.launch(
        [sys.executable, "-c", "import os; print(sorted(os.sched_getaffinity(0)))"],
        cwd=tmp_path,
        environment={},
    )
    said, _ = program.communicate(timeout=60)
    assert os.sched_getaffinity(host.pid) == os.sched_getaffinity(process.pid) == {OURS[-1]}
    assert said.decode().strip() == str([OURS[-1]])
    assert sorted(os.sched_getaffinity(0)) == OURS


def test_nothing_is_launched_while_the_engine_stops(pinned: Hosts, tmp_path: Path) -> None:
    """A program that is asked for too late is refused as everything else then is."""
    pinned.close()
    with pytest.raises(ModelProcessError, match="stopping"):
        pinned.launch([sys.executable, "-c", ""], cwd=tmp_path, environment={})


def test_an_engine_that_divided_nothing_has_no_group() -> None:
    """What holds is read from the kernel: this process is in no part of a divided group."""
    assert processor_share.of_engine(os.getpid()) is None
