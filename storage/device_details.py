"""What is told of a device besides its use: what slows it down, who uses it, and what keeps a runtime from using it.

Framework-free records that a reading carries as a whole; ``None`` means that the device does not expose it.
"""

import msgspec


class Obstacle(msgspec.Struct, frozen=True):
    """Why one runtime cannot use a device here."""

    runtime: str
    reason: str
    remedy: str = ""
    """The command that helps, where one does."""


class DeviceProcess(msgspec.Struct, frozen=True):
    """A process that uses a device; its number is the one that the driver tells."""

    pid: int
    memory_bytes: int | None
    utilisation: float | None
    """Share of the device's time that it had, 0 to 1."""
    model: str = ""
    """The model that it runs, where it is one of our engine's model processes."""


class Partition(msgspec.Struct, frozen=True):
    """A part of a device that is divided by its driver (NVIDIA's MIG)."""

    name: str
    memory_used_bytes: int | None
    memory_total_bytes: int | None


class Pressure(msgspec.Struct, frozen=True):
    """For which share of the last ten seconds some process waited for a resource, 0 to 1, as the kernel accounts it."""

    cpu: float | None
    memory: float | None
    disk: float | None


class DriverError(msgspec.Struct, frozen=True):
    """Errors of one number that a driver reported of a device (NVIDIA's Xid)."""

    number: int
    count: int
    at: float
    """When the latest was heard of."""


class DeviceDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a device tells besides its use, memory, temperature and power."""

    address: str = ""
    """Where it is: its address on the bus, or its name in the device tree."""
    driver: str = ""
    clock_mhz: float | None = None
    highest_clock_mhz: float | None = None
    memory_clock_mhz: float | None = None
    power_limit_w: float | None = None
    memory_utilisation: float | None = None
    """Share of the time in which its memory was read or written, 0 to 1."""
    slowed_by: tuple[str, ...] | None = None
    """What makes it run slower than it could; empty where nothing does."""
    corrected_errors: int | None = None
    uncorrected_errors: int | None = None
    """Errors of its memory since the driver was loaded."""
    driver_errors: tuple[DriverError, ...] | None = None
    """What its driver reported within a day, while the engine listened; ``None`` where nothing is told."""
    listening_since: float | None = None
    deaf: str = ""
    """Why errors of its driver cannot be heard of here, although it may have some; empty where they are, or there are none."""
    processes: tuple[DeviceProcess, ...] | None = None
    partitions: tuple[Partition, ...] = ()
    asleep: bool = False
    """Powered down because nobody uses it; it is not woken to be read."""
    load: tuple[float, float, float] | None = None
    """Processes that ran or waited for the processor, over one, five and fifteen minutes."""
    swap_used_bytes: int | None = None
    swap_total_bytes: int | None = None
    pressure: Pressure | None = None
    held_back: float | None = None
    """For which share of the time since the last reading a quota kept processes waiting, 0 to 1."""
