"""Keras to a SavedModel folder, as Keras itself exports it: the model's serving function, without layers and training."""

from engine.protocols import ExportRoute
from storage.vocabulary import Format

ROUTES = (
    ExportRoute(
        sources=(Format.KERAS, Format.KERAS_H5),
        target=Format.SAVED_MODEL,
        framework="tensorflow",
        converter="engine.runtimes.keras.exporting:to_saved_model",
        artefact="saved_model",
        says="float32, as they are",
    ),
)
