"""Loads TorchScript archives and runs them, frozen where that works.

Runs in a model process only. Importing this module imports torch, so that the host can fork without paying
again; it runs no operation, opens no device and starts no thread. It must not be imported by the engine.
"""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from engine.frameworks.torch import arrays, prepare, tensor
from engine.protocols import TensorSpec
from storage.errors import JobError


class TorchScriptModel:
    """A scripted module. The format tells the names of its inputs and how many outputs there are, not their shapes."""

    def __init__(self, module: Any, device: torch.device) -> None:
        self._device = device
        self._elsewhere = device.type != "cpu"
        self.inputs = tuple(TensorSpec(name, None, "") for name in argument_names(module))
        self.outputs = tuple(TensorSpec(name, None, "") for name in _output_names(module))
        self.parameters: int | None = _count(module)
        # Frozen it has no parameters any more, only constants; these are the same memory.
        self._tensors = [*module.named_parameters(), *module.named_buffers()]
        self._module = _frozen(module)

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each parameter and buffer with its name."""
        return arrays(self._tensors)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        with torch.inference_mode():
            # No gradient is recorded here, so nothing has to be detached.
            if self._elsewhere:
                answer = self._module(*[tensor(array).to(self._device) for array in inputs])
            else:
                answer = self._module(*map(tensor, inputs))
                if isinstance(answer, torch.Tensor):
                    # By far the most usual, and small models answer in microseconds.
                    return (answer.numpy(),)
            return tuple(given.cpu().numpy() for given in flat(answer))


def load(artefact: Path, device: str) -> TorchScriptModel:
    """Return the model in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used.
    """
    place = prepare(device)
    with warnings.catch_warnings():
        # torch wants people to move to torch.export; who runs a saved file cannot act on that.
        warnings.filterwarnings("ignore", message=".*torch.jit", category=DeprecationWarning)
        module = torch.jit.load(str(artefact), map_location=place)
        module.eval()
        return TorchScriptModel(module, place)


def argument_names(module: Any) -> list[str]:
    """Return the names of what ``forward`` must be given."""
    arguments = module.forward.schema.arguments[1:]
    return [argument.name for argument in arguments if not argument.has_default_value()]


def _output_names(module: Any) -> list[str]:
    """Return names for what ``forward`` gives: counted, as it has none; of a list or dictionary nothing is known."""
    (given,) = (returned.type for returned in module.forward.schema.returns)
    if given.kind() == "TensorType":
        return ["output"]
    if given.kind() == "TupleType":
        return [f"output {place}" for place, _part in enumerate(given.elements())]
    return []


def _count(module: Any) -> int:
    """Count weights and the statistics kept beside them, not counters and indices."""
    tensors = [*module.parameters(), *(buffer for buffer in module.buffers() if buffer.is_floating_point())]
    return sum(tensor.numel() for tensor in tensors)


def _frozen(module: Any) -> Any:
    """Return the module with its weights as constants; numerics stay as they were saved."""
    try:
        return torch.jit.freeze(module, optimize_numerics=False)
    except RuntimeError:
        # Some modules cannot be frozen (they change their own attributes); they run as they are.
        return module


def flat(answer: Any) -> list[torch.Tensor]:
    """Return what a module answers, as the list of its outputs.

    Raises:
        JobError: there is something else than tensors in it.
    """
    if isinstance(answer, torch.Tensor):
        return [answer]
    values = list(answer.values()) if isinstance(answer, dict) else answer
    if isinstance(values, (list, tuple)) and all(isinstance(value, torch.Tensor) for value in values):
        return list(values)
    raise JobError(
        f"The model answers with {type(answer).__name__}, not with tensors.",
        "Save a module whose forward returns a tensor.",
    )
