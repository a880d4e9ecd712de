"""Temperatures as the kernel's sensors tell them: thousandths of a degree, of which some are no temperature at all."""

from pathlib import Path

from engine.devices import files

HOTTEST_C = 150.0
COLDEST_C = -40.0
"""Outside of these a sensor is broken or not wired: chips switch themselves off long before."""


def read(sensor: Path) -> float | None:
    """Return a sensor's temperature, or ``None`` where it gives nothing sensible."""
    try:
        degrees = int(files.line(sensor) or "") / 1000
    except ValueError:
        return None
    return degrees if COLDEST_C < degrees < HOTTEST_C else None
