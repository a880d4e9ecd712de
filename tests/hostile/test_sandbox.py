"""What a model tries against the rest of the machine is refused, and every wall that is missing is reported.

Each attack is Python that runs as the model's loader, inside the sandbox; native code gets the same answers,
because the kernel gives them.
"""

import os
import signal
import socket
import stat
import tempfile
from pathlib import Path

import psutil
import pytest

from engine.processes.child import NEEDED_WALLS
from engine.processes.client import ModelProcessError
from engine.processes.endings import UNCONFINED
from engine.processes.lockdown import FULL, probe
from storage.vocabulary import Layer, LayerState
from tests.hostile.workbench import LIMITS, MODULES, Bench, running

pytestmark = pytest.mark.skipif(
    probe().layers[Layer.FILES] is not LayerState.ON or probe().layers[Layer.SYSCALLS] is not LayerState.ON,
    reason="this kernel has no Landlock or no seccomp: nothing to prove",
)


def refused(bench: Bench, code: str) -> str:
    """Return the sentence with which ``code`` fails."""
    with pytest.raises(ModelProcessError) as caught:
        bench.tried(code)
    return caught.value.message


def test_isolation_is_full_here(bench: Bench) -> None:
    """Where the kernel offers everything, every wall stands and the process says so."""
    process = bench.open()
    assert process.isolation == FULL
    assert set(process.layers.values()) == {LayerState.ON}
    assert process.notes == {}
    process.close()


SECRETS = ["/etc/passwd", "/etc/shadow", "/proc/1/environ", "/etc", "/proc", "/root", "/home", "/tmp", "/var"]


@pytest.mark.parametrize("path", SECRETS)
def test_files_of_others_cannot_be_read(bench: Bench, path: str) -> None:
    """A model cannot read the system's files, other processes' or other people's."""
    if not Path(path).exists():
        pytest.skip(f"{path} does not exist here")
    code = f"import os; p = {path!r}; os.listdir(p) if os.path.isdir(p) else open(p).read()"
    assert "Permission denied" in refused(bench, code)


def test_files_beside_the_artefact_cannot_be_read(bench: Bench) -> None:
    """What lies beside the model and was not granted stays closed, also through a link in its scratch folder."""
    secret = bench.folder / "secret"
    secret.write_text("secret")
    assert "Permission denied" in refused(bench, f"open({str(secret)!r}).read()")
    assert "Permission denied" in refused(bench, f"import os; os.symlink({str(secret)!r}, 'link')")
    assert "cross-device link" in refused(bench, f"import os; os.link({str(secret)!r}, 'link')")


