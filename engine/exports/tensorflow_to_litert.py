"""Keras and SavedModel to LiteRT with TensorFlow's converter: as they are, or with smaller numbers."""

from engine.protocols import ExportRoute
from storage.vocabulary import Format, Quantization

CONVERTERS = (
    ((Format.KERAS, Format.KERAS_H5), "engine.runtimes.keras.exporting:to_litert"),
    ((Format.SAVED_MODEL,), "engine.runtimes.savedmodel.exporting:to_litert"),
)

ARTEFACT = "model.tflite"

SAYS = {
    None: "float32, as they are",
    Quantization.FLOAT16: "weights float16, computed in float32",
    Quantization.DYNAMIC: "weights int8, the rest float32 or quantised when it comes",
    Quantization.INT8: "weights and activations int8; inputs and outputs stay float32",
}

ROUTES = tuple(
    ExportRoute(
        sources=sources,
        target=Format.LITERT,
        quantize=quantize,
        framework="tensorflow",
        converter=converter,
        artefact=ARTEFACT,
        says=says,
        calibrated=quantize is Quantization.INT8,
    )
    for sources, converter in CONVERTERS
    for quantize, says in SAYS.items()
)
