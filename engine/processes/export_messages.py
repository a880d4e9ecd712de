"""What the engine and a model process say to each other about making another model of the loaded one.

Part of `engine.processes.protocol`, which decodes these with all others.
"""

from typing import Final

import msgspec

from engine.protocols import Temperature
from storage.settings import Output, Preprocess
from storage.vocabulary import Quantization

MAXIMUM_OUTPUT_BYTES: Final = 8 * 1024 * 1024
"""Of one answer to `Predict`: half a message, so that masks and embeddings come as fewer examples."""

WRITTEN: Final = "export"
"""The folder of a model process' scratch folder that it writes results to."""


class Predict(msgspec.Struct, tag=True, frozen=True):
    """Answer examples that are spread evenly over the data, at first one alone, then many together."""

    data: str
    preprocess: Preprocess
    output: Output
    rows: int
    """The most that are answered."""


class Export(msgspec.Struct, tag=True, frozen=True):
    """Make an artefact of another kind of the loaded one, in the scratch folder."""

    converter: str
    """``module:function``."""
    artefact: str
    """What the file or folder is to be called."""
    quantize: Quantization | None
    data: str
    """Where examples come from that are needed on the way."""
    preprocess: Preprocess
    temperature: Temperature | None = None
    """By what a classifier's outputs are softened or sharpened on the way; ``None`` leaves them as they are."""


class FitTemperature(msgspec.Struct, tag=True, frozen=True):
    """Find the temperature that makes the probabilities of a classifier mean what they say, on labelled data."""

    data: str
    labels: tuple[str, ...]
    preprocess: Preprocess
    output: Output


class TemperatureFitted(msgspec.Struct, tag=True, frozen=True):
    """The temperature, and whether it helps on examples that had no part in fitting it."""

    temperature: Temperature
    n: int
    """Examples that it was fitted on."""
    dataset_sha256: str
    loss_before: float
    """The mean log loss of an example as the model is."""
    loss_after: float
    """The same with a temperature that was fitted on other examples."""
    gain_low: float
    """The least that the loss falls by, with 95 % confidence."""
    ece_before: float | None
    """The expected calibration error; ``None`` where an example may have several labels."""
    ece_after: float | None


class Predicted(msgspec.Struct, tag=True, frozen=True):
    """The output with the predictions, a row an example."""

    values: bytes
    """Little-endian float32, row after row."""
    rows: int
    width: int
    """Numbers of a row."""
    dataset_sha256: str


class Converted(msgspec.Struct, tag=True, frozen=True):
    """The artefact lies in the scratch folder."""

    duration_s: float
