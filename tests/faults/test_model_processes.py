"""Hosts and model processes die with the engine, hosts are replaced in time, and nothing is left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from engine.jobs.loading_record import OF_THE_MACHINE
from engine.processes import framework_host
from engine.processes.client import ModelProcessError
from engine.protocols import RuntimeSpec
from tests.hostile.workbench import LIMITS, MODULES, Bench, bench, running, runtime

__all__ = ["bench"]

ENGINE = """
import sys, threading
from pathlib import Path
from tests.hostile.workbench import LIMITS, Bench
bench = Bench(Path(sys.argv[1]), LIMITS)
if sys.argv[2] == "importing":
    bench.hosts.warm("slow_framework")
    print(bench.hosts.states()[0].pid, flush=True)
else:
    process = bench.open("hanging")
    print(bench.host_pid(), process.pid, flush=True)
    if sys.argv[2] == "evaluating":
        bench.evaluate(process)
threading.Event().wait()
"""
"""An engine that holds one model: at rest, being evaluated, or not yet because its host still imports."""

SOON_S = 30.0
"""Half of what goes on here by itself, and far above what a busy machine makes of two seconds."""


def eventually(true: Callable[[], bool], within_s: float = SOON_S) -> bool:
    """Whether something becomes true in time."""
    deadline = time.monotonic() + within_s
    while not true():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def open_files() -> int:
    """Return how many descriptors this process holds."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count of descriptors


@pytest.mark.parametrize("state", ["resting", "evaluating", "importing"])
def test_nothing_outlives_a_killed_engine(tmp_path: Path, state: str) -> None:
    """When the engine is killed, its hosts and model processes end too, whatever they would go on with."""
    (tmp_path / "slow_framework.py").write_text("import time; time.sleep(60)")
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(map(str, (MODULES, tmp_path, root)))}
    with subprocess.Popen(
        [sys.executable, "-P", "-c", ENGINE, str(tmp_path), state], stdout=subprocess.PIPE, env=environment
    ) as engine:
        assert engine.stdout is not None
        pids = [int(word) for word in engine.stdout.readline().split()]
        assert pids
        assert all(running(pid) for pid in pids)
        time.sleep(0.1)
        engine.kill()
        engine.wait()
        assert eventually(lambda: not any(running(pid) for pid in pids))


def test_killed_host_is_replaced(bench: Bench) -> None:
    """When a host is killed its models end with a sentence that says so, and the next model gets a new host."""
    process = bench.open("hanging")
    host = bench.host_pid()
    threading.Timer(0.2, os.kill, (host, signal.SIGKILL)).start()
    with pytest.raises(
        ModelProcessError, match="vanished while it was evaluated, together with its host"
    ) as caught:
        bench.evaluate(process)
    assert caught.value.code in OF_THE_MACHINE
    process.close()
    after = bench.open()
    assert bench.evaluate(after).rows == 2
    assert bench.host_pid() != host
    after.close()


