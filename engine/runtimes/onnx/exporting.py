"""What ONNX models become: smaller ONNX models, in one file each.

Runs in a model process only. ONNX Runtime's tools for it are imported when they are needed: they bring the package onnx,
which running a model does without.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from numpy.typing import NDArray

from engine.protocols import Conversion
from storage.errors import JobError
from storage.text import first_line
from storage.vocabulary import Quantization

CALIBRATION: Final = 200
"""Examples that ranges are taken from; more change the smallest and largest values little, and each costs one inference."""

QUANTISED: Final = frozenset(
    {
        "DequantizeLinear",
        "DynamicQuantizeLinear",
        "ConvInteger",
        "MatMulInteger",
        "QLinearConv",
        "QLinearMatMul",
    }
)
"""Operators of which a quantised model has at least one."""


def to_smaller(conversion: Conversion) -> None:
    """Write the model with the numbers that the conversion asks for.

    Raises:
        JobError: nothing in the model can be made smaller, or the tools fail on it.
    """
    try:
        if conversion.quantize is Quantization.FLOAT16:
            _to_half(conversion)
        else:
            _quantise(conversion)
    except JobError:
        raise
    except Exception as error:
        # The tools raise what they like; their first line is the reason.
        raise JobError(f"ONNX Runtime's tools do not make the model smaller: {first_line(error)}.") from error


def _to_half(conversion: Conversion) -> None:
    import onnx
    from onnxruntime.transformers.float16 import convert_float_to_float16

    model = onnx.load(str(conversion.artefact))
    if not any(one.data_type == onnx.TensorProto.FLOAT for one in model.graph.initializer):
        raise _nothing_to_do("no float32 weights")
    # Inputs and outputs keep their type, so that whoever calls the model need not know.
    onnx.save_model(convert_float_to_float16(model, keep_io_types=True), str(conversion.destination))


def _quantise(conversion: Conversion) -> None:
    import onnx
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_dynamic, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    with tempfile.TemporaryDirectory() as folder:
        source = str(Path(folder, "model.onnx"))
        # Folds what is constant and finds the shapes that the quantiser needs, as ONNX Runtime's guide advises.
        quant_pre_process(str(conversion.artefact), source, skip_symbolic_shape=True)
        target = str(conversion.destination)
        if conversion.quantize is Quantization.DYNAMIC:
            quantize_dynamic(source, target, weight_type=QuantType.QUInt8)
        else:
            quantize_static(
                source,
                target,
                _Reader(conversion),
                quant_format=QuantFormat.QDQ,
                per_channel=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
    made = onnx.load(target)
    if not any(node.op_type in QUANTISED for node in made.graph.node):
        raise _nothing_to_do("no layer that ONNX Runtime quantises")


class _Reader:
    """Feeds examples to ONNX Runtime's calibration, which asks for one after another until there is ``None``."""

    def __init__(self, conversion: Conversion) -> None:
        self._names = [spec.name for spec in conversion.inputs]
        self._examples: Iterator[tuple[NDArray[Any], ...]] = conversion.examples(CALIBRATION)

    def get_next(self) -> "dict[str, NDArray[Any]] | None":
        """Return the next example by the names of the inputs, or ``None`` after the last one."""
        example = next(self._examples, None)
        return None if example is None else dict(zip(self._names, example, strict=True))


def _nothing_to_do(why: str) -> JobError:
    return JobError(f"The model has {why}: there is nothing to make smaller.", "Keep it as it is.")
