"""What the filter of system calls decides, worked out by an interpreter of its machine code.

The hostile tests prove it on this machine's kernel; these prove it for every architecture.
"""

import errno
import re
import socket
from pathlib import Path

import pytest

from engine.processes import seccomp
from engine.processes.seccomp import (
    ALLOW,
    CLONE_THREAD,
    DENIED,
    FAIL,
    JUMP_ANY_BIT,
    JUMP_AT_LEAST,
    JUMP_EQUAL,
    KEEP_BITS,
    KILL,
    LOAD,
    RETURN,
)
from engine.processes.syscall_numbers import TABLES, Architecture
from storage.vocabulary import Layer

PID = 4321
REFUSED = FAIL | errno.EPERM
WALLS = tuple(DENIED)
X32 = 0x4000_0000

each_table = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)


def decided(
    table: Architecture, number: int, *arguments: int, audit: int | None = None, accelerated: bool = False
) -> int:
    """Return the filter's decision about one call."""
    words = {seccomp.NUMBER_AT: number, seccomp.ARCHITECTURE_AT: table.audit if audit is None else audit}
    for index in range(6):
        value = arguments[index] if index < len(arguments) else 0
        words[seccomp.ARGUMENTS_AT + 8 * index] = value & 0xFFFF_FFFF
        words[seccomp.ARGUMENTS_AT + 8 * index + 4] = value >> 32
    program = list(seccomp.program(table, WALLS, pid=PID, accelerated=accelerated))
    at = held = 0
    while True:
        step = program[at]
        at += 1
        tests = {
            JUMP_EQUAL: held == step.operand,
            JUMP_AT_LEAST: held >= step.operand,
            JUMP_ANY_BIT: bool(held & step.operand),
        }
        if step.code == RETURN:
            return step.operand
        if step.code == LOAD:
            held = words[step.operand]
        elif step.code == KEEP_BITS:
            held &= step.operand
        else:
            at += step.if_true if tests[step.code] else step.if_false


@each_table
def test_listed_calls_are_refused(table: Architecture) -> None:
    """Every call on the list fails with EPERM, whatever its arguments."""
    for names in DENIED.values():
        for name in names:
            if name in table.numbers:
                assert decided(table, table.numbers[name], 1, 2, 3) == REFUSED, name


@each_table
def test_list_holds_on_every_architecture(table: Architecture) -> None:
    """A name that an architecture lacks is one of the old calls that only x86 has."""
    lacking = {name for names in DENIED.values() for name in names} - table.numbers.keys()
    assert lacking <= {
        *("chmod", "chown", "fork", "futimesat", "inotify_init", "ioperm", "iopl", "lchown"),
        *("modify_ldt", "uselib", "utime", "utimes", "vfork"),
    }


@each_table
def test_other_calls_are_allowed(table: Architecture) -> None:
    """Numbers that the table does not name pass."""
    named = set(table.numbers.values())
    assert {decided(table, number) for number in range(600) if number not in named} == {ALLOW}


@each_table
def test_threads_but_no_processes(table: Architecture) -> None:
    """Only a clone that shares the thread group passes; clone3 sends the C library to clone."""
    clone = table.numbers["clone"]
    assert decided(table, clone, 0x3D0F00) == ALLOW
    assert decided(table, clone, CLONE_THREAD) == ALLOW
    assert decided(table, clone, 17) == REFUSED
    assert decided(table, clone, 0x1000_0000 | 17) == REFUSED
    assert decided(table, table.numbers["clone3"]) == FAIL | errno.ENOSYS


@each_table
@pytest.mark.parametrize("name", ["kill", "tgkill", "rt_sigqueueinfo", "rt_tgsigqueueinfo"])
def test_signals_to_itself_only(table: Architecture, name: str) -> None:
    """A process may abort itself, and reaches nobody else, no group and not everybody."""
    assert decided(table, table.numbers[name], PID) == ALLOW
    for other in (1, PID + 1, 0, 0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF):
        assert decided(table, table.numbers[name], other) == REFUSED


