"""Landlock: which files a process may open, and whether it may use TCP or signal others.

Raw system calls, because no library covers the network and scope rules. Rules only ever take rights away,
work without privileges, and bind root as well. What Landlock cannot refuse on any kernel (changing modes
and owners by name, UDP) is refused by `engine.processes.seccomp`.
"""

import ctypes
import errno
import os
import stat
from collections.abc import Iterable
from typing import Final, NamedTuple

from engine.processes import kernel

CREATE_RULESET: Final = 444
ADD_RULE: Final = 445
RESTRICT_SELF: Final = 446
"""System call numbers; the same on every architecture."""

ASK_VERSION: Final = 1
RULE_PATH_BENEATH: Final = 1

EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
REMOVE_DIR: Final = 1 << 4
REMOVE_FILE: Final = 1 << 5
MAKE_DIR: Final = 1 << 7
MAKE_REG: Final = 1 << 8
REFER: Final = 1 << 13
TRUNCATE: Final = 1 << 14
IOCTL_DEV: Final = 1 << 15

READ: Final = READ_FILE | READ_DIR
SCRATCH: Final = READ | WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_REG | REFER | TRUNCATE
"""No links, sockets, pipes or devices: nothing that the engine could stumble over when it sweeps."""
DEVICE: Final = READ_FILE | WRITE_FILE | IOCTL_DEV
ON_FILES: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
"""The rights that a rule on a file may name; the others make sense on folders only."""

NETWORK_VERSION: Final = 4
"""From here on TCP can be refused (Linux 6.7)."""
SCOPE_VERSION: Final = 6
"""From here on signals and abstract sockets to the outside can be refused (Linux 6.12)."""
TRUNCATE_VERSION: Final = 3
"""From here on emptying a file counts as writing it (Linux 6.2)."""


class Grant(NamedTuple):
    """A path and what may be done with it and everything below it."""

    path: str
    rights: int


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64))


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("rights", ctypes.c_uint64), ("parent", ctypes.c_int32))


def version() -> int:
    """Return the version of Landlock that the kernel speaks, or 0 where it has none."""
    try:
        return kernel.syscall(CREATE_RULESET, None, 0, ASK_VERSION)
    except OSError:
        # Not built (ENOSYS), not enabled (EOPNOTSUPP) or hidden by a container's filter (EPERM): all the same to us.
        return 0


def restrict(known: int, *, files: Iterable[Grant] | None, network: bool, signals: bool) -> None:
    """Confine this thread and its future children for ever.

    ``known`` is what `version` returned; what it does not cover is left out. ``files`` names what stays
    reachable, ``None`` leaves files alone.

    Raises:
        OSError: the kernel refuses; then nothing is confined.
    """
    handled = _handled(known) if files is not None else 0
    ruleset = _Ruleset(
        handled,
        0b11 if network and known >= NETWORK_VERSION else 0,
        0b11 if signals and known >= SCOPE_VERSION else 0,
    )
    if not (ruleset.files or ruleset.network or ruleset.scoped):
        return
    # An older kernel takes a longer struct as long as the part that it does not know is zero.
    descriptor = kernel.syscall(CREATE_RULESET, ctypes.byref(ruleset), ctypes.sizeof(ruleset), 0)
    try:
        for grant in files or ():
            _allow(descriptor, grant, handled)
        kernel.syscall(RESTRICT_SELF, descriptor, 0)
    finally:
        os.close(descriptor)


def _handled(known: int) -> int:
    """Return every right on files that this version can take away."""
    if known >= 5:
        return (1 << 16) - 1
    return (1 << (12 + min(known, TRUNCATE_VERSION))) - 1


def _allow(ruleset: int, grant: Grant, handled: int) -> None:
    try:
        parent = os.open(grant.path, os.O_PATH | os.O_CLOEXEC)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.EACCES}:
            # What is not there, or not ours to reach, cannot be opened later either.
            return
        raise
    try:
        rights = grant.rights & handled
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= ON_FILES
        rule = _PathBeneath(rights, parent)
        kernel.syscall(ADD_RULE, ruleset, RULE_PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)
