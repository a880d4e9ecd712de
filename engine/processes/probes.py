"""What the engine and a model process say to each other about a few examples: arrays as they are, byte for byte."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from engine.artefacts.doubts import SHOWN_EVIDENCE
from storage.settings import Preprocess

MAXIMUM_BYTES: Final = 4 * 1024 * 1024
"""Of the examples, and of the answers, of one probe: half a dozen photographs; both are kept on record."""

MAXIMUM_ARRAYS: Final = 1000
"""Inputs or outputs of one model, as in `engine.processes.protocol`."""


class PlainArray(msgspec.Struct, frozen=True):
    """An array: its numpy dtype, its shape and its bytes in this machine's order, row by row."""

    dtype: str
    shape: tuple[int, ...]
    data: bytes


class Probe(msgspec.Struct, tag=True, frozen=True):
    """Answer a few examples, and tell what can be told of the weights."""

    inputs: tuple[PlainArray, ...] = ()
    """What the model takes, as it takes it; empty: some of the data."""
    data: str = ""
    preprocess: Preprocess = Preprocess()
    rows: int = 16
    """The most examples that are taken of the data."""


class Probed(msgspec.Struct, tag=True, frozen=True):
    """What a model answered to a few examples, and whether its weights are numbers."""

    inputs: Annotated[tuple[PlainArray, ...], Meta(max_length=MAXIMUM_ARRAYS)]
    """What it was given."""
    outputs: Annotated[tuple[PlainArray, ...], Meta(max_length=MAXIMUM_ARRAYS)]
    repeatable: bool
    """Whether it gave the same bytes when it was asked once more."""
    weights: int | None
    """How many arrays of weights were looked through; ``None`` where the format does not give them."""
    broken_weights: Annotated[tuple[str, ...], Meta(max_length=SHOWN_EVIDENCE)]
    """The first of those that hold NaN or infinity, by name."""


class Repeat(msgspec.Struct, tag=True, frozen=True):
    """Answer the same examples again and again for a while; somebody looks at the process from outside."""

    inputs: tuple[PlainArray, ...]
    duration_s: float
    """They are answered once at least."""


class Repeated(msgspec.Struct, tag=True, frozen=True):
    """How often all of them were answered."""

    times: int
