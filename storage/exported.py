"""What is kept of an export: what it was made from, by which way, and how well its outputs agree with the original's."""

from typing import Final

import msgspec

from storage.records import Record
from storage.vocabulary import Format, Quantization

_LITERT: Final = tuple((Format.LITERT, numbers) for numbers in (None, *Quantization))

WAYS: Final[dict[Format, tuple[tuple[Format, Quantization | None], ...]]] = {
    Format.KERAS: ((Format.SAVED_MODEL, None), *_LITERT),
    Format.KERAS_H5: ((Format.SAVED_MODEL, None), *_LITERT),
    Format.SAVED_MODEL: _LITERT,
    Format.TORCHSCRIPT: tuple((Format.ONNX, numbers) for numbers in (None, *Quantization)),
    Format.ONNX: tuple((Format.ONNX, numbers) for numbers in Quantization),
}
"""What a version of each format can become, for whoever offers it; `engine.exports` does it, and a test holds both together."""


class Parity(msgspec.Struct, frozen=True):
    """How far a model's outputs lie from those of the model that it was made from, on the same examples."""

    dataset: str
    n: int
    """Examples that both have answered."""
    max_difference: float
    """Between any two numbers of the same place."""
    mean_difference: float
    agreement: float | None
    """The share of examples with the same top class, 0 to 1; ``None`` where an answer is no choice among classes."""
    tolerance: float | None
    """What the largest difference may be; ``None`` where numbers were made smaller, so that they must differ."""


class Exported(Record, frozen=True, kw_only=True):
    """Where content came from that an export has made."""

    model: str
    sha256: str
    """Of the content that was made."""
    parent: int
    """The version that it was made from."""
    parent_sha256: str
    source: Format
    target: Format
    quantize: Quantization | None
    parity: Parity
    tools: dict[str, str]
    """Versions of what made it, by name."""
    at: float
    requested_by: str
    temperature: float | None = None
    """By what its probabilities were softened (above 1) or sharpened, where that is what makes it another version."""

    @property
    def verb(self) -> str:
        """What was done to the version that it was made from."""
        if self.temperature is not None:
            return "recalibrated"
        return "rewritten" if self.written_anew else "exported"

    @property
    def written_anew(self) -> bool:
        """Whether it says the same as it did, in the same family of formats: the installed framework had refused it."""
        family = {Format.KERAS_H5: Format.KERAS}
        same = family.get(self.source, self.source) is self.target
        return same and self.quantize is None and self.temperature is None

    @property
    def way(self) -> str:
        """What was made, in a word or two: ``litert, int8``."""
        if self.temperature is not None:
            return f"{self.target}, temperature {self.temperature:.3g}"
        return self.target if self.quantize is None else f"{self.target}, {self.quantize}"


def variant_name(target: Format, quantize: Quantization | None) -> str:
    """Return what a variant of a model is called: ``litert-int8``."""
    return str(target) if quantize is None else f"{target}-{quantize}"
