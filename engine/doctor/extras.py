"""The optional parts of modeltender: what each is for, what of it is missing here, and having pip install it.

Owns the only place that installs anything, and only when it is asked to. What is installed is what this program's own
metadata requires, never a package by this program's name: an index may know another one.
"""

import re
import subprocess
import sys
from collections.abc import Iterable, Sequence
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from engine.devices import support
from engine.doctor import requirements
from engine.doctor.report import Check, DeviceFigures, fine, warning
from engine.runtimes import RUNTIMES
from storage.errors import Error
from storage.text import clean

DATA, NVIDIA = "data", "nvidia"

COMMAND = f"pip install '{requirements.MODELTENDER}["
"""How the command begins that a check names where an extra is missing."""

PURPOSES = {
    DATA: "Parquet files and folders of images as data",
    NVIDIA: "how busy NVIDIA GPUs are",
}
"""Of the extras that bring no runtime."""

PIP = (
    "-m",
    "pip",
    "install",
    "--disable-pip-version-check",
    "--no-input",
    "--retries",
    "1",
    "--timeout",
    "15",
)
"""An index that does not answer in 15 s twice is not going to."""

UNREACHABLE = (
    "Failed to establish a new connection",
    "Temporary failure in name resolution",
    "Network is unreachable",
    "Connection refused",
    "ConnectTimeoutError",
    "ReadTimeoutError",
    "No route to host",
)
"""What pip says where it reaches no index; it goes on to claim that there are no matching versions."""


class Extra(NamedTuple):
    """An optional part: its name, what it is for, and what pip needs to be told."""

    name: str
    purpose: str
    requirements: tuple[str, ...]


class InstallError(Error):
    """pip did not install something."""

    code = "install"


def missing(devices: Iterable[DeviceFigures]) -> list[Extra]:
    """Return the parts that are not complete and would be of use on this machine.

    Raises:
        InstallError: what they need is not known, because this program runs from a folder without being installed.
    """
    lines = requirements.own()
    if not lines:
        raise InstallError(
            "modeltender is not installed in this Python, only run by it.", requirements.INSTALL
        )
    purposes: dict[str, list[str]] = {}
    for spec in RUNTIMES:
        if not support.complete(spec):
            purposes.setdefault(spec.extra, []).extend(spec.formats)
    found = [
        Extra(name, f"{', '.join(formats)} models", requirements.of_extra(name, lines))
        for name, formats in purposes.items()
    ]
    wanted = [DATA, *([NVIDIA] if any(device.id.startswith("cuda:") for device in devices) else [])]
    found += [
        Extra(name, PURPOSES[name], requirements.of_extra(name, lines))
        for name in wanted
        if _absent(name, lines)
    ]
    return [extra for extra in found if extra.requirements]


def data(lines: Sequence[str] | None = None) -> Check:
    """Return whether data may come as Parquet files and images; other kinds need nothing."""
    known = requirements.own() if lines is None else lines
    if not known:
        return warning("data", "what it needs is known once modeltender is installed", requirements.INSTALL)
    absent = _absent(DATA, known)
    if absent:
        words = f"{' and '.join(absent)} not installed, so no {PURPOSES[DATA]}"
        return warning("data", words, f"{COMMAND}{DATA}]'")
    return fine("data", f"arrays, tables, {PURPOSES[DATA]}")


def install(extra: Extra) -> None:
    """Have this interpreter's pip install what an extra requires; pip shows its progress on standard output.

    Raises:
        InstallError: it was not installed; the reason is in words.
    """
    done = subprocess.run(
        [sys.executable, "-P", *PIP, *extra.requirements],
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise failure(extra, done.stderr)


def failure(extra: Extra, said: str) -> InstallError:
    """Return in a sentence why pip did not install an extra, judged by what it said, and what helps."""
    command = " ".join(f"'{one}'" for one in extra.requirements)
    if "No module named pip" in said:
        return InstallError(
            f"This Python ({clean(sys.executable, 200)}) has no pip, so {extra.name} was not installed.",
            f"{clean(sys.executable, 200)} -m ensurepip --upgrade",
        )
    if "externally-managed-environment" in said:
        return InstallError(
            f"The system manages this Python and lets pip add nothing, so {extra.name} was not installed.",
            "Install modeltender into an environment of its own: python3 -m venv ENV",
        )
    if any(words in said for words in UNREACHABLE):
        return InstallError(
            f"No package index can be reached from here, so {extra.name} was not installed.",
            f"Copy the packages to a folder here, and: {clean(sys.executable, 200)} -m pip install --no-index --find-links FOLDER {command}",
        )
    if "No space left on device" in said:
        return InstallError(f"The disk is full, so {extra.name} was not installed.", "Free some disk space.")
    if "Permission denied" in said:
        folder = clean(str(Path(sys.prefix)), 200)
        return InstallError(
            f"This user may not write into {folder}, so {extra.name} was not installed.",
            "Run the command as the owner of that folder, or use an environment of your own.",
        )
    lines = [line.removeprefix("ERROR: ") for line in said.splitlines() if line.startswith("ERROR: ")]
    reason = clean(lines[-1], 200).rstrip(".") if lines else "it did not say why"
    return InstallError(
        f"pip did not install {extra.name}: {reason}.",
        f"{clean(sys.executable, 200)} -m pip install {command}",
    )


def _absent(extra: str, lines: Iterable[str]) -> list[str]:
    names = [re.split(r"[<>=!~\[ ]", one, maxsplit=1)[0] for one in requirements.of_extra(extra, lines)]
    return [name for name in names if not _present(name)]


def _present(name: str) -> bool:
    try:
        distribution(name)
    except PackageNotFoundError:
        return False
    return True
