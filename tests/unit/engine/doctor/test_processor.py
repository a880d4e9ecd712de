"""What doctor says of the limit on the processor: which of pinning and control group holds, and nothing where nothing is set."""

import os
from pathlib import Path

import pytest

from engine.doctor import processor
from storage.vocabulary import Condition
from storage.workspace import Workspace

CORES = len(os.sched_getaffinity(0))


def test_nothing_is_said_where_nothing_is_set(workspace: Workspace) -> None:
    """No limit is no news, and wrong settings have a check of their own."""
    assert processor.examine(None) == processor.examine(workspace) == []
    workspace.settings_file.write_text("[limits]\ncpu = 'all'\n")
    assert processor.examine(workspace) == []


def test_whole_cores_are_held(workspace: Workspace) -> None:
    """Pinning holds them, with a service manager and without."""
    workspace.settings_file.write_text("[limits]\ncpu = 1\n")
    [check] = processor.examine(workspace)
    assert (check.status, check.fix) == (Condition.OK, "")
    assert check.detail.startswith(f"limits.cpu = 1: 1 of {CORES} cores, held by pinning")


def test_a_fraction_that_nothing_holds_is_a_warning(workspace: Workspace) -> None:
    """What model processes may take all the same is said, and how to have it held."""
    workspace.settings_file.write_text("[limits]\ncpu = 0.5\n")
    [check] = processor.examine(workspace)
    assert check.status is Condition.WARNING
    assert "pinning them will hold model processes to 1 core, not to less" in check.detail
    assert "engine install --systemd" in check.fix


@pytest.mark.parametrize(
    ("content", "status"), [("50000 100000\n", Condition.OK), ("max 100000\n", Condition.WARNING)]
)
def test_a_control_group_counts_by_what_is_in_it(tmp_path: Path, content: str, status: Condition) -> None:
    """The kernel's own number is told; a group without one holds nothing."""
    (tmp_path / "cpu.max").write_text(content)
    check = processor.check(0.5, tmp_path, os.getpid())
    assert check.status is status
    assert ("held by the kernel to 0.5" in check.detail) is (status is Condition.OK)
