"""NVML without hardware and machines that are trees of files, for the tests of devices."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.devices import hardware, nvidia
from engine.devices.nvml import Session
from tests.unit.engine.devices.recorded_nvml import RecordedNvml
from tests.unit.engine.devices.trees import Tree

PATIENCE_S = 60.0


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Tree:
    """Return the ``/sys`` and ``/dev`` of a machine without any device, which the families meet instead of this one's."""
    built = Tree(tmp_path)
    monkeypatch.setattr(hardware, "SYS", built.sys)
    monkeypatch.setattr(hardware, "DEV", built.dev)
    monkeypatch.setattr(hardware, "PCI_NAMES", ())
    # A busy machine may take long to begin a thread; who tests the deadline sets a short one.
    monkeypatch.setattr(hardware, "READ_S", PATIENCE_S)
    monkeypatch.setattr(nvidia, "READ_S", PATIENCE_S)
    monkeypatch.setattr(nvidia, "OPEN_S", PATIENCE_S)
    hardware._listed.cache_clear()
    return built


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch, tree: Tree) -> Iterator[RecordedNvml]:
    """Return a recorded stand-in for pynvml that the family meets instead of the real one."""
    tree.node(nvidia.CONTROL)
    recorded = RecordedNvml()
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    monkeypatch.setattr(nvidia, "session", Session())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield recorded
    recorded.going.set()