def test_host_is_replaced_after_its_share_of_forks(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that has forked its share is replaced, and lives on until its last model process is closed."""
    first = bench.open()
    old = bench.host_pid()
    monkeypatch.setattr(framework_host, "FORKS", 1)
    second = bench.open()
    assert {state.pid for state in bench.hosts.states()} > {old}
    assert bench.evaluate(first).rows == 2
    first.close()
    assert old not in {state.pid for state in bench.hosts.states()}
    assert not running(old)
    second.close()


def test_idle_host_is_ended(bench: Bench) -> None:
    """A host that nobody has used for the time-out is ended; one with a model process is not."""
    process = bench.open()
    host = bench.host_pid()
    late = time.monotonic() + LIMITS.process_idle_s + 1
    bench.hosts.retire_idle(late)
    assert bench.host_pid() == host
    process.close()
    bench.hosts.retire_idle(time.monotonic())
    assert bench.host_pid() == host
    bench.hosts.retire_idle(time.monotonic() + LIMITS.process_idle_s + 1)
    assert bench.hosts.states() == ()
    assert not running(host)


def spec(framework: str) -> RuntimeSpec:
    """Return a runtime of a framework that may not be there."""
    return RuntimeSpec("Some runtime", framework, (), (), "torch", "misbehaving:good", needs_sandbox=False)


def test_missing_framework_is_a_sentence(bench: Bench) -> None:
    """A framework that is not installed is named, with the command that installs it."""
    with pytest.raises(ModelProcessError) as caught:
        bench.hosts.open(bench.artefact, spec("no_such_framework"), "cpu", [])
    assert caught.value.message == "no_such_framework cannot be imported: No module named 'no_such_framework'"
    assert caught.value.hint == "Install it with: pip install 'modeltender[torch]'"


def test_framework_that_kills_its_host_is_a_sentence(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A framework that ends the process while it is imported is an error with its last words, and no hang."""
    (tmp_path / "broken_framework.py").write_text(
        "import os; os.write(2, b'Illegal instruction: this CPU is too old\\n'); os.abort()"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{MODULES}")
    with pytest.raises(ModelProcessError) as caught:
        bench.hosts.open(bench.artefact, spec("broken_framework"), "cpu", [])
    assert caught.value.message == (
        'The broken_framework host did not start. Its last words: "Illegal instruction: this CPU is too old".'
    )


def test_a_host_that_was_killed_is_no_fault_of_a_version(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel ends a host where memory is short, and no model was open in it: nothing is held against one."""
    (tmp_path / "killed_framework.py").write_text("import os; os.kill(os.getpid(), 9)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{MODULES}")
    with pytest.raises(ModelProcessError, match="host was killed") as caught:
        bench.hosts.open(bench.artefact, spec("killed_framework"), "cpu", [])
    assert caught.value.code in OF_THE_MACHINE
    assert "limits.warm_processes" in caught.value.hint


def test_folders_of_the_current_directory_shadow_nothing(
    tmp_path: Path, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workspace that holds a folder called ``engine`` or a file called ``json.py`` does not reach a host."""
    (tmp_path / "engine").mkdir()
    for name in ("engine/__init__.py", "json.py", "numpy.py"):
        (tmp_path / name).write_text("raise SystemExit('shadowed')")
    monkeypatch.chdir(tmp_path)
    bench.hosts.open(bench.artefact, runtime("good"), "cpu", []).close()
    fresh = Bench(tmp_path, LIMITS)
    try:
        fresh.open().close()
    finally:
        fresh.hosts.close()


def test_two_threads_start_one_host(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads that open models at once share one host and each get a process of their own."""
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    own = Bench(tmp_path, LIMITS)
    pids: list[int] = []

    def work() -> None:
        process = own.open()
        own.evaluate(process)
        pids.append(process.pid)

    try:
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(set(pids)) == 8
        (state,) = own.hosts.states()
        assert state.models == 8
    finally:
        own.hosts.close()
    assert not any(running(pid) for pid in [state.pid, *pids])


def test_closing_cancels_what_is_under_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing the hosts ends an evaluation in another thread as cancelled, and nothing can be opened after it."""
    monkeypatch.setenv("PYTHONPATH", str(MODULES))
    own = Bench(tmp_path, LIMITS)
    process = own.open("hanging")
    caught: list[ModelProcessError] = []

    def work() -> None:
        try:
            own.evaluate(process)
        except ModelProcessError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    # Between two questions a model process is stopped; this one goes on as soon as it is asked.
    assert eventually(lambda: psutil.Process(process.pid).status() != psutil.STATUS_STOPPED)
    own.hosts.close()
    thread.join(SOON_S)
    assert [error.code for error in caught] == ["cancelled"]
    with pytest.raises(ModelProcessError, match="stopping"):
        own.open()
    assert not os.listdir(own.scratch)  # noqa: PTH208 - nothing may be left


def test_closing_does_not_wait_for_an_import(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Closing ends a host that is still importing, and the thread that waits for it hears of that."""
    (tmp_path / "slow_framework.py").write_text("import time; time.sleep(60)")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{MODULES}")
    own = Bench(tmp_path, LIMITS)
    caught: list[ModelProcessError] = []

    def work() -> None:
        try:
            own.hosts.open(own.artefact, spec("slow_framework"), "cpu", [])
        except ModelProcessError as error:
            caught.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert eventually(lambda: bool(own.hosts.states()))
    began = time.monotonic()
    own.hosts.close()
    thread.join(SOON_S)
    assert time.monotonic() - began < SOON_S
    assert [error.code for error in caught] == ["cancelled"]


def test_leftovers_of_a_killed_engine_are_swept(tmp_path: Path) -> None:
    """Scratch folders that a killed engine left are removed by the next one."""
    left = tmp_path / "scratch" / "pabc"
    left.mkdir(parents=True)
    (left / "file").write_text("x")
    own = Bench(tmp_path, LIMITS)
    assert not left.exists()
    own.hosts.close()


def test_a_hundred_models_leak_nothing(bench: Bench) -> None:
    """A hundred models, a third of them bad, leave the engine's descriptors and threads as they were."""
    loaders = ["good", "segfault", "exits_well"]
    bench.open().close()
    before = open_files(), threading.active_count()
    for number in range(100):
        try:
            bench.open(loaders[number % 3]).close()
        except ModelProcessError:
            assert loaders[number % 3] != "good"
    assert (open_files(), threading.active_count()) == before
    host = psutil.Process(bench.host_pid())
    # That a process has ended is known here before its host has taken note of it.
    assert eventually(lambda: not host.children())
    assert host.num_fds() < 12
