"""Which parts of the system a model process may read besides its model.

The interpreter, its packages, and what libraries ask the kernel about the machine. Never the folders that hold them: the project's own root may lie beside a workspace, ``/etc`` holds secrets,
and the rest of ``/proc`` shows other processes.
"""

import os
import site
import sys
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

LIBRARIES: Final = (
    "/lib",
    "/lib32",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/nix/store",
)
"""Shared libraries; some are opened only when they are first used."""

MACHINE: Final = (
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/proc/stat",
    "/proc/version",
    "/proc/filesystems",
    "/proc/sys/vm",
    "/proc/sys/kernel/osrelease",
    "/sys/devices/system",
    "/sys/fs/cgroup",
    "/sys/kernel/mm/transparent_hugepage",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/etc/localtime",
    "/usr/share/zoneinfo",
)
"""How many cores and how much memory there are, entropy, and the time zone."""


def system_readable() -> list[str]:
    """Return the paths that Python and the imported packages live in, and what the machine tells of itself."""
    # Not cached: what is imported changes. What does not change is.
    folders = interpreter_folders()
    return [*LIBRARIES, *MACHINE, *folders, *_strays(folders)]


def devices_readable() -> list[str]:
    """Return what a driver library asks about its hardware, besides the device's own nodes."""
    toolkits = (str(folder) for folder in Path("/usr/local").glob("cuda*"))
    return [
        "/proc/driver",
        "/proc/devices",
        "/proc/sys",
        "/sys",
        "/etc/nvidia",
        "/usr/share/nvidia",
        # Where container hosts mount the driver.
        "/usr/local/nvidia",
        *toolkits,
    ]


@cache
def interpreter_folders() -> tuple[str, ...]:
    """Return the standard library and the folders of installed packages."""
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    paths = [sysconfig.get_path(name) for name in names]
    paths += site.getsitepackages()
    if site.ENABLE_USER_SITE:
        paths.append(site.getusersitepackages())
    # A virtual environment borrows the standard library of the interpreter that it was made from.
    paths += [
        sysconfig.get_path(name, vars={"base": sys.base_prefix, "platbase": sys.base_prefix})
        for name in names
    ]
    paths.append(f"{sys.base_prefix}/lib" if sys.base_prefix != "/usr" else "/usr/lib")
    return tuple(dict.fromkeys(path for path in paths if path))


def _strays(folders: tuple[str, ...]) -> Iterator[str]:
    """Yield the imported packages that live elsewhere: this program in development, what PYTHONPATH added, or links.

    Installers may put links among the packages (uv with ``--link-mode symlink``), and of a package much is read only later.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if "." in name or not file:
            continue
        home = str(Path(file).parent) if hasattr(module, "__path__") else file
        if not file.startswith(folders):
            yield home
        elif os.path.islink(home) or os.path.islink(file):  # noqa: PTH114 - for hundreds of modules, each time one forks
            real = Path(file).resolve()
            yield str(real.parent if hasattr(module, "__path__") else real)
