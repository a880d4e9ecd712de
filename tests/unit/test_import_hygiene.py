"""What each part of the program loads, seen from a clean interpreter.

import-linter's contracts read the static graph, so they cannot tell an import at module level from one that
is deferred into the function that needs it, nor what a foreign package brings along. Here each module is
imported alone, and what Python has loaded afterwards is looked at.
"""

import importlib
import pkgutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import psutil
import pytest

from engine.jobs import HANDLERS
from storage import launch
from storage.workspace import Workspace

FRAMEWORKS = frozenset({"tensorflow", "keras", "torch", "onnx", "onnxruntime", "ai_edge_litert", "openvino"})
NUMERICAL = frozenset({"numpy", "scipy", "sklearn", "pandas"})
DRAWING = frozenset({"textual", "rich"})
VIEWERS_LACK = FRAMEWORKS | NUMERICAL | {"watchdog", "sqlite_utils", "engine"}
"""What would make the console slow to start, or tie it to the engine."""

WRITES = {"storage.schema"}
"""Loaded only where the engine writes: it needs sqlite_utils, which brings numpy along."""

ENGINE_PROCESS = (
    "engine.wiring",
    "engine.lanes",
    "engine.service",
    "engine.watching",
    "engine.repository.repository",
    "engine.devices.sampler",
    "engine.packing",
    "engine.rolling",
    "engine.processes.client",
    "engine.processes.pool",
    "engine.runtimes",
    "engine.jobs.evaluate",
    "engine.jobs.promote",
    "engine.jobs.rollback",
)
"""What the engine's main process is made of; models run in other processes."""

ENGINE_COMMANDS = ("engine.cli", "engine.init_command", "engine.doctor_command")

LIST = """
import importlib, sys
for name in sys.argv[1:]:
    importlib.import_module(name)
print(*sorted({name.partition(".")[0] for name in sys.modules}))
"""

LIST_EACH = """
import importlib, os, sys
import click, msgspec, psutil, rich.console, textual.app, textual.widgets
for line in sys.stdin:
    pid = os.fork()
    if pid == 0:
        importlib.import_module(line.strip())
        print(*sorted({name.partition(".")[0] for name in sys.modules}), flush=True)
        os._exit(0)
    if os.waitpid(pid, 0)[1]:
        sys.exit(1)
"""
"""What viewers are made of is imported once, and each module of ours alone, in a fork: a hundred times half as long a start."""


@cache
def loaded_by(*modules: str) -> frozenset[str]:
    """Return the top-level packages that a clean interpreter holds after importing the modules."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", LIST, *modules],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return frozenset(done.stdout.split())


@pytest.fixture(scope="module")
def loaded_beside_libraries() -> Iterator[Callable[[str], frozenset[str]]]:
    """Return a function that tells what an interpreter holds after importing a module, and before it the console's libraries."""
    command = [sys.executable, "-P", "-c", LIST_EACH]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        wanted, told = process.stdin, process.stdout

        def loaded(module: str) -> frozenset[str]:
            print(module, file=wanted, flush=True)
            answer = told.readline().split()
            assert answer, f"{module} cannot be imported alone: its traceback is on standard error"
            return frozenset(answer)

        yield loaded
        wanted.close()


def modules_of(package: str) -> list[str]:
    """Return the names of all modules of a package, found without importing them."""
    [folder] = importlib.import_module(package).__path__
    return [
        ".".join((package, *path.relative_to(folder).with_suffix("").parts)).removesuffix(".__init__")
        for path in sorted(Path(folder).rglob("*.py"))
        if path.stem != "__main__"
    ]


def entries(package: str) -> list[str]:
    """Return a package and the modules that lie directly in it."""
    found = importlib.import_module(package)
    names = [
        f"{package}.{module.name}" for module in pkgutil.iter_modules(found.__path__) if not module.ispkg
    ]
    return [package, *(name for name in names if name not in WRITES)]


@pytest.mark.parametrize("module", [*entries("storage"), *entries("tui")])
def test_viewers_load_nothing_heavy(
    module: str, loaded_beside_libraries: Callable[[str], frozenset[str]]
) -> None:
    """A module of the console or of the store loads no framework, no numerical library and no engine."""
    assert loaded_beside_libraries(module) & VIEWERS_LACK == set()


@pytest.mark.parametrize("package", ["storage", "tui"])
def test_whole_package_loads_nothing_heavy(package: str) -> None:
    """All modules of the console or the store together load nothing heavy, those written tomorrow included."""
    modules = [name for name in modules_of(package) if name not in WRITES]
    assert len(modules) > 5
    assert loaded_by(*modules) & VIEWERS_LACK == set()


def test_command_line_draws_nothing() -> None:
    """Finding a command loads neither the console's libraries nor any part of the engine."""
    assert loaded_by("tui.command_line") & (DRAWING | VIEWERS_LACK) == set()


@pytest.mark.parametrize("module", ENGINE_COMMANDS)
def test_engine_commands_are_light(module: str) -> None:
    """A command of the engine that a person waits for loads no framework, no numerical library and nothing that draws."""
    assert loaded_by(module) & (FRAMEWORKS | NUMERICAL | DRAWING) == set()


@pytest.mark.parametrize("module", ENGINE_PROCESS)
def test_engine_loads_no_framework(module: str) -> None:
    """A part of the engine's main process loads no framework and nothing that draws."""
    assert loaded_by(module) & (FRAMEWORKS | DRAWING) == set()


def test_engine_at_rest_holds_no_numbers() -> None:
    """An engine that has nothing to compute holds neither numpy nor what servers and mail take: a quarter of its memory."""
    assert loaded_by("engine.wiring") & (NUMERICAL | {"ssl", "http", "smtplib"}) == set()


def test_no_job_loads_scipy() -> None:
    """No kind of job, done once, leaves scipy or a framework in the engine: it would be there for as long as the engine lives."""
    assert loaded_by(*HANDLERS.values()) & (FRAMEWORKS | {"scipy", "sklearn", "pandas"}) == set()


def test_model_processes_bring_no_more_than_numpy() -> None:
    """Of numerical libraries, what all model processes are made of loads numpy alone: SciPy took longer than ONNX Runtime."""
    assert loaded_by("engine.processes.child") & (FRAMEWORKS | NUMERICAL) == {"numpy"}


@pytest.fixture
def engine_process(workspace: Workspace) -> Iterator[psutil.Process]:
    """Return the process of a running engine."""
    yield psutil.Process(launch.start(workspace))
    launch.stop(workspace)


def test_running_engine_maps_nothing_heavy(engine_process: psutil.Process) -> None:
    """An engine that has just made its database has no framework and no numerical library in its memory, however late."""
    libraries = [Path(area.path) for area in engine_process.memory_maps()]
    assert any("python" in str(library) for library in libraries)
    assert [library for library in libraries if (FRAMEWORKS | NUMERICAL) & set(library.parts)] == []


def test_the_test_can_fail(loaded_beside_libraries: Callable[[str], frozenset[str]]) -> None:
    """A module that does load numpy is seen to load it, so that an empty answer means something."""
    assert "numpy" in loaded_by("storage.schema")
    assert "numpy" not in loaded_beside_libraries("storage.database")
    assert "numpy" in loaded_beside_libraries("storage.schema")
