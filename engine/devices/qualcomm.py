"""Qualcomm's accelerators, named where they are seen: Cloud AI cards, Adreno GPUs, Hexagon DSPs."""

from collections.abc import Iterator

from engine.devices import hardware, named
from engine.devices.named import Seen
from storage.records import Device
from storage.vocabulary import DeviceKind

CARDS = frozenset({"qaic"})
GRAPHICS = frozenset({"msm", "msm_dpu", "msm-mdss", "adreno"})

KIND = "qnn"

COMPUTE_DSP = "fastrpc-cdsp"
"""The DSP that runs neural networks; its twin ``-secure`` is for signed programs, and the others serve sensors and sound."""


def detect() -> list[Device]:
    """Return what is here of Qualcomm's."""
    return named.devices(KIND, _seen())


def reader(device: Device) -> hardware.Reader:
    """Return what sees whether a device is still there."""
    return named.reader(device, _seen())


def _seen() -> Iterator[Seen]:
    for member in hardware.members("accel", "accel", CARDS):
        name = hardware.pci_name(member.folder, "Qualcomm Cloud AI")
        yield Seen(name, DeviceKind.NPU, member.folder, hardware.accelerator_node(member))
    for member in hardware.members("drm", "card", GRAPHICS):
        node = hardware.render_node(member.folder)
        yield Seen("Qualcomm Adreno", DeviceKind.GPU, member.folder, node)
    folder = hardware.SYS / "class" / "misc" / COMPUTE_DSP
    if folder.exists():
        yield Seen("Qualcomm Hexagon", DeviceKind.NPU, folder, hardware.DEV / COMPUTE_DSP)
