"""A place to run models that misbehave: real hosts, real model processes, a folder, and questions about both."""

import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from engine.processes.client import Hosts
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import Evaluate, Evaluated
from engine.protocols import RuntimeSpec
from storage.settings import LimitSettings, Preprocess
from storage.vocabulary import Format, Task

MODULES = Path(__file__).parent

LIMITS = LimitSettings(load_s=20, memory_gib=0.5, scratch_mib=8)


def runtime(loader: str, *, needs_sandbox: bool = False) -> RuntimeSpec:
    """Return a runtime whose loader is a function of `misbehaving`."""
    return RuntimeSpec(
        name="misbehaving",
        framework="misbehaving",
        formats=(Format.ONNX,),
        distributions=("numpy",),
        extra="none",
        loader=f"misbehaving:{loader}",
        needs_sandbox=needs_sandbox,
    )


class Bench:
    """Hosts with models that misbehave, and two examples to evaluate on."""

    def __init__(self, folder: Path, limits: LimitSettings) -> None:
        self.folder = folder
        self.scratch = folder / "scratch"
        self.hosts = Hosts(scratch=self.scratch, limits=limits)
        self.data = folder / "data.npz"
        np.savez(self.data, x=np.eye(2, dtype=np.float32), y=np.arange(2))
        self.artefact = folder / "artefact"
        self.artefact.write_bytes(b"a model")

    def open(
        self,
        loader: str = "good",
        *,
        needs_sandbox: bool = False,
        trusted: bool = False,
        every_wall: bool = False,
    ) -> ModelProcess:
        """Load the artefact with one of the loaders of `misbehaving`."""
        return self.hosts.open(
            self.artefact,
            runtime(loader, needs_sandbox=needs_sandbox),
            "cpu",
            [self.data],
            trusted=trusted,
            every_wall=every_wall,
        )

    def tried(self, code: str) -> str:
        """Run ``code`` as a model that loads; return its ``answer``."""
        self.artefact.write_text(code)
        process = self.open("script")
        process.close()
        return process.loaded.inputs[0].name

    def evaluate(self, process: ModelProcess, *, deadline_s: float = 20) -> Evaluated:
        """Evaluate a model on the two examples."""
        return process.evaluate(self.request(), on_progress=lambda _done, _total: None, deadline_s=deadline_s)

    def request(self) -> Evaluate:
        """Return the question that `evaluate` puts."""
        return Evaluate(str(self.data), Task.CLASSIFICATION, (), Preprocess())

    def host_pid(self) -> int:
        """Return the process of the host that is in use."""
        (state,) = self.hosts.states()
        return state.pid

    def processes(self) -> list[int]:
        """Return the model processes that are alive, as the system knows them, zombies apart."""
        return [
            process.pid
            for state in self.hosts.states()
            for process in psutil.Process(state.pid).children(recursive=True)
            if running(process.pid)
        ]


def running(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a bench whose host stays warm for a module's tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(MODULES))
        held = Bench(tmp_path_factory.mktemp("bench"), LIMITS)
        yield held
        held.hosts.close()
    assert not os.listdir(held.scratch)  # noqa: PTH208 - nothing may be left
