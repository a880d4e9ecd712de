"""Malformed LiteRT files, which LiteRT itself has trusted and crashed over.

Owns the writers; a good file is converted once with TensorFlow, and its offsets and sizes are spoiled.
"""

import struct
import warnings
from functools import cache
from pathlib import Path

from sample_models.hostile.attack import Attack, Stop
from storage.vocabulary import Format

WIDTH = 7919
"""The width of the good model: a prime, so that it is found in the file again."""

SHAPE = struct.pack("<2i", 1, WIDTH)

MARK_ONLY = b"\x18\0\0\0TFL3"
"""The shortest file that bears the mark of the format (tensorflow#115308)."""


def mark_only(file: Path, canary: Path) -> Path:
    """Write eight bytes: an offset to nowhere, and the mark."""
    del canary  # it attacks the process that opens it
    file.write_bytes(MARK_ONLY)
    return file


def bad_offset(file: Path, canary: Path) -> Path:
    """Write a model whose first table lies far outside the file."""
    del canary  # as above
    file.write_bytes(struct.pack("<I", 0x7FFFFFF0) + _good()[4:])
    return file


def bad_vector(file: Path, canary: Path) -> Path:
    """Write a model with a list that is said to have two thousand million entries."""
    del canary  # as above
    good = bytearray(_good())
    at = good.index(SHAPE) - 4
    good[at : at + 4] = struct.pack("<I", 0x7FFFFFFF)
    file.write_bytes(good)
    return file


def huge_shape(file: Path, canary: Path) -> Path:
    """Write a model whose tensors have more elements than a number can count."""
    del canary  # as above
    file.write_bytes(_good().replace(SHAPE, struct.pack("<2i", 0x7FFFFFFF, 0x7FFFFFFF)))
    return file


def vast(file: Path, canary: Path) -> Path:
    """Write a model whose tensors take a tebibyte."""
    del canary  # it attacks memory
    file.write_bytes(_good().replace(SHAPE, struct.pack("<2i", 2**19, 2**19)))
    return file


@cache
def _good() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # TensorFlow's own
        import tensorflow as tf

        made = tf.Module()
        signature = [tf.TensorSpec([1, WIDTH], tf.float32)]
        made.f = tf.function(lambda x: tf.exp(x) + 1.0, input_signature=signature, autograph=False)
        concrete = made.f.get_concrete_function()
        converted: bytes = tf.lite.TFLiteConverter.from_concrete_functions([concrete], made).convert()
    return converted


ATTACKS = (
    Attack(
        "mark.tflite",
        14,
        "eight bytes with the mark of a LiteRT file and nothing behind it",
        mark_only,
        "is cut short",
        opens_as=Format.LITERT,
    ),
    Attack(
        "offset.tflite",
        14,
        "a LiteRT file whose tables lie outside of it",
        bad_offset,
        "is cut short",
        opens_as=Format.LITERT,
    ),
    Attack(
        "vector.tflite",
        14,
        "a LiteRT file with a list of two thousand million entries",
        bad_vector,
        "is cut short",
        opens_as=Format.LITERT,
    ),
    Attack(
        "shape.tflite",
        14,
        "a LiteRT file with more elements than a number can count",
        huge_shape,
        "LiteRT does not accept the model",
        Stop.WALLED,
        Format.LITERT,
    ),
    Attack(
        "vast.tflite",
        18,
        "a LiteRT file that asks for 1 TiB",
        vast,
        "LiteRT does not accept the model",
        Stop.WALLED,
        Format.LITERT,
    ),
)
