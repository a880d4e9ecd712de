"""As `loader`, in a process that has torch: where it is installed, an owner's file may use it and its devices.

Runs in a model process only. Importing this module imports torch, so that the host can fork without paying again; it
runs no operation, opens no device and starts no thread. It must not be imported by the engine.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

from engine.frameworks.torch import prepare
from engine.runtimes.safetensors.loader import OwnModel, made


class OwnTorchModel(OwnModel):
    """A model whose owner's file may have built it with torch."""

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch, without recording what only training needs."""
        with torch.inference_mode():
            return super().run(inputs)


def load(artefact: Path, device: str, *, loader: str, source: str) -> OwnTorchModel:
    """Return the model that the file ``loader`` makes of the weights in ``artefact``, ready on ``device``.

    Raises:
        JobError: the device cannot be used, or the file or the weights cannot.
    """
    prepare(device)
    return OwnTorchModel(loader, *made(artefact, device, loader, source))
