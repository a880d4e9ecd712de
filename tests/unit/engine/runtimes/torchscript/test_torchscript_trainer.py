"""What training a TorchScript module promises: a fitting loss, the same bits after a cut, and one sentence where it cannot be."""

import os
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from engine.training import lessons
from engine.training.requests import EpochDone, Trained, TrainModel
from storage.errors import JobError
from storage.settings import Output, Preprocess
from storage.train_settings import OPTIMIZERS, Train
from storage.vocabulary import Format, OutputScale, Task

pytest.importorskip("torch")
import torch

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")

ROWS, WIDTH = 97, 6
"""Of which batches of 32 leave one example over, as torch normalises none alone."""


@pytest.fixture(autouse=True)
def _alone() -> Iterator[None]:
    """Have torch compute on one core, where threads have nothing to wait for; leave it to other tests as it was."""
    threads, cores = torch.get_num_threads(), os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(cores)})
    yield
    os.sched_setaffinity(0, cores)
    torch.use_deterministic_algorithms(mode=False)
    torch.set_num_threads(threads)


def layers(*last: Any, outputs: int = 3) -> Any:
    """Return a network with all that depends on chance, on the batch and on the mode."""
    torch.manual_seed(5)
    return torch.nn.Sequential(
        torch.nn.Linear(WIDTH, 16),
        torch.nn.BatchNorm1d(16),
        torch.nn.ReLU(),
        torch.nn.Dropout(0.2),
        torch.nn.Linear(16, outputs),
        *last,
    )


class Two(torch.nn.Module):  # type: ignore[misc]
    """Has two outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(WIDTH, 3)

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both."""
        return self.linear(x), x


class Deep(torch.nn.Module):  # type: ignore[misc]
    """Answers with a table an example."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(WIDTH, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return it."""
        return self.linear(x).unsqueeze(2)


