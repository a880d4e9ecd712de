"""How long processes waited for the processor, for memory and for the disk, as the kernel accounts it (PSI).

``Documentation/accounting/psi.rst`` of Linux: shares of the last ten seconds, in percent, in which some process waited.
"""

import re
from pathlib import Path

from engine.devices import files
from storage.device_details import Pressure

PROC = Path("/proc/pressure")

SOME = re.compile(r"^some avg10=(\d+(?:\.\d+)?) ", re.MULTILINE)


def of_machine(folder: Path = PROC) -> Pressure | None:
    """Return the whole machine's, or ``None`` where the kernel keeps no such account."""
    return _pressure(folder / "cpu", folder / "memory", folder / "io")


def of_group(folder: Path) -> Pressure | None:
    """Return that of a control group."""
    return _pressure(folder / "cpu.pressure", folder / "memory.pressure", folder / "io.pressure")


def _pressure(cpu: Path, memory: Path, disk: Path) -> Pressure | None:
    found = Pressure(_share(cpu), _share(memory), _share(disk))
    return None if found == Pressure(None, None, None) else found


def _share(file: Path) -> float | None:
    # A kernel that was started with psi=0 has the files and refuses to read them.
    found = SOME.search(files.text(file) or "")
    return None if found is None else min(1.0, float(found[1]) / 100)
