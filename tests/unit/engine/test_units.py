"""What a systemd unit says, and that systemd takes it; that it leaves the sandbox what it is made of."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from engine import units
from engine.processes import seccomp
from engine.units import Facts

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")

NEWER = ("RestartSteps", "RestartMaxDelaySec")
"""Keys that an older systemd does not know, says so, and does without."""

SANDBOX_CALLS = (
    *(
        "landlock_create_ruleset",
        "landlock_add_rule",
        "landlock_restrict_self",
        "seccomp",
        "prctl",
        "unshare",
    ),
    *(
        "capget",
        "capset",
        "prlimit64",
        "clone",
        "clone3",
        "fork",
        "setsid",
        "sendmsg",
        "recvmsg",
        "pidfd_open",
    ),
    *("pidfd_send_signal", "memfd_create", "setpriority", "kill"),
)
"""What engine, hosts and model processes call to build their walls and to talk across them."""


def facts(**changes: object) -> Facts:
    """Return the facts of a unit of the system."""
    usual = Facts(
        name="serving",
        workspace=Path("/srv/serving"),
        python=Path("/opt/modeltender/bin/python"),
        writable=(),
        user="models",
        apart=True,
        nice=None,
        total_gib=None,
    )
    return usual._replace(**changes)  # type: ignore[arg-type]


def settings(unit: str) -> dict[str, list[str]]:
    """Return the values of each key of a unit."""
    found: dict[str, list[str]] = {}
    for line in unit.splitlines():
        key, equals, value = line.partition("=")
        if equals and not line.startswith("#"):
            found.setdefault(key, []).append(value)
    return found


def verified(unit: str, name: str, folder: Path, *, user: bool) -> list[str]:
    """Return what systemd finds wrong with a unit."""
    file = folder / units.file_name(name)
    file.write_text(unit)
    command = ["systemd-analyze", *(["--user"] if user else []), "verify", "--man=no", str(file)]
    said = subprocess.run(command, check=False, text=True, capture_output=True, timeout=100)
    lines = [line for line in said.stderr.splitlines() if file.name in line]
    return [line for line in lines if not any(f"'{key}'" in line for key in NEWER)]


@needs_systemd
@pytest.mark.parametrize("user", [None, "root"])
@pytest.mark.parametrize("folder", ["plain", "with space", "per%cent $HOME 'quote' \"double\" back\\slash ü"])
def test_systemd_takes_every_unit(user: str | None, folder: str, tmp_path: Path) -> None:
    """Whatever the folders are called, each line is understood, and the program is found where it lies."""
    root = tmp_path / folder
    root.mkdir()
    python = tmp_path / "per%cent $HOME ü" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\n")
    python.chmod(0o755)
    unit = units.text(
        facts(
            workspace=root,
            python=python,
            user=user,
            writable=(root / "else where",),
            divides=folder == "plain",
        )
    )
    assert verified(unit, "serving", tmp_path, user=user is None) == []


@needs_systemd
def test_a_mistake_in_a_unit_would_be_found(tmp_path: Path) -> None:
    """The check above is one: a line that systemd does not know is told."""
    unit = units.text(facts(python=Path("/bin/true"))).replace("LockPersonality=yes", "LockPersonalty=yes")
    assert verified(unit, "serving", tmp_path, user=False) != []


@needs_systemd
def test_what_the_sandbox_calls_is_not_filtered_out() -> None:
    """No call that walls are built with is in a group that the unit denies."""
    [denied] = settings(units.text(facts()))["SystemCallFilter"]
    assert denied.startswith("~")
    groups = denied.removeprefix("~").split()
    listed = subprocess.run(
        ["systemd-analyze", "syscall-filter", *groups], check=True, text=True, capture_output=True
    ).stdout
    names = set(re.findall(r"^ +(\w+)$", listed, re.MULTILINE))
    assert "mount" in names
    assert names.isdisjoint(SANDBOX_CALLS)


def test_what_breaks_the_sandbox_or_hides_devices_is_not_there() -> None:
    """Namespaces of users, networks and IPC stay possible; no directive hides a GPU or forbids compiled code."""
    said = settings(units.text(facts()))
    assert said["RestrictNamespaces"] == ["user net ipc"]
    absent = (
        "MemoryDenyWriteExecute",
        "PrivateDevices",
        "DevicePolicy",
        "DeviceAllow",
        "ProtectClock",
        "ProcSubset",
    )
    assert not set(absent) & set(said)
    assert seccomp.architecture() is None or said["SystemCallArchitectures"] == ["native"]


def test_the_engine_is_watched_and_started_anew() -> None:
    """It tells when it works and that it still does; what another try does not mend is not tried again."""
    said = settings(units.text(facts()))
    assert (said["Type"], said["NotifyAccess"], said["Restart"]) == (["notify"], ["main"], ["on-failure"])
    assert said["RestartPreventExitStatus"] == ["2 4"]
    assert said["StartLimitIntervalSec"] == ["0"]
    assert float(said["WatchdogSec"][0]) >= 10


@pytest.mark.parametrize(
    ("changes", "nice", "memory"),
    [({}, "5", "90%"), ({"nice": 0, "total_gib": 1.5}, "0", "1610612736"), ({"nice": 19}, "19", "90%")],
)
def test_limits_are_those_of_the_settings(changes: dict[str, object], nice: str, memory: str) -> None:
    """What [limits] says holds; nothing said leaves room for the rest of the machine."""
    said = settings(units.text(facts(**changes)))
    assert (said["Nice"], said["MemoryMax"], said["OOMPolicy"]) == ([nice], [memory], ["continue"])


@pytest.mark.parametrize("user", ["models", None])
def test_a_limit_on_the_processor_needs_a_group_to_divide(user: str | None) -> None:
    """With one the engine may write into its own control group; without, control groups are nobody's to change."""
    divided = settings(units.text(facts(user=user, divides=True)))
    assert divided["Delegate"] == ["cpu"]
    assert "ProtectControlGroups" not in divided
    whole = settings(units.text(facts(user=user)))
    assert "Delegate" not in whole
    assert whole.get("ProtectControlGroups") == (["yes"] if user else None)