class Detached(torch.nn.Module):  # type: ignore[misc]
    """Answers with numbers that have no gradient."""

    def __init__(self) -> None:
        super().__init__()
        self.linear = torch.nn.Linear(WIDTH, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return them."""
        return self.linear(x).detach()


def frozen() -> Any:
    """Return a module of constants."""
    return torch.jit.freeze(torch.jit.script(layers().eval()))


def fixed() -> Any:
    """Return a module none of whose parameters is to be changed."""
    return layers().requires_grad_(False)


def targets(kind: str) -> "tuple[NDArray[Any], NDArray[Any]]":
    """Return examples, and what is to be learned of them: something that a line tells."""
    x = np.random.default_rng(3).normal(size=(ROWS, WIDTH)).astype(np.float32)
    y = {
        "classes": x[:, :3].argmax(axis=1),
        "two": (x[:, 0] > 0).astype(np.int64),
        "labels": (x[:, :3] > 0).astype(np.int64),
        "values": x[:, :3] @ np.array([1.0, -2.0, 0.5], np.float32) + 3.25,
    }[kind]
    return x, y


_DEFAULTS: dict[str, Any] = {"task": None, "output": Output()}


class School:
    """A folder with data and a module, in which it is trained as often as one likes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.epochs: list[EpochDone] = []
        self.last: Path | None = None

    def admit(self, module: Any, kind: str = "classes") -> None:
        """Save a module, and the data for it."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch.jit is deprecated, yet the files are everywhere
            scripted = module if isinstance(module, torch.jit.ScriptModule) else torch.jit.script(module)
            scripted.save(str(self.folder / "model.pt"))
        x, y = targets(kind)
        np.savez(self.folder / "train.npz", x=x, y=y)

    def train(self, *, epochs: int = 4, checkpoint: str = "", **settings: Any) -> Trained:
        """Train the module, and note what is told."""
        from engine.runtimes.torchscript import trainer
        from engine.runtimes.torchscript.spec import SPEC

        asked: dict[str, Any] = {
            name: settings.pop(name) for name in ("task", "output", "fresh") if name in settings
        }
        known: dict[str, Any] = {"early_stopping": 0, "batch_size": 32, "learning_rate": 0.02} | settings
        request = TrainModel(
            artefact=str(self.folder / "model.pt"),
            runtime=SPEC,
            device="cpu",
            formats=(Format.TORCHSCRIPT,),
            train=str(self.folder / "train.npz"),
            validation="",
            labels=(),
            preprocess=Preprocess(),
            epochs=epochs,
            checkpoint=checkpoint,
            settings=Train(**known),
            **_DEFAULTS | asked,
        )
        self.epochs.clear()
        self.last = self.folder / f"scratch-{len(list(self.folder.iterdir()))}"
        self.last.mkdir()
        return trainer.train(request, self.last, lambda _done, _total: None, self.epochs.append)

    def left(self) -> Path:
        """Return the last checkpoint."""
        assert self.last is not None
        return self.last / self.epochs[-1].checkpoint

    def curve(self) -> list[tuple[int, dict[str, float]]]:
        """Return the figures of each epoch."""
        return [(done.epoch.number, done.epoch.figures) for done in self.epochs]

    def made(self) -> bytes:
        """Return every number of what was made last."""
        assert self.last is not None
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # as above
            module = torch.jit.load(str(self.last / "model.pt"))
        assert not module.training
        return b"".join(value.numpy().tobytes() for value in module.state_dict().values())


@pytest.fixture
def school(tmp_path: Path) -> School:
    """Return an empty school."""
    return School(tmp_path)


@pytest.mark.parametrize("optimizer", [name for name in OPTIMIZERS if name != "lion"])
def test_what_goes_on_after_a_cut_ends_with_the_same_bits(school: School, optimizer: str) -> None:
    """With chance, statistics of batches and moments of every optimiser, and an order of its own in each epoch."""
    school.admit(layers())
    school.train(epochs=5, optimizer=optimizer)
    undisturbed, curve, made = school.left(), school.curve(), school.made()
    school.train(epochs=3, optimizer=optimizer)
    cut = school.left()
    assert cut.read_bytes() != undisturbed.read_bytes()
    school.train(epochs=5, optimizer=optimizer, checkpoint=str(cut))
    assert school.curve() == curve[3:]
    # Weights, statistics, moments and chance, and the best so far.
    assert school.left().read_bytes() == undisturbed.read_bytes()
    assert school.made() == made


def test_a_damaged_checkpoint_is_begun_anew(school: School) -> None:
    """Nothing of it is taken."""
    school.admit(layers())
    school.train()
    undisturbed = school.made()
    (school.folder / "broken.npz").write_bytes(b"PK no archive")
    school.train(checkpoint=str(school.folder / "broken.npz"))
    assert len(school.epochs) == 4
    assert school.made() == undisturbed


def test_data_that_are_read_batch_by_batch_give_the_same(
    school: School, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is too large for memory comes in the same order."""
    school.admit(layers())
    school.train()
    held = school.made()
    monkeypatch.setattr(lessons, "IN_MEMORY", 0)
    school.train()
    assert school.made() == held


def test_the_best_weights_are_kept_and_it_ends_early(school: School) -> None:
    """A training that gets worse ends, with the weights of its best epoch."""
    school.admit(layers())
    trained = school.train(epochs=50, learning_rate=3.0, early_stopping=2)
    assert len(school.epochs) < 50
    assert trained.best_epoch == len(school.epochs) - 2
    ended = school.made()
    school.train(epochs=trained.best_epoch, learning_rate=3.0)
    assert school.made() == ended


@pytest.mark.parametrize(
    ("kind", "module", "figure", "settings"),
    [
        ("classes", layers, "accuracy", {}),
        ("classes", lambda: layers(torch.nn.Softmax(1)), "accuracy", {}),
        ("classes", lambda: layers(torch.nn.LogSoftmax(1)), "accuracy", {}),
        ("classes", lambda: layers(torch.nn.Sigmoid()), "accuracy", {}),
        ("classes", lambda: layers(torch.nn.LogSoftmax(1)), "accuracy", {"loss": "NLLLoss"}),
        ("two", lambda: layers(outputs=1), "accuracy", {}),
        ("two", lambda: layers(torch.nn.Sigmoid(), outputs=1), "accuracy", {}),
        ("two", lambda: layers(outputs=2), "accuracy", {"output": Output(scale=OutputScale.LOGITS)}),
        ("labels", layers, "accuracy", {}),
        ("labels", lambda: layers(torch.nn.Sigmoid()), "accuracy", {}),
        ("values", lambda: layers(outputs=1), "mae", {}),
        ("values", lambda: layers(torch.nn.Flatten(0), outputs=1), "mae", {"task": Task.REGRESSION}),
        ("values", lambda: layers(outputs=1), "mae", {"loss": "HuberLoss"}),
    ],
)
def test_each_kind_of_target_is_learned_by_a_fitting_loss(
    school: School, kind: str, module: Callable[[], Any], figure: str, settings: dict[str, Any]
) -> None:
    """From logits, probabilities and their logarithms, one output or several: what is held out gets better."""
    school.admit(module(), kind)
    trained = school.train(epochs=12, **settings)
    first, best = school.epochs[0].epoch.figures, school.epochs[trained.best_epoch - 1].epoch.figures
    assert set(first) == {"loss", figure, "val_loss", f"val_{figure}"}
    assert best["val_loss"] < 0.8 * first["val_loss"]
    assert (trained.train_rows, trained.validation_rows) == (87, 10)


@pytest.mark.parametrize(
    ("module", "settings", "sentence", "way"),
    [
        (
            frozen,
            {},
            "no parameter that could be trained: frozen, optimised or quantised",
            "before it is frozen",
        ),
        (fixed, {}, "no parameter that could be trained: all its parameters are marked as fixed", "command"),
        (layers, {"fresh": True}, "cannot begin from scratch", "without --from-scratch"),
        (layers, {"optimizer": "lion"}, "torch has no optimizer 'lion'", "adam, adamw, sgd"),
        (layers, {"loss": "Huber"}, "torch.nn has no loss 'Huber'", "HuberLoss"),
        (
            layers,
            {"loss": "MSELoss"},
            "one class an example, which MSELoss does not take",
            "CrossEntropyLoss",
        ),
        (Two, {}, "The module has 2 outputs", "command"),
        (Deep, {}, "output is float32 [?, 3, 1], not one row of numbers per example", "command"),
        (Detached, {}, "by anything that has a gradient", "command"),
        (lambda: layers(outputs=2), {}, "train.npz has label 2", "labels"),
        (
            layers,
            {"learning_rate": 1e30, "optimizer": "sgd"},
            "no number any more after epoch",
            "learning_rate",
        ),
    ],
)
def test_what_cannot_be_trained_is_one_clear_sentence(
    school: School, module: Callable[[], Any], settings: dict[str, Any], sentence: str, way: str
) -> None:
    """It says what is in the way and what to do, and nothing is saved."""
    school.admit(module())
    with pytest.raises(JobError) as raised:
        school.train(**settings)
    assert sentence in raised.value.message
    assert way in raised.value.hint
    assert school.last is not None
    assert not (school.last / "model.pt").exists()
