"""What the runtimes on TensorFlow share: its names of devices, and functions that are traced once and then called.

Runs in a model process only. Importing this module imports TensorFlow; it runs no operation, opens no device and
starts no thread. It must not know any format.
"""

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf
from numpy.typing import NDArray

from storage.errors import JobError


class Compiled:
    """A function with a fixed signature, traced once: no call of it traces again, whatever the batch's size."""

    def __init__(self, call: "Callable[..., Any]", signature: "Sequence[tf.TensorSpec]", device: str) -> None:
        """Trace ``call``, which takes and gives flat lists of tensors, on ``device``."""
        self._device = device
        with tf.device(device):
            traced = tf.function(call, input_signature=list(signature), autograph=False)
            self._function = traced.get_concrete_function()

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch."""
        with tf.device(self._device):
            answers = self._function(*[tf.convert_to_tensor(array) for array in inputs])
        return tuple(answer.numpy() for answer in answers)


def device_name(device: str) -> str:
    """Return TensorFlow's name of a device, after making sure that no other one is used instead.

    Raises:
        JobError: it cannot be used.
    """
    kind, _, index = device.partition(":")
    if kind == "cpu":
        tf.config.set_visible_devices([], "GPU")
        return "/CPU:0"
    if kind != "cuda":
        raise JobError(f"TensorFlow cannot run on {device}.", "Choose cpu, or cuda:0 if there is one.")
    available = len(tf.config.list_physical_devices("GPU"))
    if int(index or 0) >= available:
        raise JobError(
            f"TensorFlow finds {available} GPUs here, so {device} cannot be used.",
            "Install a TensorFlow with CUDA support (pip install 'tensorflow[and-cuda]'), or choose cpu.",
        )
    return f"/GPU:{int(index or 0)}"