def test_environment_holds_nothing_of_the_engine(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model sees a clean environment whose every folder is its own scratch."""
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    assert bench.tried("import os; answer = {'SECRET_TOKEN', 'PYTHONPATH'} & set(os.environ)") == "set()"
    homes = "os.environ['HOME'], os.environ['TMPDIR'], os.environ['TORCHINDUCTOR_CACHE_DIR']"
    code = f"import os, tempfile; answer = len({{os.getcwd(), tempfile.gettempdir(), {homes}}})"
    assert bench.tried(code) == "1"


def test_scratch_is_private_and_removed(bench: Bench) -> None:
    """A model may write its scratch folder, nobody else may read it, and it is gone afterwards."""
    where = bench.tried("import os; open('file', 'w').write('x'); answer = os.getcwd()")
    assert not Path(where).exists()
    process = bench.open()
    assert stat.S_IMODE(Path(process._profile.scratch).stat().st_mode) == 0o700
    process.close()


WRITES = {
    "create": "open({outside!r} + '/new', 'w')",
    "overwrite": "open({victim!r}, 'w')",
    "append": "open({victim!r}, 'a')",
    "truncate": "import os; os.truncate({victim!r}, 0)",
    "truncate on opening": "import os; os.open({granted!r}, os.O_RDONLY | os.O_TRUNC)",
    "overwrite what may be read": "open({granted!r}, 'r+b')",
    "remove": "import os; os.unlink({victim!r})",
    "rename": "import os; os.rename({victim!r}, {outside!r} + '/moved')",
    "make a folder": "import os; os.mkdir({outside!r} + '/folder')",
    "change the mode": "import os; os.chmod({victim!r}, 0o777)",
    "change the mode of what may be read": "import os; os.fchmod(os.open({granted!r}, os.O_RDONLY), 0)",
    "change the owner": "import os; os.chown({victim!r}, 1, 1)",
    "change the times": "import os; os.utime({victim!r}, (0, 0))",
    "set an attribute": "import os; os.setxattr({victim!r}, 'user.x', b'1')",
    "make a pipe": "import os; os.mkfifo('pipe')",
    "make a device": "import os; os.mknod('device', 0o20600, os.makedev(1, 3))",
}


@pytest.mark.parametrize("code", WRITES.values(), ids=WRITES)
def test_nothing_outside_scratch_can_be_changed(bench: Bench, code: str) -> None:
    """A model can change no file outside its scratch folder, not even what it may read."""
    victim = bench.folder / "victim"
    victim.write_text("precious")
    before = victim.stat(), bench.data.stat(), sorted(bench.folder.iterdir())
    message = refused(
        bench, code.format(outside=str(bench.folder), victim=str(victim), granted=str(bench.data))
    )
    assert "Permission denied" in message or "Operation not permitted" in message
    assert victim.read_text() == "precious"
    after = victim.stat(), bench.data.stat(), sorted(bench.folder.iterdir())
    assert [status.st_mode for status in after[:2]] == [status.st_mode for status in before[:2]]
    assert [status.st_mtime_ns for status in after[:2]] == [status.st_mtime_ns for status in before[:2]]
    assert after[2] == before[2]


SOCKETS = {
    "TCP": "import socket; socket.create_connection(('127.0.0.1', {port}), 1)",
    "UDP": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', {port}))",
    "IPv6": "import socket; socket.socket(socket.AF_INET6)",
    "unix": "import socket; socket.socket(socket.AF_UNIX)",
    "netlink": "import socket; socket.socket(socket.AF_NETLINK, socket.SOCK_RAW)",
    "raw": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "packet": "import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)",
    "listening": "import socket; socket.create_server(('127.0.0.1', 0))",
}


def test_no_datagram_to_a_socket_in_a_folder(bench: Bench) -> None:
    """A pair of sockets leads nowhere but to its other end, not to a socket that a service of this machine listens at."""
    with (
        # A name of a socket is short, and the test's own folder may not be.
        tempfile.TemporaryDirectory() as folder,
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as service,
    ):
        where = Path(folder, "service")
        service.bind(str(where))
        service.settimeout(0)
        code = f"import socket; socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)[0].sendto(b'x', {str(where)!r})"
        assert "Operation not permitted" in refused(bench, code)
        with pytest.raises(BlockingIOError):
            service.recv(1)


@pytest.mark.parametrize("code", SOCKETS.values(), ids=SOCKETS)
def test_no_network(bench: Bench, code: str) -> None:
    """A model reaches no socket of any family, not even this machine's own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        assert "Operation not permitted" in refused(bench, code.format(port=server.getsockname()[1]))
        with pytest.raises(BlockingIOError):
            server.accept()


PROGRAMS = {
    "exec": "import os; os.execv('/bin/true', ['true'])",
    "subprocess": "import subprocess; subprocess.run(['/bin/true'])",
    "shell": "import os; status = os.system('true'); assert status == 0, f'Operation not permitted {{status}}'",
    "spawn": "import os; os.posix_spawn('/bin/true', ['true'], {{}})",
    "fork": "import os; os.fork()",
    "memory": "import os; fd = os.memfd_create('x'); os.write(fd, b'#!/bin/true'); os.execve(fd, ['x'], {{}})",
    "multiprocessing": "import multiprocessing as m; m.get_context('fork').Process(target=print).start()",
}


@pytest.mark.parametrize("code", PROGRAMS.values(), ids=PROGRAMS)
def test_no_other_programs_or_processes(bench: Bench, code: str) -> None:
    """A model can start neither a program nor another process."""
    assert "Operation not permitted" in refused(bench, code.format())


def test_fork_bomb_is_a_dud(bench: Bench) -> None:
    """A thousand tries to fork, by three different calls, leave one process."""
    code = (
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "calls = [(57,), (58,), (56, 17, 0, 0, 0, 0), (435, 0, 0)]\n"
        "import platform\nassert platform.machine() == 'x86_64'\n"
        "answer = sum(libc.syscall(*call) >= 0 for call in calls * 1000)"
    )
    if os.uname().machine != "x86_64":
        pytest.skip("the numbers are those of x86-64")
    assert bench.tried(code) == "0"
    assert not bench.processes()


def test_threads_still_start(bench: Bench) -> None:
    """Threads, which every framework needs, are as free as ever."""
    code = (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "with ThreadPoolExecutor(16) as pool: answer = sum(pool.map(int, range(100)))"
    )
    assert bench.tried(code) == "4950"


@pytest.mark.parametrize("number", [0, signal.SIGTERM, signal.SIGKILL, signal.SIGSTOP])
def test_parents_cannot_be_signalled(bench: Bench, number: int) -> None:
    """A model cannot end, stop or even probe its host or the engine."""
    bench.open().close()
    host = bench.host_pid()
    for victim in (host, os.getpid()):
        assert "Operation not permitted" in refused(bench, f"import os; os.kill({victim}, {int(number)})")
    assert "Operation not permitted" in refused(bench, f"import os; os.kill(-1, {int(number)})")
    assert psutil.Process(host).status() != psutil.STATUS_STOPPED
    assert running(host)
    assert bench.host_pid() == host


TAMPERING = {
    "limits": "import resource; resource.prlimit({pid}, resource.RLIMIT_CPU, (1, 1))",
    "own limits": "import resource; resource.setrlimit(resource.RLIMIT_CPU, (10**6, -1))",
    "priority": "import os; os.setpriority(os.PRIO_PROCESS, {pid}, 19)",
    "memory": "open('/proc/{pid}/mem', 'rb').read(1)",
    "environment": "open('/proc/{pid}/environ', 'rb').read(1)",
    "descriptors": "import os; os.listdir('/proc/{pid}/fd')",
    "pidfd": "import os; os.pidfd_open({pid})",
    "ptrace": "import ctypes; r = ctypes.CDLL(None, use_errno=True).ptrace(16, {pid}, 0, 0); "
    "assert r == 0, ('Operation not permitted', ctypes.get_errno())",
    "parent's death": "import ctypes; r = ctypes.CDLL(None, use_errno=True).prctl(1, 0, 0, 0, 0); "
    "assert r == 0, ('Operation not permitted', ctypes.get_errno())",
    "namespaces": "import ctypes; r = ctypes.CDLL(None, use_errno=True).unshare(0x10000000); "
    "assert r == 0, ('Operation not permitted', ctypes.get_errno())",
    "mounts": "import ctypes; r = ctypes.CDLL(None, use_errno=True).mount(b'none', b'.', b'tmpfs', 0, 0); "
    "assert r == 0, ('Operation not permitted', ctypes.get_errno())",
    "keys": "import ctypes, platform; n = {{'x86_64': 250, 'aarch64': 219}}[platform.machine()]; "
    "r = ctypes.CDLL(None, use_errno=True).syscall(n, 0, -3, 0); assert r >= 0, ('Operation not permitted', r)",
    "io_uring": "import ctypes; r = ctypes.CDLL(None, use_errno=True).syscall(425, 8, 0); "
    "assert r >= 0, ('Operation not permitted', r)",
    "user": "import os; os.setuid(12345)",
}


@pytest.mark.parametrize("code", TAMPERING.values(), ids=TAMPERING)
def test_host_cannot_be_looked_into_or_steered(bench: Bench, code: str) -> None:
    """A model can neither look into its host nor steer it, nor loosen its own bonds."""
    bench.open().close()
    message = refused(bench, code.format(pid=bench.host_pid()))
    assert "not permitted" in message or "Permission denied" in message or "not allowed" in message


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only x86-64 has a second table of numbers")
def test_foreign_table_of_calls_is_deadly(bench: Bench) -> None:
    """A call through the x32 table, whose numbers the list does not name, ends the process."""
    message = refused(bench, "import ctypes; ctypes.CDLL(None).syscall(0x40000000 + 41, 2, 1, 0)")
    assert message == "The model crashed while it was loaded (SIGSYS)."


def test_no_descriptor_of_others_is_inherited(bench: Bench) -> None:
    """A model holds its three standard streams and its socket, and nothing of the engine, the host or a sibling."""
    sibling = bench.open()
    with (bench.folder / "database").open("w"):
        listing = bench.tried(
            "import os\n"
            "kept = []\n"
            "for fd in os.listdir('/proc/self/fd'):\n"
            "    try: kept.append(os.readlink(f'/proc/self/fd/{fd}').partition(':')[0])\n"
            "    except OSError: pass\n"
            "answer = ' '.join(sorted(kept))"
        )
    assert listing == "/dev/null pipe pipe socket"
    sibling.close()


@pytest.mark.parametrize(
    "code", ["open('big', 'wb').write(b'x' * (9 << 20))", "import os; os.truncate(3, 1 << 40)"]
)
def test_files_cannot_grow_beyond_the_limit(bench: Bench, code: str) -> None:
    """A file in the scratch folder stops growing at the limit, with an error and not with a signal."""
    message = refused(bench, code)
    assert (
        "File too large" in message or "Operation not permitted" in message or "Invalid argument" in message
    )


def test_missing_walls_are_reported_and_respected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A wall that is switched off shows in the report, and a format that is code is then refused."""
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    monkeypatch.setenv("MODELTENDER_SANDBOX_OFF", "files,network")
    bench = Bench(tmp_path, LIMITS)
    try:
        process = bench.open()
        assert process.isolation == "partial: no file wall, no network wall"
        assert process.layers[Layer.FILES] is LayerState.OFF
        assert process.notes[Layer.NETWORK] == "switched off by MODELTENDER_SANDBOX_OFF"
        assert process.layers[Layer.SYSCALLS] is LayerState.ON
        process.close()
        assert bench.tried("answer = open('/etc/hosts').read() and 'read'") == "read"
        with pytest.raises(ModelProcessError) as caught:
            bench.open(needs_sandbox=True)
        assert caught.value.message == (
            "Not loaded: misbehaving models run code, and the sandbox lacks files, network here."
        )
    finally:
        bench.hosts.close()


@pytest.mark.parametrize("layer", Layer)
def test_every_wall_can_be_demanded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: Layer) -> None:
    """Where the settings say so, no model at all is opened without any one of the walls, which is named."""
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    monkeypatch.setenv("MODELTENDER_SANDBOX_OFF", layer)
    bench = Bench(tmp_path, LIMITS)
    try:
        with pytest.raises(ModelProcessError) as caught:
            bench.open(every_wall=True)
        assert caught.value.code == UNCONFINED
        assert caught.value.message == (
            f"Not loaded: modeltender.toml says require_sandbox, and the sandbox lacks {layer} here."
        )
        # What its owner trusts may run code: that needs the walls that code needs.
        if layer in NEEDED_WALLS:
            with pytest.raises(ModelProcessError, match="what is trusted may run code") as caught:
                bench.open(trusted=True)
            assert caught.value.code == UNCONFINED
        else:
            bench.open(trusted=True).close()
    finally:
        bench.hosts.close()


def test_code_is_loaded_behind_full_walls(bench: Bench) -> None:
    """A format that is code is opened where the walls stand, and so is what is trusted."""
    bench.open(needs_sandbox=True, trusted=True, every_wall=True).close()


def test_walls_stand_before_the_model_is_opened(bench: Bench) -> None:
    """When the loader's first line runs, no privileges can be gained and the filter is in force."""
    code = (
        "status = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        "answer = [status[name].strip() for name in ('NoNewPrivs', 'Seccomp')]"
    )
    assert bench.tried(code) == "['1', '2']"
