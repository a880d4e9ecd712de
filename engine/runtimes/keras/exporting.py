"""What Keras models become: SavedModel folders, and through them LiteRT files.

Runs in a model process only, whose host has imported the loader before, which chooses Keras' backend. Its results hold
the serving function alone, with a free batch where the model has one.
"""

import inspect
import tempfile
from pathlib import Path

import keras

from engine.frameworks import litert_converter
from engine.protocols import Conversion
from engine.runtimes.keras.files import read_model

SERVING = "serving_default"
"""What Keras calls the function that answers."""

AS_SAVED_MODEL = {"format": "tf_saved_model", "verbose": False}
"""An older Keras, which another environment may have, knows one or neither, and writes a SavedModel."""


def to_saved_model(conversion: Conversion) -> None:
    """Write the model as a SavedModel folder."""
    _export(conversion, conversion.destination)


def to_litert(conversion: Conversion) -> None:
    """Write the model as a LiteRT file."""
    with tempfile.TemporaryDirectory() as folder:
        _export(conversion, Path(folder))
        litert_converter.convert(Path(folder), SERVING, conversion)


def _export(conversion: Conversion, folder: Path) -> None:
    keras.utils.set_random_seed(0)
    model = read_model(conversion.artefact, trusted=conversion.trusted)
    known = inspect.signature(model.export).parameters
    model.export(str(folder), **{name: value for name, value in AS_SAVED_MODEL.items() if name in known})
