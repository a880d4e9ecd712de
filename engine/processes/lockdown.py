"""What a model process gives up before it opens the model's first byte, and an honest account of it.

It owns the order of the walls and the report; each mechanism has a module of its own. A wall that the
kernel lacks is reported as unavailable with the reason and nothing else changes: whether a model may be
opened then is decided elsewhere. Run as a program it confines itself and prints its report, which is how
`probe` asks without touching the process that asks.
"""

import contextlib
import errno
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec

from engine.processes import kernel, landlock, seccomp
from engine.processes.environment import SANDBOX_OFF
from engine.processes.landlock import Grant
from engine.processes.protocol import Confined, Limits, Profile
from engine.processes.readable import devices_readable, system_readable
from storage.text import clean
from storage.vocabulary import Layer, LayerState

FULL: Final = "full"

OPEN_FILES: Final = 256
"""Enough for any archive, index and thread pool; few enough that a leak shows."""

THREADS_PER_CORE: Final = 4
THREAD_ADDRESSES: Final = 136 * 1024 * 1024
"""Address space that glibc reserves for a thread (a heap of its own and a stack) and hardly touches."""

OOM_SCORE: Final = 500
"""When the machine runs out of memory, the kernel should end a model and not the engine."""

PROBE_S: Final = 30.0
"""An interpreter starts in a tenth of a second; a machine that takes longer than this is in trouble."""

SEVERED: Final = {
    Layer.FILES: "file wall",
    Layer.NETWORK: "network wall",
    Layer.SIGNALS: "signal wall",
    Layer.SYSCALLS: "system call wall",
    Layer.MEMORY: "memory limit",
    Layer.PRIVILEGES: "privilege wall",
}


class Report:
    """Gathers which walls stand, and why one does not."""

    def __init__(self, off: frozenset[Layer]) -> None:
        self.off = off
        self.layers = dict.fromkeys(Layer, LayerState.UNAVAILABLE)
        self.notes: dict[Layer, str] = {}
        for layer in off:
            self.layers[layer] = LayerState.OFF
            self.notes[layer] = f"switched off by {SANDBOX_OFF}"

    def wanted(self, layer: Layer) -> bool:
        """Whether the wall should be built."""
        return layer not in self.off

    def on(self, layer: Layer, note: str = "") -> None:
        """Record that a wall stands, with what weakens it, if anything."""
        self.layers[layer] = LayerState.ON
        if note:
            self.notes[layer] = note
        else:
            self.notes.pop(layer, None)

    def missing(self, layer: Layer, why: str) -> None:
        """Record why a wall does not stand, unless another mechanism already holds it."""
        if self.layers[layer] is LayerState.UNAVAILABLE:
            self.notes[layer] = why

    def attempt(self, layer: Layer, what: str, step: Callable[[], None]) -> bool:
        """Do one step of a wall; a kernel that refuses is an entry in the report, not an error."""
        try:
            step()
        except OSError as error:
            self.missing(layer, f"{what}: {error.strerror}")
            return False
        return True


def switched_off(words: str) -> frozenset[Layer]:
    """Return the walls named in a comma-separated list; unknown words are refused, not overlooked."""
    return frozenset(Layer(word.strip()) for word in words.split(",") if word.strip())


def isolation(layers: dict[Layer, LayerState]) -> str:
    """Say in a few words how well a process is confined: ``full`` or ``partial: no network wall``."""
    absent = [words for layer, words in SEVERED.items() if layers.get(layer) is not LayerState.ON]
    return FULL if not absent else "partial: no " + ", no ".join(absent)


def confine(profile: Profile, off: frozenset[Layer]) -> Confined:
    """Give up, for ever, whatever ``profile`` does not grant, and report what became of each wall."""
    report = Report(off)
    apart = _enter_namespaces() if report.wanted(Layer.NETWORK) and not profile.devices else False
    _limit(profile.limits, report)
    _give_up_privileges(report)
    _restrict(profile, report)
    _filter(report)
    if report.wanted(Layer.NETWORK) and apart and report.layers[Layer.NETWORK] is not LayerState.ON:
        report.on(Layer.NETWORK)
    return Confined(layers=report.layers, notes=report.notes)


def probe() -> Confined:
    """Return which walls this machine offers, found out by a process that tries them on itself.

    Raises:
        OSError: the process could not be run.
    """
    # The folder is made and removed out here: once confined, the process cannot even remove it.
    with tempfile.TemporaryDirectory() as scratch:
        command = [sys.executable, "-P", "-m", "engine.processes.lockdown", scratch]
        # The module lies where this interpreter finds it; its answer is ours, so it may be read without limits.
        done = subprocess.run(command, capture_output=True, timeout=PROBE_S, check=False, cwd="/")
    if done.returncode:
        raise OSError(
            errno.EIO, f"the sandbox probe failed: {clean(done.stderr.decode(errors='replace')[-200:])}"
        )
    return msgspec.json.decode(done.stdout, type=Confined)


def _enter_namespaces() -> bool:
    """Leave the network and the shared memory of others behind where the system allows it.

    Root needs no user namespace, and in one it would lose its right to files of other owners; so it does without.
    """
    flags = kernel.CLONE_NEWNET | kernel.CLONE_NEWIPC
    with contextlib.suppress(OSError):
        # Refused without privileges, as usual: the second way follows.
        kernel.unshare(flags)
        return True
    user, group = os.getuid(), os.getgid()
    if user == 0:
        return False
    try:
        kernel.unshare(flags | kernel.CLONE_NEWUSER)
    except OSError:
        # Docker and some distributions forbid it. The seccomp filter refuses sockets as well.
        return False
    for file, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{user} {user} 1"),
        ("gid_map", f"{group} {group} 1"),
    ):
        with contextlib.suppress(OSError):
            # Without the maps the process only sees another user number for itself.
            Path("/proc/self", file).write_text(line)
    return True


