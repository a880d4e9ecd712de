"""What is done to inputs before the model sees them.

Owns the arithmetic of `[preprocess]`, one chunk at a time: reshape, dtype, scale, mean and std, layout,
flatten, in this order. It must not guess: what the settings do not say is not done. Whenever its results change, raise
`fingerprint.RULES`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Preprocess

CHANNELS = frozenset({1, 3, 4})
"""Grey, colour, colour with transparency: how a channel axis is told from height and width."""

KEY = f"Correct [preprocess] in {OWN_SETTINGS}."


def apply(preprocess: Preprocess, chunk: "NDArray[Any]") -> "NDArray[Any]":
    """Return ``chunk`` (first axis the examples) as the model is to see it, in C order.

    Arithmetic is done in float32, or in float64 where that is the dtype that is asked for.

    Raises:
        JobError: the settings do not fit the data's axes.
    """
    if preprocess.resize:
        _check_size(preprocess.resize, chunk)
    if preprocess.reshape:
        chunk = _reshaped(preprocess.reshape, chunk)
    if preprocess.scale is not None or preprocess.mean or preprocess.std:
        chunk = _arithmetic(preprocess, chunk)
    elif preprocess.dtype:
        chunk = chunk.astype(preprocess.dtype, copy=False)
    if preprocess.layout:
        chunk = _arrange(chunk, preprocess.layout)
    if preprocess.flatten:
        chunk = chunk.reshape(len(chunk), -1)
    return np.ascontiguousarray(chunk)


def _check_size(size: tuple[int, ...], chunk: "NDArray[Any]") -> None:
    """Images of a folder were resized when they were prepared; arrays are not resized."""
    if chunk.shape[1:3] != size:
        raise JobError(
            f"preprocess.resize works on folders of images, and the inputs are arrays of shape {_shape(chunk)}.",
            "Save them in the size that the model takes, or as images in one folder a class.",
        )


def _reshaped(shape: tuple[int, ...], chunk: "NDArray[Any]") -> "NDArray[Any]":
    """Return each example in another shape, its numbers in their order."""
    try:
        return chunk.reshape(len(chunk), *shape)
    except ValueError:
        raise JobError(
            f"preprocess.reshape cannot make {' x '.join(map(str, shape))} of inputs of shape {_shape(chunk)}.",
            KEY,
        ) from None


def _arithmetic(preprocess: Preprocess, chunk: "NDArray[Any]") -> "NDArray[Any]":
    asked = np.dtype(preprocess.dtype or "float32")
    working = np.float64 if asked == np.float64 else np.float32
    if asked.kind != "f" and preprocess.dtype:
        # What whole numbers cannot hold is lost before the arithmetic, as asked.
        chunk = chunk.astype(asked, copy=False)
    # Converted and scaled in one pass: memory is what preprocessing waits for. Then in place: a chunk is the
    # largest thing in memory here.
    values: NDArray[Any]
    if preprocess.scale is not None:
        values = np.multiply(chunk, working(preprocess.scale), dtype=working)
    else:
        values = chunk.astype(working)
    if preprocess.mean:
        np.subtract(values, _along(preprocess.mean, values, "mean"), out=values)
    if preprocess.std:
        np.divide(values, _along(preprocess.std, values, "std"), out=values)
    return values.astype(asked, copy=False) if asked.kind == "f" else values


def _along(numbers: tuple[float, ...], values: "NDArray[Any]", key: str) -> "NDArray[Any]":
    """Return ``numbers`` shaped to meet the channel axis of ``values``: the last axis or the second."""
    array = np.asarray(numbers, dtype=values.dtype)
    if len(numbers) == 1:
        return array
    last, second = values.ndim - 1, 1
    fitting = [
        axis for axis in {last, second} if 0 < axis < values.ndim and values.shape[axis] == len(numbers)
    ]
    if len(fitting) != 1:
        raise JobError(
            f"preprocess.{key} has {len(numbers)} numbers, which fits "
            f"{'no axis' if not fitting else 'two axes'} of inputs of shape {_shape(values)}.",
            KEY,
        )
    return array.reshape([-1 if axis == fitting[0] else 1 for axis in range(values.ndim)])


def _arrange(chunk: "NDArray[Any]", layout: str) -> "NDArray[Any]":
    """Return images with their channel axis where ``layout`` wants it; three axes gain one."""
    if chunk.ndim == 3:
        return chunk[..., np.newaxis] if layout == "NHWC" else chunk[:, np.newaxis]
    if chunk.ndim != 4:
        raise JobError(f"preprocess.layout needs images, but the inputs have the shape {_shape(chunk)}.", KEY)
    first, last = chunk.shape[1] in CHANNELS, chunk.shape[3] in CHANNELS
    if first == last:
        raise JobError(
            f"preprocess.layout cannot tell the channel axis of inputs of shape {_shape(chunk)}.",
            "Save the data in the order that the model wants and leave preprocess.layout out.",
        )
    if layout == "NHWC" and first:
        return chunk.transpose(0, 2, 3, 1)
    if layout == "NCHW" and last:
        return chunk.transpose(0, 3, 1, 2)
    return chunk


def _shape(array: "NDArray[Any]") -> str:
    return f"[?{''.join(f', {size}' for size in array.shape[1:])}]"
