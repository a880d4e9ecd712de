"""What a model process gives up before it opens the model's first byte, and an honest account of it.

It owns the order of the walls and the report; each mechanism has a module of its own. A wall that the
kernel lacks is reported as unavailable with the reason and nothing else changes: whether a model may be
opened then is decided elsewhere. Run as a program it confines itself and prints its report, which is how
`probe` asks without touching the process that asks.
"""

import contextlib
import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

import msgspec

from engine.processes import kernel, landlock, seccomp
from engine.processes.environment import SANDBOX_OFF
from engine.processes.host_messages import Limits, Profile
from engine.processes.landlock import Grant
from engine.processes.limits import set_limits
from engine.processes.protocol import Confined
from engine.processes.readable import devices_readable, system_readable
from engine.processes.report import Report
from storage.text import clean
from storage.vocabulary import WALLS, Layer, LayerState

FULL: Final = "full"

THREAD_NAMES: Final = landlock.READ | landlock.WRITE_FILE | landlock.TRUNCATE
"""What CUDA does with the files of its own threads: it names them, and does not start where it cannot."""

PROBE_S: Final = 30.0
"""An interpreter starts in a tenth of a second; a machine that takes longer than this is in trouble."""


def switched_off(words: str) -> frozenset[Layer]:
    """Return the walls named in a comma-separated list; unknown words are refused, not overlooked."""
    return frozenset(Layer(word.strip()) for word in words.split(",") if word.strip())


def isolation(layers: dict[Layer, LayerState]) -> str:
    """Say in a few words how well a process is confined: ``full`` or ``partial: no network wall``."""
    absent = [words for layer, words in WALLS.items() if layers.get(layer) is not LayerState.ON]
    return FULL if not absent else "partial: no " + ", no ".join(absent)


def confine(profile: Profile, off: frozenset[Layer]) -> Confined:
    """Give up, for ever, whatever ``profile`` does not grant, and report what became of each wall."""
    report = Report(off)
    apart = _enter_namespaces() if report.wanted(Layer.NETWORK) and not profile.devices else False
    set_limits(profile.limits, report)
    _give_up_privileges(report)
    _restrict(profile, report)
    _filter(profile, report)
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
        try:
            done = subprocess.run(command, capture_output=True, timeout=PROBE_S, check=False, cwd="/")
        except subprocess.TimeoutExpired:
            raise OSError(errno.ETIMEDOUT, f"the sandbox probe did not end within {PROBE_S:.0f} s") from None
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
        *([Grant("/proc/self/task", THREAD_NAMES)] if profile.devices else []),
        Grant(profile.scratch, landlock.SCRATCH),
    ]


def _filter(profile: Profile, report: Report) -> None:
    """Build the wall of seccomp; it holds the network and the signals too, whatever Landlock could do."""
    walls = [layer for layer in seccomp.DENIED if report.wanted(layer)]
    table = seccomp.architecture()
    if table is None:
        for layer in walls:
            report.missing(layer, f"no table of system calls for {os.uname().machine}")
    elif walls and report.attempt(
        Layer.SYSCALLS,
        "seccomp",
        lambda: seccomp.install(table, walls, accelerated=bool(profile.devices)),
    ):
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
