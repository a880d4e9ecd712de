"""How a process confines itself and what it reports; each test confines a fork of this process."""

import json
import os
import resource
import sysconfig
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.processes import kernel, landlock, limits, lockdown, seccomp
from engine.processes.host_messages import Limits, Profile
from engine.processes.landlock import Grant
from engine.processes.lockdown import confine, isolation, probe, switched_off
from engine.processes.protocol import Confined
from storage.vocabulary import Layer, LayerState

MIB = 1024**2
ALL_ON = dict.fromkeys(Layer, LayerState.ON)
NOBODY = 65534

needs_landlock = pytest.mark.skipif(
    landlock.version() < landlock.SCOPE_VERSION, reason="this kernel's Landlock is old"
)


def in_fork(work: Callable[[], object]) -> object:
    """Return what ``work`` returns in a fork of this process, which may be confined for ever."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001 - told to the test
            answer = f"{type(error).__name__}: {error}"
        os.write(writing, json.dumps(answer).encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as stream:
        answer = json.load(stream)
    os.waitpid(pid, 0)
    return answer


def profile(tmp_path: Path, **given: int) -> Profile:
    """Return a profile with a scratch folder below ``tmp_path``."""
    scratch = tmp_path / "scratch"
    scratch.mkdir(exist_ok=True)
    defaults = {"memory_bytes": 512 * MIB, "cpu_s": 0, "file_bytes": MIB}
    return Profile((), str(scratch), Limits(**defaults | given))


def layers(confined: Confined) -> dict[str, str]:
    """Return a report as plain words."""
    return {str(layer): str(state) for layer, state in confined.layers.items()}


def attempted(step: Callable[[], object]) -> str:
    """Return the name of the error that ``step`` meets, or an empty string."""
    try:
        step()
    except OSError as error:
        return type(error).__name__ if error.errno is None else os.strerror(error.errno)
    return ""


def test_probe_confines_another_process() -> None:
    """Asking what the machine offers leaves the process that asks as free as it was."""
    assert set(probe().layers) == set(Layer)
    assert "NoNewPrivs:\t0" in Path("/proc/self/status").read_text() or os.getuid()
    assert Path("/etc/passwd").read_text()


def test_isolation_in_words() -> None:
    """Full isolation is one word; anything less names what is missing, whether off or unavailable."""
    assert isolation(ALL_ON) == "full"
    assert isolation(ALL_ON | {Layer.NETWORK: LayerState.UNAVAILABLE}) == "partial: no network wall"
    assert isolation(ALL_ON | {Layer.FILES: LayerState.OFF, Layer.MEMORY: LayerState.OFF}) == (
        "partial: no file wall, no memory limit"
    )
    assert isolation({}) != "full"


def test_switch_takes_known_words_only() -> None:
    """The switch names walls; a word that is none is an error and not a wall that stays up by accident."""
    assert switched_off("") == frozenset()
    assert switched_off("files, network") == {Layer.FILES, Layer.NETWORK}
    with pytest.raises(ValueError, match="'file' is not a valid Layer"):
        switched_off("file")


@pytest.mark.parametrize("layer", Layer)
def test_wall_that_is_switched_off_is_reported(tmp_path: Path, layer: Layer) -> None:
    """A single wall can be left out; it is reported as off, and the others stand."""
    expected = {str(other): "on" for other in Layer} | {str(layer): "off"}
    here = layers(probe())
    if set(here.values()) != {"on"}:
        pytest.skip("this kernel lacks a wall")
    assert in_fork(lambda: layers(confine(profile(tmp_path), frozenset({layer})))) == expected


def test_kernel_without_landlock_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Landlock the file wall is unavailable with the reason, and the others stand."""
    monkeypatch.setattr(landlock, "version", lambda: 0)

    def work() -> object:
        confined = confine(profile(tmp_path), frozenset())
        return [layers(confined), confined.notes]

    found = in_fork(work)
    assert isinstance(found, list)
    assert found[0] == {str(layer): "on" for layer in Layer} | {"files": "unavailable"}
    assert found[1] == {"files": "the kernel has no Landlock"}


