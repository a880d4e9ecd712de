"""The few calls of the Linux kernel that Python does not offer, each raising `OSError` when it is refused.

It owns the way in (ctypes on the C library already loaded, no dependency) and knows nothing of policy.
"""

import ctypes
import os
from typing import Final

PR_SET_PDEATHSIG: Final = 1
PR_SET_NO_NEW_PRIVS: Final = 38

CLONE_NEWIPC: Final = 0x0800_0000
CLONE_NEWUSER: Final = 0x1000_0000
CLONE_NEWNET: Final = 0x4000_0000

CAP_DAC_READ_SEARCH: Final = 2

_CAPABILITY_VERSION: Final = 0x2008_0522
"""Version 3 of the capability calls: two words of 32 bits per set."""

_libc = ctypes.CDLL(None, use_errno=True)


class _CapabilityHeader(ctypes.Structure):
    _fields_ = (("version", ctypes.c_uint32), ("pid", ctypes.c_int))


class _CapabilityData(ctypes.Structure):
    _fields_ = (
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    )


def prctl(option: int, argument: int) -> None:
    """Change an attribute of this process."""
    _checked(_libc.prctl(option, ctypes.c_ulong(argument), 0, 0, 0), "prctl")


def unshare(flags: int) -> None:
    """Leave the namespaces that ``flags`` name for new ones; refused to a process with several threads."""
    _checked(_libc.unshare(flags), "unshare")


def syscall(number: int, *arguments: "int | ctypes._CArgObject | None") -> int:
    """Make a system call that the C library has no function for; return what it returns."""
    # Integers must be widened: a variadic C function reads 64 bits where ctypes would pass 32.
    wide = [ctypes.c_ulong(argument) if isinstance(argument, int) else argument for argument in arguments]
    return _checked(_libc.syscall(ctypes.c_long(number), *wide), f"system call {number}")


def keep_capabilities(kept: int) -> None:
    """Give up every capability that is not a bit of ``kept``; what is not held is not asked for."""
    header = _CapabilityHeader(_CAPABILITY_VERSION, 0)
    data = (_CapabilityData * 2)()
    _checked(_libc.capget(ctypes.byref(header), data), "capget")
    for word, allowed in zip(data, (kept & 0xFFFF_FFFF, kept >> 32), strict=True):
        word.permitted &= allowed
        word.effective = word.permitted
        word.inheritable = 0
    _checked(_libc.capset(ctypes.byref(header), data), "capset")


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result
