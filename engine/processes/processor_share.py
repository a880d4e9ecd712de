"""How much of the processor model processes take together, and what holds them to it.

Whole cores are held by affinity: every host is pinned to some, and what it forks stays there. Fractions of a core are
held by the kernel alone, where a service manager has handed the engine a control group to divide: then the engine moves
into one part, and what runs models into another one that has the limit. Which of both holds is returned, never assumed.
"""

import contextlib
import logging
import math
import os
from pathlib import Path
from typing import Final, NamedTuple

from engine.devices import cgroup
from engine.devices.noise import choose
from storage.processor_limit import share

log = logging.getLogger(__name__)

ENGINE: Final = "engine"
MODELS: Final = "models"
"""The two parts of the control group: only parts may hold processes once a limit is set on one of them."""

PERIOD_US: Final = 100_000
"""Of the limit, as the kernel's own default is: short enough that nobody sees a model stand still."""

MARKS: Final = ("user.delegate", "trusted.delegate")
"""What systemd writes on a control group that it leaves to its owner."""


class Share(NamedTuple):
    """What model processes may use, all of them together."""

    granted: float
    """Cores' worth of time."""
    cores: tuple[int, ...]
    """Those that they are pinned to."""
    group: Path | None = None
    """The control group that holds them to fractions of a core, where there is one."""

    @property
    def alone(self) -> tuple[int, ...]:
        """The cores for a process that is measured: no more than the limit feeds all the time."""
        return self.cores[-max(1, math.floor(self.granted)) :]

    @property
    def exact(self) -> bool:
        """Whether they are held to what was granted, and not to more."""
        return self.group is not None or len(self.cores) == self.granted

    def pin_thread(self) -> None:
        """Pin the present thread, and what it starts, to the cores; one that may use all of ours stays as free as we are."""
        if set(self.cores) < os.sched_getaffinity(0):
            os.sched_setaffinity(0, self.cores)

    def take_in(self, pid: int) -> None:
        """Put a process that has not forked yet, and so all that it will, under the control group's limit."""
        if self.group is None:
            return
        try:
            (self.group / "cgroup.procs").write_text(str(pid))
        except ProcessLookupError:
            # It has ended already, and takes nothing.
            return
        except OSError as error:
            # It is pinned all the same, and works; doctor says of the group what it holds.
            log.warning("process %d is not held by %s: %s", pid, self.group, error)


def whole(pid: int = 0) -> Share:
    """Return everything that a process may use, this one or another."""
    cores = tuple(sorted(os.sched_getaffinity(pid)))
    return Share(float(len(cores)), cores)


def granted(written: float | str | None, group: Path | None = None, *, pid: int = 0) -> Share:
    """Return what a setting grants of the cores that a process may use, held to it by ``group`` too where there is one."""
    machine = whole(pid)
    if written is None:
        return machine
    cores = share(written, len(machine.cores))
    return Share(cores, choose(machine.cores, cores), group)


def divide(own: Path) -> Path | None:
    """Divide the control group of this process, where it was handed over, and return the part for models.

    Raises:
        OSError: the kernel does not let us.
    """
    if own.name == ENGINE and (own.parent / MODELS).is_dir():
        return own.parent / MODELS
    if not (is_delegated(own) and "cpu" in _words(own / "cgroup.controllers")):
        return None
    if _words(own / "cgroup.procs") != [str(os.getpid())]:
        # Somebody else is in it, whom we do not move: a limit on a part of it is not possible.
        return None
    for part in (ENGINE, MODELS):
        (own / part).mkdir(exist_ok=True)
    (own / ENGINE / "cgroup.procs").write_text(str(os.getpid()))
    (own / "cgroup.subtree_control").write_text("+cpu")
    return own / MODELS


def of_engine(pid: int) -> Path | None:
    """Return the part for models of the control group that an engine has divided, as the kernel tells it."""
    own = next(iter(cgroup.groups(Path("/proc", str(pid), "cgroup")).cpu), None)
    divided = own is not None and own.name == ENGINE and (own.parent / MODELS / "cpu.max").exists()
    return own.parent / MODELS if divided and own is not None else None


def hold(written: float | str | None) -> Share:
    """Have the kernel hold model processes to a setting, as far as it can here, and return what comes of it.

    Only the engine asks for this, and before it has started any other process.
    """
    own = next(iter(cgroup.groups().cpu), None)
    group = None
    try:
        group = None if own is None or (written is None and own.name != ENGINE) else divide(own)
        found = granted(written, group)
        if group is not None:
            limit = "max" if written is None else str(round(found.granted * PERIOD_US))
            (group / "cpu.max").write_text(f"{limit} {PERIOD_US}")
    except OSError as error:
        log.warning("the control group cannot be divided: %s", error)
        found = granted(written)
    if written is not None:
        log.log(logging.INFO if found.exact else logging.WARNING, "limits.cpu: %s", in_words(found))
    return found


def in_words(found: Share) -> str:
    """Return what model processes may take together, and what holds them to it."""
    pinned = f"pinned to {len(found.cores)} core{'s' if len(found.cores) > 1 else ''}"
    if found.group is not None:
        return f"{found.granted:g} cores' worth of time, held by the control group {found.group}; {pinned}"
    if found.exact:
        return f"{pinned}, which holds them to that"
    return f"{found.granted:g} cores' worth of time were asked for; {pinned}, and nothing holds them to less"


def is_delegated(group: Path) -> bool:
    """Whether a service manager has left a control group to us to divide."""
    for mark in MARKS:
        with contextlib.suppress(OSError):
            # Without the mark, or on a system without marks, it was not.
            if os.getxattr(group, mark) == b"1":
                return os.access(group / "cgroup.procs", os.W_OK)
    return False


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        # A group of the older kind, or none at all.
        return []
