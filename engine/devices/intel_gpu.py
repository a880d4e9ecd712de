"""Intel GPUs, read from the files of the kernel's drivers ``i915`` and ``xe``.

Which file tells what, in which unit: ``Documentation/ABI/testing/sysfs-driver-intel-i915-hwmon`` and
``sysfs-driver-intel-xe-hwmon``, and the kernel's descriptions of xe's frequencies and of what throttles it. How busy a
GPU is, these drivers tell programs with rights of their own only.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec

from engine.devices import celsius, files, hardware, usability
from storage.records import Device
from storage.vocabulary import DeviceKind

DRIVERS = frozenset({"i915", "xe"})

KIND = "xpu"

NOTE = "how busy it is, its driver tells root's tools only (intel_gpu_top)"

REASONS = {
    "pl1": "its sustained power limit",
    "pl2": "its burst power limit",
    "pl4": "its peak current limit",
    "thermal": "heat",
    "prochot": "heat, told from outside",
    "ratl": "heat, on average",
    "vr_thermalert": "heat of its voltage regulator",
    "vr_tdc": "current of its voltage regulator",
}
"""What throttles it, by the kernel's word for it."""

PACKAGE = {"i915": "temp1_input", "xe": "temp2_input"}
"""The sensor that is the GPU's own temperature."""


def detect() -> list[Device]:
    """Return the GPUs that the drivers hold."""
    return [_device(number, folder) for number, folder in enumerate(_folders())]


def reader(device: Device) -> hardware.Reader:
    """Return what reads a GPU."""
    energy = hardware.Rate()
    return hardware.Reader(device, _folders(), lambda folder, known: look(folder, known, energy))


def _folders() -> list[Path]:
    return [member.folder for member in hardware.members("drm", "card", DRIVERS)]


def _device(number: int, folder: Path) -> Device:
    tiles = [files.number(file) for file in folder.glob("tile*/physical_vram_size_bytes")]
    return hardware.device(
        f"{KIND}:{number}",
        DeviceKind.GPU,
        hardware.pci_name(folder, "Intel"),
        usability.use(KIND, {}, nodes=(hardware.render_node(folder),)),
        folder=folder,
        note=NOTE,
        total=sum(size for size in tiles if size) or None,
    )


def look(folder: Path, device: Device, energy: hardware.Rate) -> Device:
    """Return a GPU with its readings; ``energy`` remembers how much it had used."""
    sensors = hardware.sensors(folder)
    microwatts = energy.of(files.number(sensors / "energy1_input"))
    read = msgspec.structs.replace(
        device,
        temperature_c=celsius.read(sensors / PACKAGE.get(device.details.driver, "temp1_input")),
        power_w=None if microwatts is None else microwatts / 1e6,
    )
    return hardware.detailed(
        read,
        clock_mhz=_fastest(_engines(folder), ("rps_act_freq_mhz", "freq0/act_freq")),
        highest_clock_mhz=_fastest(_engines(folder), ("rps_RP0_freq_mhz", "freq0/rp0_freq")),
        # A limit of 0 is no limit.
        power_limit_w=hardware.scaled(sensors / "power1_max", 1e6) or None,
        slowed_by=_reasons(folder),
    )


def _engines(folder: Path) -> Iterator[Path]:
    """Return the folders of the GPU's parts, where each driver has them."""
    yield from sorted(folder.glob("drm/card*/gt/gt*"))
    yield from sorted(folder.glob("tile*/gt*"))


def _fastest(engines: Iterator[Path], names: tuple[str, ...]) -> float | None:
    """Return the highest frequency: the parts are clocked apart, and what computes is one of them."""
    found = [files.number(engine / name) for engine in engines for name in names]
    return max((float(one) for one in found if one is not None), default=None)


def _reasons(folder: Path) -> tuple[str, ...] | None:
    told: dict[str, bool] = {}
    for engine in _engines(folder):
        for word in REASONS:
            for file in (
                engine / f"throttle_reason_{word}",
                engine / "freq0" / "throttle" / f"reason_{word}",
            ):
                state = files.number(file)
                if state is not None:
                    told[word] = told.get(word, False) or state > 0
    return tuple(REASONS[word] for word, holds in told.items() if holds) if told else None
