"""The machine and the interpreter: Python, SQLite, disk, memory, file watches, devices."""

import ctypes
import errno
import os
import platform
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from engine.devices.usability import NOT_INSTALLED
from engine.doctor import requirements
from engine.doctor.report import Check, fine, problem, warning
from storage.records import Device
from storage.text import clean

PROCESSOR = "cpu"
"""The id of the device whose memory is the machine's."""

OLDEST_PYTHON = (3, 11)
OLDEST_SQLITE = (3, 37, 0)
"""The first with STRICT tables."""

PACKAGES = ("storage", "engine", "tui")

GIB = 1 << 30

LOW_DISK = 2 * GIB
"""Room for a few versions of a model of ordinary size; each is copied once when it arrives."""

LEAST_DISK = GIB // 8
"""Below this the database and its log may not fit any more."""

LOW_MEMORY = 2 * GIB
"""One framework host and one model process of each kind take about this much."""

LEAST_MEMORY = GIB // 2
"""One framework alone needs this to be imported."""

FEW_WATCHES = 8192
"""One watch a folder: a model of ten versions takes a dozen. Kernels before 5.11 allowed this many."""

INOTIFY = Path("/proc/sys/fs/inotify")


def python() -> Check:
    """Return whether the interpreter is new enough."""
    where = f"{platform.python_version()} in {clean(sys.prefix)}"
    if sys.version_info < OLDEST_PYTHON:
        return problem("python", where, "Install Python 3.11 or newer, and modeltender with it.")
    return fine("python", where)


def layout(folders: Mapping[str, str] | None = None) -> Check:
    """Return whether the program's three packages come from one place; a folder of the same name may hide one."""
    found = package_folders() if folders is None else folders
    if len(set(found.values())) == 1:
        where = f"{', '.join(found)} lie together in {clean(next(iter(found.values())))}"
        if requirements.own():
            return fine("packages", where)
        return warning("packages", f"{where}, which is not installed in this Python", requirements.INSTALL)
    places = ", ".join(f"{name} is in {clean(folder) or 'no folder'}" for name, folder in found.items())
    return problem(
        "packages", places, "Install modeltender into an environment of its own: python3 -m venv ENV"
    )


def package_folders() -> dict[str, str]:
    """Return the folder that holds each of the program's packages, empty where Python finds none."""
    specs = {name: find_spec(name) for name in PACKAGES}
    return {
        name: str(Path(spec.origin).parent.parent) if spec and spec.origin else ""
        for name, spec in specs.items()
    }


def sqlite(folder: Path) -> Check:
    """Return whether SQLite has what the database needs, tried out in ``folder``."""
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < OLDEST_SQLITE:
        return problem(
            "sqlite",
            f"{version} has no STRICT tables",
            "Use a Python that is built with SQLite 3.37 or newer.",
        )
    try:
        journal = _try_sqlite(folder)
    except (OSError, sqlite3.Error) as error:
        return problem(
            "sqlite",
            f"{version} cannot write in {clean(str(folder))}: {clean(str(error), 120)}",
            "Free some disk space, or give yourself the right to write there.",
        )
    if journal != "wal":
        return problem(
            "sqlite",
            f"{version} has no write-ahead log in {clean(str(folder))}",
            "Keep the workspace on a local disk.",
        )
    return fine("sqlite", f"{version}, STRICT tables, write-ahead log")


def _try_sqlite(folder: Path) -> str:
    with tempfile.TemporaryDirectory(prefix="doctor-", dir=folder) as scratch:
        connection = sqlite3.connect(Path(scratch, "doctor.db"))
        try:
            journal = str(connection.execute("PRAGMA journal_mode = WAL").fetchone()[0])
            connection.execute("CREATE TABLE figures (value REAL NOT NULL) STRICT")
            connection.execute("INSERT INTO figures VALUES (1.0)")
            connection.commit()
        finally:
            connection.close()
    return journal


