"""A seccomp filter: the system calls that a model process has no honest use for fail with EPERM.

It owns the list and the machine code (classic BPF, made here, no library). One table of numbers per
architecture lies in `engine.processes.syscall_numbers`; on another architecture the filter is unavailable
and says so. A call made through a foreign table (i386 or x32 on x86-64) kills the process, because its
numbers would slip past the list.
"""

import ctypes
import errno
import os
import platform
import socket
import struct
from collections.abc import Collection, Iterator
from typing import Final, NamedTuple

from engine.processes import kernel
from engine.processes.syscall_numbers import TABLES, Architecture
from storage.vocabulary import Layer

MODE_FILTER: Final = 1
ON_ALL_THREADS: Final = 1

LOAD: Final = 0x20
JUMP_EQUAL: Final = 0x15
JUMP_AT_LEAST: Final = 0x35
JUMP_ANY_BIT: Final = 0x45
KEEP_BITS: Final = 0x54
RETURN: Final = 0x06

ALLOW: Final = 0x7FFF_0000
KILL: Final = 0x8000_0000
FAIL: Final = 0x0005_0000

NUMBER_AT: Final = 0
ARCHITECTURE_AT: Final = 4
ARGUMENTS_AT: Final = 16
"""Offsets in the kernel's ``struct seccomp_data``."""

CLONE_THREAD: Final = 0x0001_0000

KIND_OF_SOCKET: Final = 0xF
"""The kind in a socket's type; the bits above it are flags."""

DENIED: Final[dict[Layer, tuple[str, ...]]] = {
    Layer.NETWORK: ("connect", "accept", "accept4"),
    Layer.SIGNALS: ("tkill", "pidfd_open", "pidfd_send_signal"),
    Layer.SYSCALLS: (
        # Other programs, and looking into or steering other processes.
        *("execve", "execveat", "fork", "vfork"),
        *("ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "process_mrelease"),
        *("kcmp", "pidfd_getfd", "move_pages", "migrate_pages"),
        *("setpriority", "sched_setscheduler", "sched_setparam", "sched_setattr", "ioprio_set", "setrlimit"),
        # Other views of the system.
        *("mount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig"),
        *("fsmount", "fspick", "mount_setattr", "name_to_handle_at", "open_by_handle_at", "unshare", "setns"),
        # What Landlock does not cover: names are enough to change modes, owners, times and attributes.
        *("chmod", "fchmod", "fchmodat", "fchmodat2", "chown", "fchown", "lchown", "fchownat", "truncate"),
        *("setxattr", "lsetxattr", "fsetxattr", "removexattr", "lremovexattr", "fremovexattr"),
        *("utime", "utimes", "futimesat", "utimensat"),
        *("inotify_init", "inotify_init1", "fanotify_init", "fanotify_mark"),
        # Memory and messages shared with other processes of the same user.
        *(
            "shmget",
            "shmat",
            "shmctl",
            "semget",
            "semctl",
            "msgget",
            "msgsnd",
            "msgrcv",
            "mq_open",
            "mq_unlink",
        ),
        # Large parts of the kernel with a history of holes.
        *("bpf", "perf_event_open", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register"),
        *("add_key", "request_key", "keyctl"),
        # The machine itself.
        *("init_module", "finit_module", "delete_module", "kexec_load", "kexec_file_load", "reboot"),
        *("swapon", "swapoff", "acct", "quotactl", "quotactl_fd", "iopl", "ioperm", "modify_ldt", "uselib"),
        *("vhangup", "syslog", "sethostname", "setdomainname", "settimeofday", "clock_settime"),
        *("clock_adjtime", "adjtimex", "lookup_dcookie", "nfsservctl"),
    ),
}
"""What each wall refuses whatever its arguments; a name that an architecture lacks is skipped there."""

SOCKETS: Final = ("socket", "bind", "listen")
"""What the wall of the network refuses too, except as far as a driver needs it."""


class Instruction(NamedTuple):
    """One step of classic BPF: what to do, how far to jump if so and if not, and its operand."""

    code: int
    if_true: int
    if_false: int
    operand: int


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("instructions", ctypes.c_void_p))


def architecture() -> Architecture | None:
    """Return this machine's table of numbers, or ``None`` where there is none."""
    return TABLES.get(platform.machine())


def install(table: Architecture, walls: Collection[Layer], *, accelerated: bool) -> None:
    """Filter this process' system calls for ever, for the walls named. Needs ``no_new_privs``.

    ``accelerated``: whether a driver must be able to start, which asks for a socket that nobody can be reached by.

    Raises:
        OSError: the kernel refuses; then nothing is filtered.
    """
    instructions = list(program(table, walls, pid=os.getpid(), accelerated=accelerated))
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in instructions)
    buffer = ctypes.create_string_buffer(code, len(code))
    loaded = _Program(len(instructions), ctypes.addressof(buffer))
    stray = kernel.syscall(table.numbers["seccomp"], MODE_FILTER, ON_ALL_THREADS, ctypes.byref(loaded))
    if stray:
        raise OSError(errno.EBUSY, f"seccomp: thread {stray} could not be filtered")


