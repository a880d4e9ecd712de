"""AMD GPUs, read from the files of the kernel's driver ``amdgpu``.

Which file tells what, in which unit: ``Documentation/gpu/amdgpu`` of Linux, its pages on power and on memory.
"""

from pathlib import Path

import msgspec

from engine.devices import celsius, files, hardware, usability
from storage.records import Device
from storage.vocabulary import DeviceKind

DRIVERS = frozenset({"amdgpu"})

KIND = "rocm"

ERRORS = Path("ras", "umc_err_count")
"""Of the memory: a row ``ue: N`` for errors that were not corrected, and a row ``ce: N`` for those that were."""


def detect() -> list[Device]:
    """Return the GPUs that the driver holds."""
    return [_device(number, folder) for number, folder in enumerate(_folders())]


def reader(device: Device) -> hardware.Reader:
    """Return what reads a GPU."""
    return hardware.Reader(device, _folders(), look)


def _folders() -> list[Path]:
    return [member.folder for member in hardware.members("drm", "card", DRIVERS)]


def _device(number: int, folder: Path) -> Device:
    tells = (folder / "gpu_busy_percent").exists()
    return hardware.device(
        f"{KIND}:{number}",
        DeviceKind.GPU,
        # Server cards and some workstation cards carry their name; others are looked up.
        files.line(folder / "product_name") or hardware.pci_name(folder, "AMD"),
        usability.use(KIND, {}, nodes=(hardware.DEV / "kfd", hardware.render_node(folder))),
        folder=folder,
        note="" if tells else hardware.USE_NOT_EXPOSED,
        total=files.number(folder / "mem_info_vram_total"),
    )


def look(folder: Path, device: Device) -> Device:
    """Return a GPU with its readings."""
    sensors = hardware.sensors(folder)
    used = files.number(folder / "mem_info_vram_used")
    power = hardware.scaled(sensors / "power1_average", 1e6)
    if power is None:
        # Cards whose firmware does not average tell the power of this moment.
        power = hardware.scaled(sensors / "power1_input", 1e6)
    read = msgspec.structs.replace(
        device,
        utilisation=hardware.share(folder / "gpu_busy_percent"),
        memory_used_bytes=hardware.within(used, device.memory_total_bytes),
        temperature_c=celsius.read(sensors / "temp1_input"),
        power_w=power,
    )
    return hardware.detailed(
        read,
        clock_mhz=hardware.scaled(sensors / "freq1_input", 1e6),
        memory_clock_mhz=hardware.scaled(sensors / "freq2_input", 1e6),
        power_limit_w=hardware.scaled(sensors / "power1_cap", 1e6),
        memory_utilisation=hardware.share(folder / "mem_busy_percent"),
        corrected_errors=files.field(folder / ERRORS, "ce:"),
        uncorrected_errors=files.field(folder / ERRORS, "ue:"),
    )
