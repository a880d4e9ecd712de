"""NVML without hardware, for the tests of devices."""

import sys
from collections.abc import Iterator

import pytest

from engine.devices import nvidia
from tests.unit.engine.devices.recorded_nvml import RecordedNvml


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Iterator[RecordedNvml]:
    """Return a recorded stand-in for pynvml that the family meets instead of the real one."""
    recorded = RecordedNvml()
    monkeypatch.setitem(sys.modules, "pynvml", recorded)
    monkeypatch.setattr(nvidia, "session", nvidia.Session())
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    yield recorded
    recorded.going.set()
