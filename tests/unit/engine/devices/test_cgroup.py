"""What control groups grant, read from trees of files laid out as the kernel documents them."""

from pathlib import Path

import pytest

from engine.devices import cgroup
from engine.devices.cgroup import Groups

MIB = 1 << 20


def write(root: Path, files: dict[str, str]) -> None:
    """Write files below a folder."""
    for name, content in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)


def groups(tmp_path: Path, membership: str, files: dict[str, str]) -> Groups:
    """Return the groups of a process with this membership in a tree of these files."""
    write(tmp_path, {"self": membership} | {f"fs/{name}": content for name, content in files.items()})
    return cgroup.groups(tmp_path / "self", tmp_path / "fs")


def test_limits_of_version_2(tmp_path: Path) -> None:
    """A container's quota and memory limit are found, with what it uses of each."""
    found = groups(
        tmp_path,
        "0::/\n",
        {
            "cgroup.controllers": "cpu memory\n",
            "cpu.max": "150000 100000\n",
            "cpu.stat": "usage_usec 2500000\nuser_usec 1\n",
            "memory.max": f"{512 * MIB}\n",
            "memory.current": f"{300 * MIB}\n",
            "memory.stat": f"anon 5\ninactive_file {100 * MIB}\n",
        },
    )
    cores, memory = found.cores(), found.memory_bytes()
    assert cores is not None
    assert memory is not None
    assert (cores.amount, cgroup.cpu_seconds(cores)) == (1.5, 2.5)
    assert (memory.amount, cgroup.memory_used(memory)) == (512 * MIB, 200 * MIB)


def test_tightest_limit_counts(tmp_path: Path) -> None:
    """A group inside a tighter one is bound by the tighter, and use is that of the group that binds."""
    found = groups(
        tmp_path,
        "0::/pod/app\n",
        {
            "cgroup.controllers": "",
            "pod/app/cpu.max": "400000 100000",
            "pod/cpu.max": "200000 100000",
            "pod/app/memory.max": "max",
            "pod/memory.max": str(64 * MIB),
        },
    )
    cores, memory = found.cores(), found.memory_bytes()
    assert cores is not None
    assert memory is not None
    assert (cores.amount, cores.folder.name) == (2.0, "pod")
    assert memory.folder.name == "pod"


def test_limits_of_version_1(tmp_path: Path) -> None:
    """The older layout is read too: one tree for each controller."""
    found = groups(
        tmp_path,
        "4:memory:/box\n1:cpu,cpuacct:/box\n",
        {
            "cpu/box/cpu.cfs_quota_us": "50000\n",
            "cpu/box/cpu.cfs_period_us": "100000\n",
            "cpu/box/cpuacct.usage": "7000000000\n",
            "memory/box/memory.limit_in_bytes": f"{256 * MIB}\n",
            "memory/box/memory.usage_in_bytes": f"{80 * MIB}\n",
            "memory/box/memory.stat": f"cache 1\ntotal_inactive_file {30 * MIB}\n",
        },
    )
    cores, memory = found.cores(), found.memory_bytes()
    assert cores is not None
    assert memory is not None
    assert (cores.amount, cgroup.cpu_seconds(cores)) == (0.5, 7.0)
    assert (memory.amount, cgroup.memory_used(memory)) == (256 * MIB, 50 * MIB)


@pytest.mark.parametrize(
    ("membership", "files"),
    [
        ("", {}),
        ("0::/\n", {"cgroup.controllers": ""}),
        ("0::/\n", {"cgroup.controllers": "", "cpu.max": "max 100000\n", "memory.max": "max\n"}),
        ("0::/../other\n", {"cgroup.controllers": "", "cpu.max": "nonsense"}),
        ("1:cpu:/\n4:memory:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}),
        ("4:memory:/\n", {"memory/memory.limit_in_bytes": "9223372036854771712\n"}),
    ],
    ids=["no-groups", "no-files", "max", "outside-and-nonsense", "v1-no-quota", "v1-no-memory-limit"],
)
def test_no_limit_is_none(tmp_path: Path, membership: str, files: dict[str, str]) -> None:
    """A machine without limits, or with files that say nothing, has no limit rather than a wrong one."""
    found = groups(tmp_path, membership, files)
    assert found.cores() is None
    assert found.memory_bytes() is None


def test_path_of_the_host_means_the_mount(tmp_path: Path) -> None:
    """Inside a container that shows the host's path, the group at the mount is our own."""
    found = groups(
        tmp_path, "4:memory:/docker/abc\n", {"memory/memory.limit_in_bytes": str(128 * MIB)}
    ).memory_bytes()
    assert found is not None
    assert found.amount == 128 * MIB
