"""Attacks, written once and tried: by a look at their bytes, in a model process behind its walls, and by a plain victim."""

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from engine.processes.client import Hosts, ModelProcess, ModelProcessError
from engine.processes.endings import REFUSED
from engine.processes.protocol import Evaluate
from engine.runtimes import recognise, runtime_for
from sample_models.hostile import ATTACKS, Attack, Stop
from storage.settings import LimitSettings, Preprocess
from storage.text import NAME
from storage.vocabulary import Format, Task
from tests.saved_models import tensorflow

LIMITS = LimitSettings(load_s=60, memory_gib=2, scratch_mib=8)

PATIENCE_S = 60.0
"""For what ends by itself: TensorFlow alone waits ten seconds for memory before it gives up."""

ENDLESS_S = 1.0
"""For what never ends."""

SECRET = b"\x01" * 16
"""What stands in the file that an attack reads: its length, its sum and its floats are known again."""

SHAPES: dict[Format, tuple[int, ...]] = {
    Format.KERAS: (2, 2),
    Format.KERAS_H5: (2, 2),
    Format.SAVED_MODEL: (2,),
    Format.TORCHSCRIPT: (2, 4),
    Format.TORCH_EXPORT: (1, 2),
    Format.ONNX: (2, 4),
    Format.LITERT: (1, 7919),
}
"""The data that an attack is evaluated on, by its format."""


class Aimed:
    """An attack that was written, and what it is aimed at."""

    def __init__(self, attack: Attack, home: Path) -> None:
        self.attack = attack
        self.home = home
        self.canary = home / "canary"
        (home / "model").mkdir(parents=True)
        if attack.reads:
            self.canary.write_bytes(SECRET)
        with tensorflow():
            self.file = attack.write(home / "model" / attack.name, self.canary)

    @property
    def artefact(self) -> Path:
        """Return what a runtime is given."""
        return self.file / "saved_model.pb" if self.file.is_dir() else self.file

    @property
    def went_through(self) -> bool:
        """Whether it did what it is made for, as far as files show; some look like the canary and are not quite it."""
        if self.attack.reads:
            return self.canary.read_bytes() != SECRET
        return any(path.name.startswith("canary") for path in self.home.iterdir())


class Arsenal:
    """Every attack, written when it is first asked for, and hosts to open it with."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.hosts = Hosts(scratch=folder / "scratch", limits=LIMITS)
        self.aimed = cache(self._aimed)

    def _aimed(self, name: str) -> Aimed:
        number = next(index for index, attack in enumerate(ATTACKS) if attack.name == name)
        return Aimed(ATTACKS[number], self.folder / str(number))

    def check(self, attack: Attack) -> None:
        """Try an attack on the road that every model takes, then without the look at its bytes; it must fail both times."""
        aimed = self.aimed(attack.name)
        found = recognise(aimed.file)
        if attack.stop is Stop.UNOPENED:
            assert found.format is None
            assert found.reason.isprintable()
            assert attack.says in found.reason, found.reason
        else:
            assert (found.format, found.reason) == (attack.opens_as, "")
        if attack.opens_as is not None:
            self._check_behind_walls(aimed, attack.opens_as)
        assert not aimed.went_through

    def _check_behind_walls(self, aimed: Aimed, wanted: Format) -> None:
        attack = aimed.attack
        ended = self._ending(aimed, wanted)
        assert ended is None or ended.message.isprintable()
        if attack.stop is Stop.CHECKED:
            assert ended is not None
            assert ended.code == REFUSED
        if attack.stop in {Stop.CHECKED, Stop.WALLED}:
            assert ended is not None
            assert attack.says in ended.message, ended.message
        if attack.stop is Stop.CLEANED:
            assert ended is None

    def _ending(self, aimed: Aimed, wanted: Format) -> ModelProcessError | None:
        """Return how a model process failed over an attack, or ``None`` where it did not."""
        try:
            self._run(aimed, wanted)
        except ModelProcessError as error:
            return error
        return None

    def _run(self, aimed: Aimed, wanted: Format) -> None:
        """Load and evaluate an attack in a model process."""
        data = aimed.home / "data.npz"
        shape = SHAPES[wanted]
        np.savez(data, x=np.zeros(shape, np.float32), y=np.zeros(shape[0], np.int64))
        readable = [data, aimed.artefact.parent]
        process = self.hosts.open(aimed.artefact, runtime_for(wanted), "cpu", readable)
        try:
            self._check_words(process)
            is_endless = "did not answer" in aimed.attack.says
            process.evaluate(
                Evaluate(str(data), Task.CLASSIFICATION, (), Preprocess()),
                on_progress=lambda _done, _total: None,
                deadline_s=ENDLESS_S if is_endless else PATIENCE_S,
            )
        finally:
            process.close()

    def _check_words(self, process: ModelProcess) -> None:
        """What a model calls its parts goes on record: printable, and no longer than a name."""
        for tensor in (*process.loaded.inputs, *process.loaded.outputs):
            assert tensor.name.isprintable()
            assert len(tensor.name) <= NAME + 1


@pytest.fixture(scope="module")
def arsenal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Arsenal]:
    """Return every attack, and hosts that stay warm for a module's tests."""
    held = Arsenal(tmp_path_factory.mktemp("arsenal"))
    yield held
    held.hosts.close()
    assert not list((held.folder / "scratch").iterdir())
