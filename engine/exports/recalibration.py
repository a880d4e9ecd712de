"""The same format again with a temperature built into it: how the probabilities of a classifier are mended.

Built in, and not a setting beside the file, because whoever serves the file must get the mended probabilities without
knowing of it: a setting of ours would be honoured by our evaluations alone, and promise what nobody gets.
"""

from engine.protocols import ExportRoute
from storage.vocabulary import Format

SAYS = "float32, as they are, and a division"

RECALIBRATIONS = (
    ExportRoute(
        sources=(Format.KERAS, Format.KERAS_H5),
        target=Format.KERAS,
        framework="tensorflow",
        converter="engine.runtimes.keras.recalibrating:recalibrate",
        artefact="model.keras",
        says=SAYS,
    ),
    ExportRoute(
        sources=(Format.SAVED_MODEL,),
        target=Format.SAVED_MODEL,
        framework="tensorflow",
        converter="engine.runtimes.savedmodel.recalibrating:recalibrate",
        artefact="saved_model",
        says=SAYS,
    ),
    ExportRoute(
        sources=(Format.TORCHSCRIPT,),
        target=Format.TORCHSCRIPT,
        framework="torch",
        converter="engine.runtimes.torchscript.recalibrating:recalibrate",
        artefact="model.pt",
        says=SAYS,
    ),
    ExportRoute(
        sources=(Format.ONNX,),
        target=Format.ONNX,
        framework="onnxruntime",
        converter="engine.runtimes.onnx.recalibrating:recalibrate",
        artefact="model.onnx",
        says=SAYS,
        needs=("onnx",),
    ),
)
"""One a format."""

ELSEWHERE: dict[Format, str] = {
    Format.LITERT: "such a file cannot be changed once it is made: recalibrate the version that it was exported from, "
    "then export that",
    Format.OPENVINO: "recalibrate the ONNX file that it was converted from, then convert that",
    Format.TORCH_EXPORT: "torch has no supported way to change a program that it has saved: divide the logits by the "
    "temperature before torch.export",
    Format.SAFETENSORS: "its loader is your own program: divide the logits by the temperature there",
}
"""Why there is none for the others, and what to do instead."""


def recalibration(source: Format) -> ExportRoute | None:
    """Return how a format is recalibrated, or ``None`` where it cannot be."""
    return next((route for route in RECALIBRATIONS if source in route.sources), None)
