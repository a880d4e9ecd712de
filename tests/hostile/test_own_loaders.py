"""What a loader of weights tries against the rest of the machine is refused: it is trusted to run, not to roam."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.processes.client import Hosts, ModelProcessError
from engine.processes.lockdown import probe
from engine.processes.model_process import ModelProcess
from engine.runtimes.safetensors.spec import SPEC
from storage.settings import LimitSettings
from storage.vocabulary import Layer, LayerState
from tests.tiny_models import LOADER, safetensors

pytestmark = pytest.mark.skipif(
    probe().layers[Layer.FILES] is not LayerState.ON or probe().layers[Layer.SYSCALLS] is not LayerState.ON,
    reason="this kernel has no Landlock or no seccomp: nothing to prove",
)

WITHOUT_TORCH = SPEC.stand_in
"""The host that starts quickest, and the one that no other test starts."""


class Bench:
    """Weights, and a host that runs loaders of them."""

    def __init__(self, folder: Path) -> None:
        self.hosts = Hosts(scratch=folder / "scratch", limits=LimitSettings(load_s=20, memory_gib=1.0))
        self.artefact = folder / "m.safetensors"
        self.artefact.write_bytes(safetensors({"kernel": ("F32", np.eye(3, dtype="<f4"))}))
        self.secret = folder / "secret"
        self.secret.write_text("secret")

    def open(self, source: str) -> ModelProcess:
        """Load the weights with a loader."""
        assert WITHOUT_TORCH is not None
        told = (("loader", "loader.py"), ("source", source))
        return self.hosts.open(self.artefact, WITHOUT_TORCH, "cpu", [], options=told)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Return a bench whose host stays warm for the module's tests."""
    held = Bench(tmp_path_factory.mktemp("bench"))
    yield held
    held.hosts.close()


ATTACKS = {
    "reads a file of the system": "open('/etc/passwd').read()",
    "reads a file beside its model": "open({secret!r}).read()",
    "overwrites its weights": "open({artefact!r}, 'r+b')",
    "opens a socket": "import socket; socket.create_connection(('127.0.0.1', 22), 1)",
    "asks a name server": "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "starts a program": "import os; os.execv('/bin/sh', ['sh'])",
}


@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize(
    "place", ["{}\n", "def load(weights, device):\n    {}\n"], ids=["at its top", "in load"]
)
def test_a_loader_that_roams_is_refused(bench: Bench, attack: str, place: str) -> None:
    """Wherever in the file it stands, with the line in the sentence."""
    code = attack.format(secret=str(bench.secret), artefact=str(bench.artefact))
    with pytest.raises(ModelProcessError, match=r"(?i)loader\.py .*(permission|permitted)") as caught:
        bench.open(place.format(code))
    assert ", line " in caught.value.message


def test_what_it_may_do_it_can(bench: Bench) -> None:
    """The same weights and an honest loader, so that the refusals mean something."""
    process = bench.open(LOADER.replace('weights["bias"]', "0"))
    assert process.loaded.parameters == 9
    assert tuple(process.loaded.versions) == ("numpy",)
    process.close()


def test_a_loader_is_not_run_without_the_walls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where one is missing the answer is a sentence, and the file's first line has not run."""
    monkeypatch.setenv("MODELTENDER_SANDBOX_OFF", "network")
    bench = Bench(tmp_path)
    try:
        with pytest.raises(ModelProcessError) as caught:
            bench.open("raise ValueError('it ran')")
    finally:
        bench.hosts.close()
    assert caught.value.message == (
        "Not loaded: safetensors-numpy models run code, and the sandbox lacks network here."
    )
