"""From a SavedModel folder to one LiteRT file, for the runtimes on TensorFlow that can make such a folder.

Runs in a model process only. Importing this module imports TensorFlow; it runs no operation, opens no device and
starts no thread. It must not know where the folder came from.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from engine.protocols import Conversion
from storage.errors import JobError
from storage.text import WORDS, clean, first_line
from storage.vocabulary import Quantization

CALIBRATION: Final = 200
"""Examples that ranges are taken from: TensorFlow's guide asks for a hundred at least, and each costs one inference."""

LACKING: Final = (
    re.compile(r"^TF Select ops: (.+)$", re.MULTILINE),
    re.compile(r"^Custom ops: (.+)$", re.MULTILINE),
)
"""Where the converter names the operators that LiteRT itself has not."""


def convert(folder: Path, signature: str, conversion: Conversion) -> None:
    """Write the function ``signature`` of the SavedModel in ``folder`` as a LiteRT file.

    Raises:
        JobError: LiteRT has no operator for something in it.
    """
    converter = tf.lite.TFLiteConverter.from_saved_model(str(folder), signature_keys=[signature])
    if conversion.quantize is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if conversion.quantize is Quantization.FLOAT16:
        converter.target_spec.supported_types = [tf.float16]
    if conversion.quantize is Quantization.INT8:
        converter.representative_dataset = lambda: _fed(conversion)
        # Without this list an operator that has no integers would stay in float32, and nobody would know.
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    try:
        content = converter.convert()
    except JobError:
        raise
    except Exception as error:
        # The converter raises its own type, and others; its words name the operator.
        raise JobError(
            f"TensorFlow's converter does not make LiteRT of the model: {_reason(error)}.",
            "What LiteRT has no operator for can stay a SavedModel.",
        ) from error
    conversion.destination.write_bytes(content)


def _fed(conversion: Conversion) -> "Iterator[list[NDArray[Any]]]":
    if len(conversion.inputs) != 1:
        raise JobError(
            f"Ranges cannot be taken for a model with {len(conversion.inputs)} inputs: the converter orders them anew.",
            "Export it with float16 or dynamic.",
        )
    for (array,) in conversion.examples(CALIBRATION):
        yield [np.ascontiguousarray(array)]


def _reason(error: Exception) -> str:
    """Return what the converter lacks, else its first line: it tells of the compiler's insides at length."""
    lacking = [named for pattern in LACKING for named in pattern.findall(str(error))]
    if lacking:
        return clean(f"LiteRT has no operator for {', '.join(dict.fromkeys(lacking))}", WORDS)
    return first_line(error)
