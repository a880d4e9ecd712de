"""What the runtimes on torch share: its devices, its threads, and how arrays become its tensors.

Runs in a model process only. Importing this module imports torch; it runs no operation, opens no device and starts no
thread. It must not know any format.
"""

import os
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from numpy.typing import NDArray

from storage.errors import JobError
from storage.text import clean


def prepare(device: str) -> torch.device:
    """Make torch use the allotted cores and repeat itself; return the device that ``device`` names.

    Raises:
        JobError: it cannot be used.
    """
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    # What draws random numbers draws the same each time.
    torch.manual_seed(0)
    kind, _, index = device.partition(":")
    if kind == "cpu":
        return torch.device("cpu")
    if kind != "cuda":
        raise JobError(f"torch cannot run on {device}.", "Choose cpu, or cuda:0 if there is one.")
    available = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if int(index or 0) >= available:
        raise _absent(device, available)
    return torch.device("cuda", int(index or 0))


def _absent(device: str, available: int) -> JobError:
    """Return why a GPU cannot be used: torch counts none where its driver does not start, and says why only if asked."""
    found = f"torch finds {available} GPUs here, so {device} cannot be used"
    if not available and torch.version.cuda:
        try:
            torch.cuda.init()
        except RuntimeError as error:
            return JobError(f"{found}: {clean(str(error), 200)}.", "Choose cpu, or see: modeltender doctor")
    return JobError(f"{found}.", "Install a torch with CUDA support, or choose cpu.")


def tensor(array: "NDArray[Any]") -> torch.Tensor:
    """Return a tensor of the same memory, or of a copy where that may only be read."""
    # A mapped or shared array is read-only, which torch cannot express: it would warn, or write.
    return torch.from_numpy(array if array.flags.writeable else array.copy())


def arrays(tensors: "Iterable[tuple[str, torch.Tensor]]") -> "Iterator[tuple[str, NDArray[Any]]]":
    """Yield each tensor as an array, with its name."""
    for name, held in tensors:
        # numpy has no bfloat16.
        known = held.float() if held.dtype is torch.bfloat16 else held
        yield name, known.detach().cpu().numpy()
