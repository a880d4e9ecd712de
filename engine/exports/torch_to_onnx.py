"""TorchScript to ONNX with the exporter that torch brings for it, which needs nothing but the package onnx."""

from engine.protocols import ExportRoute
from storage.vocabulary import Format

ROUTES = (
    ExportRoute(
        sources=(Format.TORCHSCRIPT,),
        target=Format.ONNX,
        framework="torch",
        converter="engine.runtimes.torchscript.exporting:to_onnx",
        artefact="model.onnx",
        says="float32, as they are",
        needs=("onnx",),
    ),
)
