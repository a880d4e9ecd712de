"""What this program requires, by its own metadata: of each extra, what pip is told to get it on this machine.

Owns how such lines are read. It installs nothing.
"""

import platform
import re
from collections.abc import Iterable
from importlib import metadata

MODELTENDER = "modeltender"

INSTALL = "In the folder that modeltender came in: python3 -m pip install '.[all]'"
"""What helps where it is run from there without being installed."""

REQUIREMENT = re.compile(r"^(?P<wanted>[^;]+?)\s*;\s*(?P<condition>.*)$")
EXTRA = re.compile(r"""extra\s*==\s*['"](?P<name>[\w-]+)['"]""")
MACHINE = re.compile(r"""platform_machine\s*(?P<sign>[!=]=)\s*['"](?P<name>\w+)['"]""")


def own() -> list[str]:
    """Return what the installed modeltender requires, with its extras."""
    try:
        return metadata.requires(MODELTENDER) or []
    except metadata.PackageNotFoundError:  # run from a folder without being installed: no floor is known
        return []


def of_extra(extra: str, lines: Iterable[str]) -> tuple[str, ...]:
    """Return what an extra requires on this machine, as pip is told it, from lines of a package's metadata."""
    found = []
    for line in lines:
        parts = REQUIREMENT.match(line)
        if parts is None:
            continue
        wanted = EXTRA.search(parts["condition"])
        machine = MACHINE.search(parts["condition"])
        here = machine is None or (machine["name"] == platform.machine()) == (machine["sign"] == "==")
        if wanted is not None and wanted["name"] == extra and here:
            found.append(parts["wanted"])
    return tuple(found)
