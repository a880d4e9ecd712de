"""A TorchScript module that is trained, with its optimiser: what it answers, and its state as plain arrays and back.

Owns which modules can be trained at all, and the sentences about those that cannot. Runs in a model process only.
"""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray

from engine.data.examples import Examples
from engine.frameworks.torch import tensor
from engine.runtimes.torchscript.loader import flat
from engine.training import checkpoint
from engine.training.course import State
from engine.training.requests import TrainModel
from storage.errors import JobError

TRIED: Final = 512
"""Examples from which is told what the outputs are: few enough for any module, enough that logits leave 0 to 1."""

OPTIMIZERS: Final[dict[str, Callable[..., torch.optim.Optimizer]]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "sgd": torch.optim.SGD,
    "rmsprop": torch.optim.RMSprop,
    "nadam": torch.optim.NAdam,
}

OWN_PROGRAM: Final = 'name a program of yours that trains it: [train] command = ["python", "train.py"].'

CHANCE: Final = "chance"
"""What the state of the random numbers is called in a checkpoint."""


class Pupil(NamedTuple):
    """The module that is trained, and by what."""

    request: TrainModel
    module: Any
    optimizer: torch.optim.Optimizer

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """Its parameters and buffers, in their own order."""
        found = [*self.module.parameters(), *self.module.buffers()]
        return {f"module.{place}": one for place, one in enumerate(found)}

    @property
    def trained(self) -> list[torch.Tensor]:
        """The parameters that are changed."""
        return [one for group in self.optimizer.param_groups for one in group["params"]]

    def answered(self, inputs: Iterable[torch.Tensor]) -> torch.Tensor:
        """Return its output for a batch, a row an example.

        Raises:
            JobError: the module has several, or another form.
        """
        given = flat(self.module(*inputs))
        if len(given) != 1:
            raise JobError(
                f"The module has {len(given)} outputs, and only one can be trained for here.",
                f"Save a module with one output, or {OWN_PROGRAM}",
            )
        answer = given[0].unsqueeze(1) if given[0].ndim == 1 else given[0]
        if answer.ndim != 2:
            shape = ", ".join(["?", *map(str, answer.shape[1:])])
            raise JobError(
                f"The module's output is {str(answer.dtype).removeprefix('torch.')} [{shape}], not one row of numbers per example.",
                f"Only such outputs can be trained for here: {OWN_PROGRAM}",
            )
        return answer

    def scores(self, examples: Examples) -> "NDArray[Any]":
        """Return what it answers to the first examples as it is."""
        self.module.eval()
        with torch.no_grad():
            answer = self.answered(map(tensor, examples.batch(0, min(TRIED, examples.rows))))
        return np.asarray((answer.float() if answer.dtype is torch.bfloat16 else answer).numpy())

    def state(self) -> State:
        """Return what can be told of what a training changes."""
        return State(
            # Copies: the next step writes into a parameter's own memory.
            weights=lambda: [_array(one).copy() for one in self.tensors.values()],
            everything=self._everything,
        )

    def restore(self, file: Path) -> checkpoint.Progress:
        """Set all to what a checkpoint holds and return how far it was; of a damaged one take nothing."""
        tensors, chance = self.tensors, torch.get_rng_state()
        shapes = {name: tuple(one.shape) for name, one in tensors.items()}
        found = checkpoint.restore(file, {**shapes, CHANCE: tuple(chance.shape)})
        if found is None:
            return checkpoint.Progress()
        for name, one in tensors.items():
            assign(one, found.state[name])
        for place, parameter in enumerate(self.trained):
            prefix = _moments(place)
            kept = {name: array for name, array in found.state.items() if name.startswith(prefix)}
            self.optimizer.state[parameter] = {
                name.removeprefix(prefix): torch.from_numpy(array) for name, array in kept.items()
            }
        torch.set_rng_state(torch.from_numpy(found.state[CHANCE]))
        return found.progress

    def _everything(self) -> "dict[str, NDArray[Any]]":
        state = {name: _array(one) for name, one in self.tensors.items()}
        for place, parameter in enumerate(self.trained):
            for name, value in self.optimizer.state[parameter].items():
                # Without momentum there is none, and its place is kept free.
                if value is not None:
                    state[f"{_moments(place)}{name}"] = _array(value)
        return {**state, CHANCE: torch.get_rng_state().numpy()}


def open_pupil(request: TrainModel, place: torch.device) -> Pupil:
    """Return the module that a request is about, with its optimiser.

    Raises:
        JobError: it has nothing that could be trained, or not as it is asked for.
    """
    settings = request.settings
    if request.fresh:
        raise JobError(
            "A TorchScript module does not tell how its weights are drawn, so it cannot begin from scratch.",
            f"Train it on without --from-scratch, or {OWN_PROGRAM}",
        )
    if settings.optimizer not in OPTIMIZERS:
        raise JobError(
            f"torch has no optimizer '{settings.optimizer}'.",
            f"Set [train] optimizer to one of {', '.join(OPTIMIZERS)}.",
        )
    module = torch.jit.load(request.artefact, map_location=place)
    parameters = list(module.parameters())
    trained = [one for one in parameters if one.requires_grad]
    if not trained:
        why = "all its parameters are marked as fixed" if parameters else "frozen, optimised or quantised"
        raise JobError(
            f"The module holds no parameter that could be trained: {why}.",
            f"Save it with torch.jit.save before it is frozen, or {OWN_PROGRAM}",
        )
    return Pupil(request, module, OPTIMIZERS[settings.optimizer](trained, lr=settings.learning_rate))


def _moments(place: int) -> str:
    """Return what the names of an optimiser's numbers for a parameter begin with in a checkpoint."""
    return f"optimizer.{place}."


def _array(one: torch.Tensor) -> "NDArray[Any]":
    """Return a tensor's numbers; numpy has no bfloat16, so of those it is their bits."""
    known = one.detach().cpu()
    return np.asarray((known.view(torch.int16) if known.dtype is torch.bfloat16 else known).numpy())


def assign(one: torch.Tensor, array: "NDArray[Any]") -> None:
    """Set a tensor to numbers as `Pupil.state` tells them."""
    value = torch.from_numpy(array)
    with torch.no_grad():
        one.copy_(value.view(torch.bfloat16) if one.dtype is torch.bfloat16 else value)