def test_unknown_machine_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a table of calls that wall is unavailable with the reason; the network falls back to a namespace."""
    monkeypatch.setattr(seccomp, "architecture", lambda: None)

    def work() -> object:
        confined = confine(profile(tmp_path), frozenset())
        return [layers(confined), confined.notes.get(Layer.SYSCALLS)]

    found = in_fork(work)
    assert isinstance(found, list)
    assert found[0]["syscalls"] == "unavailable"
    assert found[1] == f"no table of system calls for {os.uname().machine}"


def test_kernel_that_refuses_everything_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A kernel that refuses every step leaves a report without a single wall, each with its reason, and no error."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    for name in ("prctl", "unshare", "syscall", "keep_capabilities"):
        monkeypatch.setattr(kernel, name, refuse)
    monkeypatch.setattr(limits, "_set_limit", refuse)
    monkeypatch.setattr(lockdown, "set_limits", limits._limit_memory)

    def work() -> object:
        confined = confine(profile(tmp_path), frozenset())
        return [layers(confined), sorted(confined.notes)]

    assert in_fork(work) == [{str(layer): "unavailable" for layer in Layer}, sorted(map(str, Layer))]


def test_threads_make_the_file_wall_unavailable(tmp_path: Path) -> None:
    """Landlock binds one thread; with others running already the wall is not claimed to stand."""

    def work() -> object:
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        confined = confine(profile(tmp_path), frozenset())
        return [confined.layers[Layer.FILES], confined.notes[Layer.FILES]]

    assert in_fork(work) == ["unavailable", "2 threads were running already"]


def test_limits_bind(tmp_path: Path) -> None:
    """Memory, file size, open files and core dumps are limited, counted from what the process already has."""

    def work() -> object:
        confine(profile(tmp_path, memory_bytes=128 * MIB), frozenset())
        kinds = (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_NOFILE)
        try:
            hoard = bytearray(150 * MIB)
        except MemoryError:
            hoard = bytearray(100 * MIB)
        return [resource.getrlimit(kind)[0] for kind in kinds], len(hoard) // MIB

    assert in_fork(work) == [[MIB, 0, limits.OPEN_FILES], 100]


def test_no_limit_on_memory_is_reported(tmp_path: Path) -> None:
    """On a device whose driver reserves addresses without end, the missing limit shows in the report."""

    def work() -> object:
        confined = confine(profile(tmp_path, memory_bytes=0), frozenset())
        return [confined.layers[Layer.MEMORY], "watches resident memory" in confined.notes[Layer.MEMORY]]

    assert in_fork(work) == ["off", True]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to become another user")
@pytest.mark.parametrize("user", [0, NOBODY])
def test_root_and_nobody_are_confined_alike(user: int) -> None:
    """The walls stand for root and for a user without any right, who reads no system file either."""

    def work(scratch: Path) -> object:
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        confined = confine(profile(scratch), frozenset())
        secret = attempted(lambda: Path("/etc/passwd").read_text())
        own = attempted(lambda: (scratch / "scratch" / "file").write_text("x"))
        return [isolation(confined.layers), secret, own, os.getuid()]

    # Python's own folders may be closed to other users, and so is pytest's.
    sysconfig.get_config_vars()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        (scratch / "scratch").mkdir()
        for path in (scratch, scratch / "scratch"):
            os.chown(path, user, user)
        assert in_fork(lambda: work(scratch)) == ["full", "Permission denied", "", user]


@pytest.mark.skipif(os.getuid() != 0, reason="needs root to have something to give up")
def test_root_keeps_one_capability(tmp_path: Path) -> None:
    """Root gives up every capability but the one to read what others own."""

    def work() -> object:
        confine(profile(tmp_path), frozenset({Layer.FILES}))
        lines = Path("/proc/self/status").read_text().splitlines()
        return [line.split()[1] for line in lines if line.startswith(("CapPrm", "CapEff", "CapInh"))]

    assert in_fork(work) == [
        "0" * 16,
        f"{1 << kernel.CAP_DAC_READ_SEARCH:016x}",
        f"{1 << kernel.CAP_DAC_READ_SEARCH:016x}",
    ]


@needs_landlock
@pytest.mark.parametrize("known", range(1, landlock.version() + 1))
def test_every_version_of_landlock_walls_files_off(tmp_path: Path, known: int) -> None:
    """With the rights of any version of Landlock, granted files can be read, scratch written, and nothing else."""
    (tmp_path / "granted").write_text("x")
    (tmp_path / "secret").write_text("x")
    (tmp_path / "scratch").mkdir()
    grants = [
        Grant(str(tmp_path / "granted"), landlock.READ),
        Grant(str(tmp_path / "scratch"), landlock.SCRATCH),
        Grant(str(tmp_path / "does not exist"), landlock.READ),
    ]

    def work() -> object:
        kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
        landlock.restrict(known, files=grants, network=True, signals=True)
        return [
            attempted((tmp_path / "granted").read_text),
            attempted(lambda: (tmp_path / "granted").write_text("y")),
            attempted(lambda: (tmp_path / "scratch" / "file").write_text("y")),
            attempted((tmp_path / "scratch" / "file").unlink),
            attempted((tmp_path / "secret").read_text),
            attempted(lambda: list(tmp_path.iterdir())),
            attempted(lambda: os.kill(os.getppid(), 0)),
        ]

    denied = "Permission denied"
    scoped = "Operation not permitted" if known >= landlock.SCOPE_VERSION else ""
    assert in_fork(work) == ["", denied, "", "", denied, denied, scoped]


def test_nothing_to_restrict_is_no_error() -> None:
    """Restricting nothing asks nothing of the kernel."""
    assert in_fork(lambda: landlock.restrict(0, files=None, network=False, signals=False)) is None
