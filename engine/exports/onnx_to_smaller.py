"""ONNX to ONNX with smaller numbers, by the tools that ONNX Runtime brings."""

from engine.protocols import ExportRoute
from storage.vocabulary import Format, Quantization

SAYS = {
    Quantization.FLOAT16: "float16; inputs and outputs stay float32",
    Quantization.DYNAMIC: "weights int8, activations quantised when they come",
    Quantization.INT8: "weights and activations int8; inputs and outputs stay float32",
}

ROUTES = tuple(
    ExportRoute(
        sources=(Format.ONNX,),
        target=Format.ONNX,
        quantize=quantize,
        framework="onnxruntime",
        converter="engine.runtimes.onnx.exporting:to_smaller",
        artefact="model.onnx",
        says=says,
        needs=("onnx",),
        calibrated=quantize is Quantization.INT8,
    )
    for quantize, says in SAYS.items()
)