@pytest.mark.parametrize(
    ("changes", "key", "value"),
    [
        ({}, "PrivateTmp", ["yes"]),
        ({"workspace": Path("/tmp/serving")}, "PrivateTmp", None),
        ({"writable": (Path("/var/tmp/out"),)}, "PrivateTmp", None),
        ({}, "ProtectHome", ["yes"]),
        ({"workspace": Path("/home/ann/serving")}, "ProtectHome", None),
        ({"python": Path("/root/.venv/bin/python")}, "ProtectHome", None),
        ({}, "CapabilityBoundingSet", [""]),
        ({"user": "root"}, "CapabilityBoundingSet", None),
        ({}, "User", ["models"]),
        ({"user": None}, "User", None),
        ({"user": None}, "PrivateUsers", ["yes"]),
        ({"user": None, "apart": False}, "ProtectSystem", None),
        ({"user": None, "apart": False}, "NoNewPrivileges", ["yes"]),
        ({"user": None}, "WantedBy", ["default.target"]),
        ({}, "WantedBy", ["multi-user.target"]),
    ],
)
def test_what_is_needed_stays_in_sight(changes: dict[str, object], key: str, value: list[str] | None) -> None:
    """Folders that the engine needs are not hidden from it, and what a manager cannot do is not asked of it."""
    assert settings(units.text(facts(**changes))).get(key) == value


def test_only_the_workspace_and_what_was_named_can_be_written() -> None:
    """The rest of the file system is read-only; a target's folder that is away at the moment keeps nobody from starting."""
    said = settings(units.text(facts(writable=(Path("/etc/tensorflow-serving"),))))
    assert said["ProtectSystem"] == ["strict"]
    assert said["ReadWritePaths"] == ['"/srv/serving"', '"-/etc/tensorflow-serving"']


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("/srv/serving", "serving"),
        ("/srv/my models", "my-models"),
        ("/", "models"),
        ("/srv/.hidden", "hidden"),
    ],
)
def test_a_unit_is_called_like_its_folder(folder: str, name: str) -> None:
    """As far as a unit can be called so."""
    assert units.default_name(Path(folder)) == name
    assert units.valid_name(name)
