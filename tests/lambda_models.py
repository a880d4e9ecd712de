"""Keras models whose author wrote a layer in Python: honest ones, as they are refused until their owner trusts them."""

import warnings
from pathlib import Path

from tests.tiny_models import import_keras, keras_model

LAYER = "twice and back"
"""The name of the layer that is Python."""


def save_with_lambda(file: Path, name: str = LAYER) -> Path:
    """Save the tiny digits model behind a Lambda layer that changes nothing, and return the file."""
    keras = import_keras()
    plain = keras_model()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Keras' own, while it saves
        image = keras.Input(plain.input_shape[1:])
        own = keras.layers.Lambda(lambda pixels: (pixels + pixels) / 2.0, name=name)
        file.parent.mkdir(parents=True, exist_ok=True)
        keras.Model(image, plain(own(image))).save(file)
    return file
