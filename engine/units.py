"""The text of a systemd unit that keeps a workspace's engine running: pure, from what is known to one string.

Owns which directives confine the engine as a whole. They must leave it what the sandbox of its model processes is made
of (Landlock, seccomp, user, network and IPC namespaces) and what devices and promotion targets need; docs/service.md
says of each directive that is missing here what it would break, and a test holds the sandbox against those that are not.
"""

import string
from pathlib import Path, PurePosixPath
from typing import Final, NamedTuple

from storage.text import clean

NICE: Final = 5
"""Where the settings say nothing: the host's own work goes first, and an idle machine measures as it would without."""

MEMORY: Final = "90%"
"""Of the machine's, where the settings say nothing: what grows beyond it is killed here and not in somebody else's service."""

WATCHDOG_S: Final = 60
"""The main loop says every second that it goes round; a machine that is suspended or busy is no reason to be restarted."""

START_S: Final = 300
"""A database of years is copied and migrated before an engine of a new version works."""

STOP_S: Final = 30
"""Jobs and model processes are let go within 15 s."""

TEMPORARY: Final = (PurePosixPath("/tmp"), PurePosixPath("/var/tmp"))  # noqa: S108 - looked for, not written

HOMES: Final = (PurePosixPath("/home"), PurePosixPath("/root"), PurePosixPath("/run/user"))

NAME: Final = frozenset(string.ascii_letters + string.digits + "-_.")
"""What the name of a unit may be made of without escapes."""

NAME_LENGTH: Final = 80

UNFIT: Final = frozenset("\"'\\")
"""What systemd allows in no program's path."""

ROOT: Final = "root"
"""Who needs its rights to files of other owners: an engine that runs as root keeps them."""

MARK: Final = "# Workspace: "
"""The line by which a unit is known as one of ours, and whose."""

EVERYWHERE: Final = """\
NoNewPrivileges=yes
LockPersonality=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
RestrictNamespaces=user net ipc
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=~@clock @cpu-emulation @module @mount @obsolete @raw-io @reboot @swap
SystemCallErrorNumber=EPERM"""
"""What works in every service manager: it is made of system-call filters, of which model processes add their own."""

OF_THE_SYSTEM: Final = """\
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectHostname=yes"""
"""What only the system's manager can do."""

WHOLE_GROUP: Final = "ProtectControlGroups=yes"
"""The same, where the engine has no control group to divide."""


class Facts(NamedTuple):
    """What a unit is made of."""

    name: str
    workspace: Path
    python: Path
    """The interpreter of the environment that the program is installed in."""
    writable: tuple[Path, ...]
    """Besides the workspace: files and folders of promotion targets, folders that links in the workspace lead to."""
    user: str | None
    """Whom the system's manager runs it as; ``None``: the unit is for the manager of one user."""
    apart: bool
    """Whether that manager can give it a view of the files of its own."""
    nice: int | None
    total_gib: float | None
    divides: bool = False
    """Whether the engine divides its control group, to hold model processes to a part of the processor."""


def file_name(name: str) -> str:
    """Return what the file of a unit is called."""
    return f"modeltender-{name}.service"


def default_name(workspace: Path) -> str:
    """Return what a workspace's unit is called where nobody says otherwise: like its folder, as far as that can be."""
    kept = "".join(letter if letter in NAME else "-" for letter in workspace.name).strip("-.")
    return kept[:NAME_LENGTH] or "models"


def valid_name(name: str) -> bool:
    """Whether a name can be a unit's."""
    return 0 < len(name) <= NAME_LENGTH and set(name) <= NAME and not name.startswith((".", "-"))


def text(facts: Facts) -> str:
    """Return the unit."""
    system = facts.user is not None
    where = "--system" if system else "--user"
    lines = [
        f"# Made by: modeltender engine install --systemd {where}; typed again, that overwrites it.",
        f"{MARK}{clean(str(facts.workspace))}",
        "[Unit]",
        f"Description=modeltender engine of {_literal(clean(str(facts.workspace)))}",
        f"RequiresMountsFor={_word(facts.workspace)}",
        "# A disk that is full or away for an hour is no reason to give up.",
        "StartLimitIntervalSec=0",
        "",
        *_service(facts),
        "",
        EVERYWHERE,
        *_files(facts, system=system),
        "",
        "[Install]",
        f"WantedBy={'multi-user.target' if system else 'default.target'}",
        "",
    ]
    return "\n".join(lines)


def _service(facts: Facts) -> list[str]:
    """Return how the engine is started, watched, started again and kept within its share of the machine."""
    return [
        "[Service]",
        "Type=notify",
        "NotifyAccess=main",
        f"ExecStart={_word(facts.python)} -P -m engine run --workspace {_argument(facts.workspace)}",
        "WorkingDirectory=/",
        *([f"User={_literal(facts.user)}"] if facts.user is not None else []),
        f"WatchdogSec={WATCHDOG_S}",
        f"TimeoutStartSec={START_S}",
        f"TimeoutStopSec={STOP_S}",
        "KillMode=mixed",
        "",
        "Restart=on-failure",
        "RestartSec=5",
        "# From systemd 254 on: 5 s after the first failure, 5 minutes after the sixth. Before, 5 s each time.",
        "RestartSteps=6",
        "RestartMaxDelaySec=300",
        "# Wrong settings, and another engine that works already, are not fixed by trying again.",
        "RestartPreventExitStatus=2 4",
        "",
        f"Nice={NICE if facts.nice is None else facts.nice}",
        f"MemoryMax={MEMORY if facts.total_gib is None else round(facts.total_gib * 2**30)}",
        "# A model process that grows beyond that is killed alone; the engine reports it and keeps running.",
        "OOMPolicy=continue",
        *(
            [
                "# The engine puts model processes into a part of it that has the limit of its settings.",
                "Delegate=cpu",
            ]
            if facts.divides
            else []
        ),
    ]


def _files(facts: Facts, *, system: bool) -> list[str]:
    """Return what the engine sees and may write of the file system."""
    if not facts.apart:
        return ["# No view of the files of its own: this user may not make user namespaces on this machine."]
    used = (facts.workspace, facts.python, *facts.writable)
    lines = [OF_THE_SYSTEM, *([] if facts.divides else [WHOLE_GROUP])] if system else ["PrivateUsers=yes"]
    if system and facts.user != ROOT:
        lines.append("CapabilityBoundingSet=")
    if not any(_within(path, TEMPORARY) for path in used):
        lines.append("PrivateTmp=yes")
    else:
        lines.append("# No PrivateTmp: what is needed lies in a folder of temporary files.")
    lines.append("ProtectSystem=strict")
    if system and not any(_within(path, HOMES) for path in used):
        lines.append("ProtectHome=yes")
    # A dash: what is not there at the moment must not keep the engine from starting.
    lines += [
        f"ReadWritePaths={_word(facts.workspace)}",
        *(f"ReadWritePaths={_word(path, '-')}" for path in facts.writable),
    ]
    return lines


def _within(path: Path, folders: tuple[PurePosixPath, ...]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _literal(value: str) -> str:
    """Return a text in which systemd finds no specifier."""
    return value.replace("%", "%%")


def _word(path: Path, mark: str = "") -> str:
    """Return a path, with what is marked before it, as one word of a list."""
    escaped = _literal(str(path)).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{mark}{escaped}"'


def _argument(path: Path) -> str:
    """Return a path as one argument of a command line, in which no variable is looked for either."""
    return _word(path).replace("$", "$$")