def program(
    table: Architecture, walls: Collection[Layer], *, pid: int, accelerated: bool
) -> Iterator[Instruction]:
    """Yield the filter for the process ``pid``."""
    yield Instruction(LOAD, 0, 0, ARCHITECTURE_AT)
    yield Instruction(JUMP_EQUAL, 1, 0, table.audit)
    yield Instruction(RETURN, 0, 0, KILL)
    yield Instruction(LOAD, 0, 0, NUMBER_AT)
    if table.foreign_from is not None:
        yield Instruction(JUMP_AT_LEAST, 0, 1, table.foreign_from)
        yield Instruction(RETURN, 0, 0, KILL)
    for wall in walls:
        for name in DENIED.get(wall, ()):
            if name in table.numbers:
                yield from _rule(table.numbers[name], _fails(errno.EPERM))
    if Layer.NETWORK in walls:
        yield from _network(table, accelerated=accelerated)
    if Layer.SIGNALS in walls:
        for name in ("kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"):
            yield from _rule(table.numbers[name], _allowed_if(0, JUMP_EQUAL, pid))
    if Layer.SYSCALLS in walls:
        yield from _processes(table)
    yield Instruction(RETURN, 0, 0, ALLOW)


def _network(table: Architecture, *, accelerated: bool) -> Iterator[Instruction]:
    """No sockets but pairs that are connected to each other, and what a driver needs.

    Neither may take datagrams: one that is addressed to a socket in a folder reaches it, connected or not, past every
    other wall. CUDA offers its memory to processes of its own by a local socket when it starts, and does not start
    where it cannot; without ``accept`` nobody gets in by it, and without ``connect`` it leads nowhere.
    """
    yield from _rule(table.numbers["socketpair"], _allowed_if_connected())
    for name in SOCKETS:
        if not accelerated:
            yield from _rule(table.numbers[name], _fails(errno.EPERM))
    if accelerated:
        yield from _rule(table.numbers["socket"], _allowed_if_connected())


def _processes(table: Architecture) -> Iterator[Instruction]:
    """Threads yes, processes no; limits may be read, not set; the parent's death stays deadly."""
    yield from _rule(table.numbers["clone"], _allowed_if(0, JUMP_ANY_BIT, CLONE_THREAD))
    # clone3 hides its flags behind a pointer; on ENOSYS the C library falls back to clone.
    yield from _rule(table.numbers["clone3"], _fails(errno.ENOSYS))
    yield from _rule(table.numbers["prlimit64"], _allowed_if_null(2))
    yield from _rule(table.numbers["prctl"], _refused_if(0, kernel.PR_SET_PDEATHSIG))


def _rule(number: int, body: list[Instruction]) -> Iterator[Instruction]:
    """Yield ``body``, which always returns, for one system call; every other one passes by."""
    yield Instruction(JUMP_EQUAL, 0, len(body), number)
    yield from body


def _fails(number: int) -> list[Instruction]:
    return [Instruction(RETURN, 0, 0, FAIL | number)]


def _allowed_if(argument: int, test: int, value: int) -> list[Instruction]:
    """Compare the low word of an argument; pids and flags have no high one."""
    return [
        Instruction(LOAD, 0, 0, ARGUMENTS_AT + 8 * argument),
        Instruction(test, 0, 1, value),
        Instruction(RETURN, 0, 0, ALLOW),
        *_fails(errno.EPERM),
    ]


def _allowed_if_connected() -> list[Instruction]:
    """A local socket of a kind that is connected before anything is sent: family and type are the first arguments."""
    return [
        Instruction(LOAD, 0, 0, ARGUMENTS_AT),
        Instruction(JUMP_EQUAL, 1, 0, socket.AF_UNIX),
        *_fails(errno.EPERM),
        Instruction(LOAD, 0, 0, ARGUMENTS_AT + 8),
        Instruction(KEEP_BITS, 0, 0, KIND_OF_SOCKET),
        Instruction(JUMP_EQUAL, 1, 0, socket.SOCK_STREAM),
        Instruction(JUMP_EQUAL, 0, 1, socket.SOCK_SEQPACKET),
        Instruction(RETURN, 0, 0, ALLOW),
        *_fails(errno.EPERM),
    ]


def _refused_if(argument: int, value: int) -> list[Instruction]:
    return [
        Instruction(LOAD, 0, 0, ARGUMENTS_AT + 8 * argument),
        Instruction(JUMP_EQUAL, 1, 0, value),
        Instruction(RETURN, 0, 0, ALLOW),
        *_fails(errno.EPERM),
    ]


def _allowed_if_null(argument: int) -> list[Instruction]:
    """A pointer is null only when both its words are."""
    low = ARGUMENTS_AT + 8 * argument
    return [
        Instruction(LOAD, 0, 0, low),
        Instruction(JUMP_EQUAL, 0, 3, 0),
        Instruction(LOAD, 0, 0, low + 4),
        Instruction(JUMP_EQUAL, 0, 1, 0),
        Instruction(RETURN, 0, 0, ALLOW),
        *_fails(errno.EPERM),
    ]