def _limit(limits: Limits, report: Report) -> None:
    """Set the limits that the kernel keeps; those on memory count from what the host has already mapped."""
    for kind, value in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_MSGQUEUE, 0),
    ):
        _set_limit(kind, value)
    if limits.file_bytes:
        # SIGXFSZ is ignored by Python: writing further fails with EFBIG.
        _set_limit(resource.RLIMIT_FSIZE, limits.file_bytes)
    if limits.cpu_s:
        # The hard limit stays: the engine moves the soft one on with every request (see `model_process`).
        resource.setrlimit(resource.RLIMIT_CPU, (limits.cpu_s, resource.getrlimit(resource.RLIMIT_CPU)[1]))
    with contextlib.suppress(OSError):
        # A kernel without this file has no memory killer that could choose wrongly.
        Path("/proc/self/oom_score_adj").write_text(str(OOM_SCORE))
    if report.wanted(Layer.MEMORY):
        _limit_memory(limits, report)


def _limit_memory(limits: Limits, report: Report) -> None:
    if not limits.memory_bytes:
        report.layers[Layer.MEMORY] = LayerState.OFF
        report.notes[Layer.MEMORY] = (
            "addresses are not limited on this device; the engine watches resident memory"
        )
        return
    pages = [int(word) for word in Path("/proc/self/statm").read_text().split()]
    mapped, written = pages[0] * resource.getpagesize(), pages[5] * resource.getpagesize()
    threads = THREADS_PER_CORE * (os.cpu_count() or 1) * THREAD_ADDRESSES

    def limit() -> None:
        # Writable private memory is what a model asks for. Addresses are the outer limit: shared memory is
        # in it too, and so is what many threads reserve without use.
        _set_limit(resource.RLIMIT_DATA, written + limits.memory_bytes)
        _set_limit(resource.RLIMIT_AS, mapped + limits.memory_bytes + threads)

    if report.attempt(Layer.MEMORY, "resource limits", limit):
        report.on(Layer.MEMORY)


def _set_limit(kind: int, value: int) -> None:
    """Lower a limit, soft and hard; one that is already lower stays."""
    hard = resource.getrlimit(kind)[1]
    wanted = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (wanted, wanted))


def _give_up_privileges(report: Report) -> None:
    def give_up() -> None:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        if report.wanted(Layer.PRIVILEGES):
            # Root keeps one right: to read what others own, since people mount such folders into containers.
            kernel.keep_capabilities(1 << kernel.CAP_DAC_READ_SEARCH)

    if report.attempt(Layer.PRIVILEGES, "giving up privileges", give_up) and report.wanted(Layer.PRIVILEGES):
        report.on(Layer.PRIVILEGES)


def _restrict(profile: Profile, report: Report) -> None:
    """Build the walls of Landlock, and say which it lacks here."""
    known = landlock.version()
    files, network, signals = (report.wanted(layer) for layer in (Layer.FILES, Layer.NETWORK, Layer.SIGNALS))
    if not known:
        report.missing(Layer.FILES, "the kernel has no Landlock")
        return
    threads = sum(1 for _ in Path("/proc/self/task").iterdir())
    if threads > 1:
        report.missing(Layer.FILES, f"{threads} threads were running already")
        return
    grants = _grants(profile) if files else None
    if not report.attempt(
        Layer.FILES,
        "Landlock",
        lambda: landlock.restrict(known, files=grants, network=network, signals=signals),
    ):
        return
    if files:
        weak = known < landlock.TRUNCATE_VERSION
        report.on(Layer.FILES, "what may be read can be emptied (Linux before 6.2)" if weak else "")
    if signals and known >= landlock.SCOPE_VERSION:
        report.on(Layer.SIGNALS)


def _grants(profile: Profile) -> list[Grant]:
    readable = [*system_readable(), *profile.readable]
    if profile.devices:
        readable += devices_readable()
    return [
        *(Grant(path, landlock.READ) for path in readable),
        *(Grant(path, landlock.DEVICE) for path in ("/dev/null", *profile.devices)),
        Grant(profile.scratch, landlock.SCRATCH),
    ]


def _filter(report: Report) -> None:
    """Build the wall of seccomp; it holds the network and the signals too, whatever Landlock could do."""
    walls = [layer for layer in seccomp.DENIED if report.wanted(layer)]
    table = seccomp.architecture()
    if table is None:
        for layer in walls:
            report.missing(layer, f"no table of system calls for {os.uname().machine}")
    elif walls and report.attempt(Layer.SYSCALLS, "seccomp", lambda: seccomp.install(table, walls)):
        for layer in walls:
            report.on(layer)
    else:
        for layer in walls:
            report.missing(layer, "the kernel refuses seccomp filters")


def _confine_this_process(scratch: str) -> None:
    profile = Profile((), scratch, Limits(memory_bytes=1 << 30, cpu_s=0, file_bytes=1 << 20))
    confined = confine(profile, switched_off(os.environ.get(SANDBOX_OFF, "")))
    os.write(sys.stdout.fileno(), msgspec.json.encode(confined))


if __name__ == "__main__":
    _confine_this_process(sys.argv[1])
