"""Loads ``.pt2`` programs and runs them.

Runs in a model process only. Importing this module imports torch and what loading needs, so that the host can fork
without paying again; it opens no device and starts no thread. It must not be imported by the engine.
"""

import io
import logging
import sys
import warnings
from collections.abc import Iterator, Sequence
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import Pipe, get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import torch
import torch.export
from numpy.typing import NDArray
from torch.utils import _pytree as pytree

from engine.frameworks.torch import arrays, prepare, tensor
from engine.protocols import TensorSpec
from storage.errors import JobError
from storage.text import first_line

# torch tells people of its plans and prints what went wrong before it raises it; both end where nobody looks.
logging.getLogger("torch.export").setLevel(logging.ERROR)
logging.getLogger("torch.export.pt2_archive._package").setLevel(logging.CRITICAL)


class _Nothing(torch.nn.Module):  # type: ignore[misc]  # torch's types are not read
    def forward(self, x: Any) -> Any:
        return x + 1


def _load_one() -> None:
    dynamic = ({0: torch.export.Dim("batch")},)
    program = torch.export.export(_Nothing(), (torch.zeros(2, 2),), dynamic_shapes=dynamic, strict=False)
    saved = io.BytesIO()
    torch.export.save(program, saved)
    saved.seek(0)
    torch.export.load(saved).module()


def _tell_modules(parent: Connection) -> None:
    try:
        _load_one()
        parent.send(list(sys.modules))
    except Exception as error:  # noqa: BLE001 - whatever it is, whoever waits for the names is to fail of it
        parent.send(error)


def _modules() -> list[str]:
    """Return what a process of its own has imported when it has loaded a program, in the order of their imports."""
    here, there = Pipe(duplex=False)
    other = get_context("fork").Process(target=_tell_modules, args=(there,))
    other.start()
    there.close()
    told = here.recv()
    other.join()
    if isinstance(told, Exception):
        raise told
    return list(told)


def _import_all() -> None:
    """Have torch import what it loads a program with: it does so piecemeal, and behind the walls each piece costs more.

    To load one it runs operations, and where it is built for CUDA those start the driver: then CUDA starts in no process
    that is forked from this one. There another process loads it, and this one imports what that has imported.
    """
    if not torch.backends.cuda.is_built():
        _load_one()
        return
    for name in _modules():
        # Some of what torch keeps among the modules is made by its own code and found nowhere.
        if name not in sys.modules and find_spec(name) is not None:
            import_module(name)


with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    _import_all()


class ExportedModel:
    """An exported program behind flat inputs and outputs."""

    def __init__(self, program: Any, device: torch.device) -> None:
        self._device = device
        self._elsewhere = device.type != "cpu"
        self._module = program.module().to(device)
        self._takes = program.call_spec.in_spec
        count = len(program.graph_signature.user_inputs)
        self._plain = self._takes == pytree.tree_structure(((0,) * count, {}))
        """Whether it takes its tensors one after another: no lists, no names."""
        self.inputs = tuple(_spec(program, name) for name in program.graph_signature.user_inputs)
        self.outputs = tuple(_spec(program, name) for name in program.graph_signature.user_outputs)
        self.parameters: int | None = _count(program)
        self._tensors = list(program.state_dict.items())

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each parameter and buffer with its name."""
        return arrays(self._tensors)

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        with torch.inference_mode():
            tensors = [tensor(array) for array in inputs]
            if self._elsewhere:
                tensors = [given.to(self._device) for given in tensors]
            if self._plain:
                # By far the most usual, and folding and unfolding would be felt with small models.
                answer = self._module(*tensors)
            else:
                arguments, named = pytree.tree_unflatten(tensors, self._takes)
                answer = self._module(*arguments, **named)
            answers = [answer] if isinstance(answer, torch.Tensor) else pytree.tree_leaves(answer)
            return tuple(answer.cpu().numpy() for answer in answers)


def load(artefact: Path, device: str) -> ExportedModel:
    """Return the program in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, the file cannot be read, or the program takes or gives what is no tensor.
    """
    place = prepare(device)
    with warnings.catch_warnings():
        # Of older layouts, and of its own read-only buffers: nothing that who runs a saved file can act on.
        warnings.simplefilter("ignore")
        # Opened here, so that a file by another name is taken for what its content says.
        try:
            with artefact.open("rb") as stream:
                program = torch.export.load(stream)
        except Exception as error:
            # It raises whatever the parts of the file do; the first line is the reason.
            raise JobError(
                f"torch cannot read the program: {first_line(error)}.",
                f"Export it again with the torch that is installed here ({torch.__version__}).",
            ) from error
        return ExportedModel(program, place)


def _spec(program: Any, name: object) -> TensorSpec:
    """Return what the graph says of an input or output; a size that may vary is free."""
    node = next((node for node in program.graph.nodes if node.name == name), None)
    tensor = None if node is None else node.meta.get("val")
    if not isinstance(tensor, torch.Tensor):
        raise JobError(
            f"The program takes or gives {type(name).__name__} {name}, which is no tensor.",
            "Export a module whose forward takes tensors and returns tensors.",
        )
    shape = tuple(size if isinstance(size, int) else None for size in tensor.shape)
    return TensorSpec(str(name), shape, str(tensor.dtype).removeprefix("torch."))


def _count(program: Any) -> int:
    """Count weights and the statistics kept beside them, not counters and indices."""
    tensors = [*program.parameters(), *(buffer for buffer in program.buffers() if buffer.is_floating_point())]
    return sum(tensor.numel() for tensor in tensors)
