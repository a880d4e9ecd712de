"""Which versions of the program, of Python and of what runs models are installed here, found without importing any of it."""

import platform

from engine.installed import version_of
from engine.runtimes import RUNTIMES, installed_versions

MODELTENDER = "modeltender"


def program_version() -> str:
    """Return this program's version, or ``unknown`` where it runs from a folder that was never installed."""
    return version_of(MODELTENDER) or "unknown"


def versions() -> dict[str, str]:
    """Return the program first, then Python, then what the runtimes need, each once, in the order of the registry."""
    found = {MODELTENDER: program_version(), "Python": platform.python_version()}
    for spec in RUNTIMES:
        found |= installed_versions(spec)
    return found
