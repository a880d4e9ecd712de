"""Devices in words for the command line: a line each, then what else each tells, folded to the terminal. Pure."""

import textwrap
from collections.abc import Iterable, Iterator, Sequence

from storage.device_details import DeviceDetails, DeviceProcess, Obstacle, Partition
from storage.records import Device
from storage.text import NAME, clean
from storage.xids import xid
from tui.commands.figures import NOT_KNOWN, percent, size
from tui.commands.output import WIDTH
from tui.commands.tables import table

INDENT = "  "

PROCESSES_SHOWN = 5
"""Of a device; the rest is counted. JSON has them all."""


def devices_text(found: Sequence[Device], width: int = WIDTH) -> str:
    """Return the table of devices, and below it what each tells besides."""
    return "\n\n".join([devices_table(found, width), *(_below(device, width) for device in found)])


def devices_table(found: Sequence[Device], width: int = WIDTH) -> str:
    """Return a line for each device; a long name is cut off."""
    if not found:
        return "No devices are known yet; the engine lists them when it starts."
    headings = ["DEVICE", "KIND", "BUSY", "MEMORY", "OF", "TEMP", "POWER", "NAME"]
    rows = [
        [
            device.id,
            str(device.kind),
            "asleep" if device.details.asleep else percent(device.utilisation),
            size(device.memory_used_bytes),
            size(device.memory_total_bytes),
            _unit(device.temperature_c, "°C"),
            _unit(device.power_w, "W"),
            device.name,
        ]
        for device in found
    ]
    aligned = table(headings, rows, right=("BUSY", "MEMORY", "OF", "TEMP", "POWER"))
    return "\n".join(row if len(row) <= width else f"{row[: width - 1]}…" for row in aligned.splitlines())


def _below(device: Device, width: int) -> str:
    lines = [f"{device.id}: {device.name}"]
    for sentence in sentences(device):
        lines += _folded(sentence, width)
    for names, reason, remedy in grouped(device.obstacles):
        sentence = f"not {names}: {reason}"
        lines += _folded(sentence, width)
        if remedy:
            # To be copied: it stays whole, however long.
            lines.append(f"{INDENT * 2}{remedy}")
    return "\n".join(lines)


def _folded(sentence: str, width: int) -> list[str]:
    return textwrap.wrap(
        sentence, width, initial_indent=INDENT, subsequent_indent=INDENT * 2, break_on_hyphens=False
    )


def sentences(device: Device) -> Iterator[str]:
    """Return what a device tells besides its use, a sentence each."""
    parts = [device.note, *_figures(device.details)]
    told = "; ".join(part for part in parts if part)
    if told:
        yield told
    if device.details.partitions:
        yield "instances: " + "; ".join(map(_partition, device.details.partitions))
    if device.details.processes:
        yield "used by " + _processes(device.details.processes)
    yield f"runs {', '.join(device.usable_by)}" if device.usable_by else "runs no model here"


def _figures(details: DeviceDetails) -> Iterator[str]:
    """Return what is known, each with its unit; what is not exposed is left out, since the table says n/a already."""
    yield _clock(details)
    if details.power_limit_w is not None:
        yield f"power limit {details.power_limit_w:.0f} W"
    if details.slowed_by:
        yield f"slowed by {' and '.join(details.slowed_by)}"
    if details.held_back:
        yield f"held back for {details.held_back:.0%} of the time"
    if details.memory_utilisation is not None:
        yield f"memory busy {details.memory_utilisation:.0%}"
    if details.corrected_errors is not None or details.uncorrected_errors is not None:
        yield _errors(details)
    yield _driver_errors(details)
    if details.load is not None:
        yield f"load {' '.join(f'{one:.2f}' for one in details.load)}"
    if details.swap_total_bytes is not None:
        yield _swap(details)
    yield _pressure(details)
    yield details.driver and f"driver {details.driver}"
    yield details.address and f"at {details.address}"


def _clock(details: DeviceDetails) -> str:
    if details.clock_mhz is None:
        return ""
    highest = f" of {details.highest_clock_mhz:,.0f}" if details.highest_clock_mhz else ""
    return f"{details.clock_mhz:,.0f}{highest} MHz"


def _errors(details: DeviceDetails) -> str:
    if not details.corrected_errors and not details.uncorrected_errors:
        return "no memory errors"
    corrected = NOT_KNOWN if details.corrected_errors is None else f"{details.corrected_errors:,}"
    lasting = NOT_KNOWN if details.uncorrected_errors is None else f"{details.uncorrected_errors:,}"
    return f"memory errors: {corrected} corrected, {lasting} not"


def _driver_errors(details: DeviceDetails) -> str:
    if details.deaf:
        return f"driver errors (Xid) cannot be heard of: {details.deaf}"
    if details.driver_errors is None:
        return ""
    told = ", ".join(f"{xid(one.number).sentence(one.number)} x{one.count}" for one in details.driver_errors)
    return f"driver errors: {told}" if told else "no driver errors"


def _swap(details: DeviceDetails) -> str:
    if not details.swap_total_bytes:
        return "no swap"
    return f"swap {size(details.swap_used_bytes)} of {size(details.swap_total_bytes)}"


def _pressure(details: DeviceDetails) -> str:
    waits = details.pressure
    if waits is None:
        return ""
    shares = {"processor": waits.cpu, "memory": waits.memory, "disk": waits.disk}
    known = [f"{name} {share:.0%}" for name, share in shares.items() if share is not None]
    return f"waits for {', '.join(known)}"


def _partition(part: Partition) -> str:
    return f"{part.name} ({size(part.memory_used_bytes)} of {size(part.memory_total_bytes)})"


def _processes(processes: Sequence[DeviceProcess]) -> str:
    largest = sorted(processes, key=lambda process: process.memory_bytes or 0, reverse=True)
    shown = [_process(one) for one in largest[:PROCESSES_SHOWN]]
    rest = len(largest) - len(shown)
    return ", ".join(shown) + (f" and {rest} more" if rest else "")


def _process(one: DeviceProcess) -> str:
    """Return who uses a device: the model, where it is our engine's process, and the number in any case."""
    number = f"process {one.pid}"
    told = [number] if one.model else []
    told.append(size(one.memory_bytes))
    if one.utilisation is not None:
        told.append(f"{one.utilisation:.0%}")
    return f"{clean(one.model, NAME) or number} ({', '.join(told)})"


def grouped(obstacles: Iterable[Obstacle]) -> list[tuple[str, str, str]]:
    """Return the runtimes that share a reason together, with the reason and what helps."""
    names: dict[tuple[str, str], list[str]] = {}
    for obstacle in obstacles:
        names.setdefault((obstacle.reason, obstacle.remedy), []).append(obstacle.runtime)
    return [(", ".join(runtimes), *why) for why, runtimes in names.items()]


def _unit(value: float | None, unit: str) -> str:
    return NOT_KNOWN if value is None else f"{value:.0f} {unit}"