def disk(folder: Path) -> Check:
    """Return whether the disk below ``folder`` has room."""
    state = os.statvfs(folder)
    free = state.f_bavail * state.f_frsize
    words = f"{in_words(free)} free for {clean(str(folder))}"
    if state.f_files and not state.f_favail:
        return problem(
            "disk",
            f"no file can be made any more in {clean(str(folder))} (no inodes left)",
            "Remove files that nobody needs.",
        )
    if free < LEAST_DISK:
        return problem("disk", words, "Free some disk space.")
    return (
        warning("disk", words, "Free some disk space before large models arrive.")
        if free < LOW_DISK
        else fine("disk", words)
    )


def memory(processor: Device) -> Check:
    """Return whether there is memory for a framework and its models."""
    total, used = processor.memory_total_bytes, processor.memory_used_bytes
    if total is None or used is None:
        return warning(
            "memory", "how much is used cannot be told", "Watch the memory of this machine by other means."
        )
    free = max(0, total - used)
    words = f"{in_words(free)} of {in_words(total)} free"
    if free < LEAST_MEMORY:
        return problem("memory", words, "End programs that use much memory.")
    if free < LOW_MEMORY:
        return warning(
            "memory", words, "Lower limits.warm_processes in modeltender.toml, or end other programs."
        )
    return fine("memory", words)


def inotify(folder: Path = INOTIFY) -> Check:
    """Return whether the kernel lets one more program watch folders; without, new files are seen by listing."""
    failure = _try_inotify()
    watches = _number(folder / "max_user_watches")
    if failure == errno.EMFILE:
        return warning(
            "file watches",
            "no further program of this user may watch folders; new files show late",
            "sudo sysctl fs.inotify.max_user_instances=1024",
        )
    if failure:
        return warning(
            "file watches",
            f"folders cannot be watched ({os.strerror(failure)}); new files show late",
            "Lower repository.rescan_s in modeltender.toml.",
        )
    if watches is not None and watches <= FEW_WATCHES:
        return warning(
            "file watches",
            f"at most {watches} folders can be watched",
            "sudo sysctl fs.inotify.max_user_watches=524288",
        )
    return fine("file watches", "folders can be watched" + (f", at most {watches}" if watches else ""))


def device(found: Device) -> Check:
    """Return which runtimes can use a device, and why installed ones cannot."""
    size = f", {in_words(found.memory_total_bytes)}" if found.memory_total_bytes else ""
    note = f"; {found.note}" if found.note else ""
    note += (
        f"; errors of its driver (Xid) cannot be heard of: {found.details.deaf}" if found.details.deaf else ""
    )
    reasons, remedies = _obstacles(found)
    why = f"; {'; '.join(reasons)}" if reasons else ""
    if not found.usable_by:
        fix = "; ".join(remedies)
        if not fix:
            # Nothing that could be installed would change it: it is worth knowing, and no more.
            return fine(found.id, f"{found.name}{size}: no runtime here can use it{note}")
        return warning(found.id, f"{found.name}{size}: no runtime can use it{note}{why}", fix)
    words = f"{found.name}{size}, for {', '.join(found.usable_by)}{note}{why}"
    if remedies and found.id != PROCESSOR:
        return warning(found.id, words, "; ".join(remedies))
    return fine(found.id, words)


def _obstacles(found: Device) -> tuple[list[str], list[str]]:
    """Return why runtimes that are installed cannot use a device though they could, and what helps, each once.

    What is not installed at all has a check of its own, and what is never run there needs no mending.
    """
    real = [one for one in found.obstacles if one.remedy and not one.reason.endswith(NOT_INSTALLED)]
    return list(dict.fromkeys(one.reason for one in real)), list(dict.fromkeys(one.remedy for one in real))


def in_words(size: int) -> str:
    """Return a number of bytes as people read it."""
    return f"{size / GIB:.1f} GiB" if size >= GIB else f"{size / (1 << 20):.0f} MiB"


def _try_inotify() -> int:
    """Return 0, or the number of the error with which the kernel refuses."""
    libc = ctypes.CDLL(None, use_errno=True)
    descriptor = libc.inotify_init1(os.O_CLOEXEC)
    if descriptor < 0:
        return ctypes.get_errno()
    os.close(descriptor)
    return 0


def _number(file: Path) -> int | None:
    try:
        return int(file.read_text())
    except (OSError, ValueError):  # a container may hide it; the trial above counts
        return None
