"""The environment variables that hosts and model processes get, and nothing else of the engine's own."""

import os
from collections.abc import Mapping
from typing import Final

SANDBOX_OFF: Final = "MODELTENDER_SANDBOX_OFF"
"""Names walls that a test does without (``files,network``); the report of every process shows it."""

KEPT: Final = (
    *("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "PYTHONDONTWRITEBYTECODE"),
    *("CUDA_VISIBLE_DEVICES", SANDBOX_OFF),
)
"""What a host inherits from the engine: how to find programs, libraries and devices."""

QUIET: Final = {
    "TF_CPP_MIN_LOG_LEVEL": "2",
    "GRPC_VERBOSITY": "ERROR",
    "KERAS_BACKEND": "tensorflow",
    "PYTHONUNBUFFERED": "1",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
}
"""Chatter off, errors on: the last line of stderr is what a person reads when a model crashes. GPUs are counted
as the driver's own tools count them, so that ``cuda:1`` means the same card to every framework and on the screen."""

YIELDING: Final = {"GOMP_SPINCOUNT": "3000"}
"""How often a thread of torch's looks for more work before it sleeps. By default it looks for milliseconds, which on a
machine whose cores others want too is time taken from the very thread that it waits for: with a load of 10 on 2 cores a
small dense net answered 400 times a second instead of 1,800, MobileNetV2 10 times instead of 50. At rest nothing is lost
that shows (93 against 98 times a second), and a third of the processor time is saved; with 1,000 looks single answers
took a tenth longer. It is read once, when the library is loaded."""

NO_DEVICE: Final = {"CUDA_VISIBLE_DEVICES": "-1", "HIP_VISIBLE_DEVICES": "-1"}
"""For a model process on the CPU: frameworks would otherwise take the first accelerator that they find."""


def for_host(inherited: Mapping[str, str], home: str) -> dict[str, str]:
    """Return the environment of a host whose home is ``home``."""
    kept = {name: inherited[name] for name in KEPT if name in inherited}
    return kept | QUIET | YIELDING | _at_home(home)


def for_model(inherited: Mapping[str, str], scratch: str, *, accelerated: bool) -> dict[str, str]:
    """Return the environment of a model process that may write only ``scratch``."""
    kept = {name: inherited[name] for name in ("PATH", "LANG", *QUIET) if name in inherited}
    if accelerated and "CUDA_VISIBLE_DEVICES" in inherited:
        kept["CUDA_VISIBLE_DEVICES"] = inherited["CUDA_VISIBLE_DEVICES"]
    return kept | _at_home(scratch) | ({} if accelerated else NO_DEVICE)


def replace(environment: Mapping[str, str]) -> None:
    """Make ``environment`` this process' own."""
    os.environ.clear()
    os.environ.update(environment)


def _at_home(folder: str) -> dict[str, str]:
    """Point every habit of writing at one folder; a user name spares libraries from asking ``/etc/passwd``."""
    return {
        "HOME": folder,
        "TMPDIR": folder,
        "TORCHINDUCTOR_CACHE_DIR": folder,
        "XDG_CACHE_HOME": folder,
        "USER": "modeltender",
    }
