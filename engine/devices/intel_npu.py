"""Intel NPUs, read from the files of the kernel's driver ``intel_vpu``.

Which file tells what: ``Documentation/ABI/testing/sysfs-driver-ivpu`` of Linux, and ``Documentation/ABI/obsolete`` for
the names that kernels 6.15 to 7.1 have instead.
"""

from importlib.metadata import Distribution
from pathlib import Path

import msgspec
import psutil

from engine.devices import files, hardware, usability
from engine.devices.hardware import Member
from engine.devices.usability import Judge, Verdict
from storage.records import Device
from storage.vocabulary import DeviceKind

DRIVERS = frozenset({"intel_vpu"})

KIND = "npu"

BUSY = "npu_busy_time_us"
"""Since Linux 6.11. The kernel recommends to read it once a second, not more often."""

SHARED = "it shares the machine's memory"

CLOCKS = ("freq/current_freq", "npu_current_frequency_mhz")
HIGHEST_CLOCKS = ("freq/hw_max_freq", "npu_max_frequency_mhz")


def detect() -> list[Device]:
    """Return the NPUs that the driver holds."""
    return [_device(number, member) for number, member in enumerate(_members())]


def reader(device: Device) -> hardware.Reader:
    """Return what reads an NPU."""
    busy = hardware.Rate()
    folders = [member.folder for member in _members()]
    return hardware.Reader(device, folders, lambda folder, known: look(folder, known, busy))


def _members() -> list[Member]:
    return list(hardware.members("accel", "accel", DRIVERS))


def _device(number: int, member: Member) -> Device:
    tells = (member.folder / BUSY).exists()
    return hardware.device(
        f"{KIND}:{number}",
        DeviceKind.NPU,
        hardware.pci_name(member.folder, "Intel NPU"),
        usability.use(KIND, JUDGES, nodes=(hardware.accelerator_node(member),)),
        folder=member.folder,
        note=SHARED if tells else f"how busy it is, its driver tells from Linux 6.11 on; {SHARED}",
        total=psutil.virtual_memory().total,
    )


def look(folder: Path, device: Device, busy: hardware.Rate) -> Device:
    """Return an NPU with its readings; ``busy`` remembers for how long it had worked."""
    worked = busy.of(files.number(folder / BUSY))
    used = files.number(folder / "npu_memory_utilization")
    read = msgspec.structs.replace(
        device,
        # Counters and our clock are not read at the very same moment.
        utilisation=None if worked is None else min(1.0, worked / 1e6),
        memory_used_bytes=hardware.within(used, device.memory_total_bytes),
    )
    return hardware.detailed(
        read, clock_mhz=_first(folder, CLOCKS), highest_clock_mhz=_first(folder, HIGHEST_CLOCKS)
    )


def _first(folder: Path, names: tuple[str, ...]) -> float | None:
    found = (files.number(folder / name) for name in names)
    return next((float(one) for one in found if one is not None), None)


def _onnxruntime(found: Distribution) -> Verdict | None:
    if found.metadata["Name"].lower() == "onnxruntime-openvino":
        return None
    return Verdict(
        "onnxruntime has no OpenVINO provider", "pip uninstall onnxruntime; pip install onnxruntime-openvino"
    )


JUDGES: dict[str, Judge] = {"onnxruntime": _onnxruntime}