@each_table
def test_pairs_of_sockets_are_connected(table: Architecture) -> None:
    """A pair that takes datagrams could send them to any socket in a folder; one that is connected cannot."""
    pair, flags = table.numbers["socketpair"], socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    assert decided(table, pair, socket.AF_UNIX, socket.SOCK_STREAM) == ALLOW
    assert decided(table, pair, socket.AF_UNIX, socket.SOCK_STREAM | flags) == ALLOW
    assert decided(table, pair, socket.AF_UNIX, socket.SOCK_SEQPACKET) == ALLOW
    for kind in (socket.SOCK_DGRAM, socket.SOCK_DGRAM | flags, socket.SOCK_RAW):
        assert decided(table, pair, socket.AF_UNIX, kind) == REFUSED
    assert decided(table, pair, socket.AF_INET, socket.SOCK_STREAM) == REFUSED


@each_table
def test_sockets_of_a_driver(table: Architecture) -> None:
    """A process with an accelerator may offer a local socket, and can neither be reached by it nor reach anybody."""
    made = table.numbers["socket"]
    assert decided(table, made, socket.AF_UNIX, socket.SOCK_STREAM) == REFUSED
    assert decided(table, made, socket.AF_UNIX, socket.SOCK_STREAM, accelerated=True) == ALLOW
    for family in (socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK, socket.AF_PACKET):
        assert decided(table, made, family, socket.SOCK_STREAM, accelerated=True) == REFUSED
    assert decided(table, made, socket.AF_UNIX, socket.SOCK_DGRAM, accelerated=True) == REFUSED
    for name in ("bind", "listen"):
        assert decided(table, table.numbers[name], 3) == REFUSED
        assert decided(table, table.numbers[name], 3, accelerated=True) == ALLOW
    for name in ("connect", "accept", "accept4"):
        assert decided(table, table.numbers[name], 3, accelerated=True) == REFUSED


@each_table
def test_limits_are_read_only(table: Architecture) -> None:
    """Limits may be read, with a null pointer for new ones; a pointer in either word is refused."""
    number = table.numbers["prlimit64"]
    assert decided(table, number, 0, 7, 0, 0x7FFF_0000_1000) == ALLOW
    assert decided(table, number, 0, 7, 0x1000) == REFUSED
    assert decided(table, number, 0, 7, 0x7FFF_0000_0000) == REFUSED


@each_table
def test_death_of_the_parent_stays_deadly(table: Architecture) -> None:
    """The signal at the parent's death cannot be cleared; naming a thread, which prctl does too, still works."""
    assert decided(table, table.numbers["prctl"], 1) == REFUSED
    assert decided(table, table.numbers["prctl"], 15) == ALLOW


@each_table
def test_foreign_tables_kill(table: Architecture) -> None:
    """A call from another architecture's table ends the process."""
    assert decided(table, 0, audit=0x4000_0003) == KILL
    if table.foreign_from is not None:
        assert decided(table, X32 + 41) == KILL
        assert decided(table, 0xFFFF_FFFF) == KILL


def test_wall_that_is_left_out_is_open() -> None:
    """A filter for one wall refuses nothing of another."""
    table = TABLES["x86_64"]
    only_network = list(seccomp.program(table, (Layer.NETWORK,), pid=PID, accelerated=False))
    operands = {step.operand for step in only_network if step.code == JUMP_EQUAL}
    assert table.numbers["socket"] in operands
    assert table.numbers["execve"] not in operands
    assert table.numbers["clone"] not in operands


HEADERS = {
    "x86_64": "/usr/include/x86_64-linux-gnu/asm/unistd_64.h",
    "aarch64": "/usr/include/asm-generic/unistd.h",
}


@pytest.mark.parametrize("machine", TABLES)
def test_numbers_are_those_of_the_kernel(machine: str) -> None:
    """The tables agree with the kernel's own headers, where they are installed and know the call."""
    header = Path(HEADERS[machine])
    if not header.exists():
        pytest.skip(f"{header} is not installed")
    found = dict(re.findall(r"#define __NR(?:3264)?_(\w+)\s+(\d+)", header.read_text()))
    table = TABLES[machine].numbers
    assert {name: int(found[name]) for name in table if name in found} == {
        name: number for name, number in table.items() if name in found
    }
    assert set(table) - set(found) <= {"fchmodat2"}
