"""The shapes that several parts of the engine share: what a runtime offers and what it is given.

Framework-free and importable anywhere. It lies outside ``engine/runtimes`` so that runtimes need not know
each other or a common base.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final, NamedTuple, Protocol, runtime_checkable

import msgspec

from engine.artefacts.doubts import Doubt
from storage.exported import variant_name
from storage.records import TensorSpec
from storage.vocabulary import Format, OutputScale, Quantization

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "Conversion",
    "Converter",
    "ExportRoute",
    "HasWeights",
    "LoadedModel",
    "Loader",
    "Options",
    "Recognition",
    "RuntimeSpec",
    "Temperature",
    "TensorSpec",
]


class Recognition(msgspec.Struct, frozen=True):
    """What a file or folder turned out to be, judged by its content without any framework."""

    format: Format | None
    """What to load it as, or ``None`` where it must not be tried."""
    reason: str = ""
    """One sentence: why it must not be tried. Empty where it may be."""
    companions: tuple[Path, ...] = ()
    """The other files that belong to it (ONNX keeps large weights in files of their own)."""
    refused: bool = False
    """Whether it looks made to do harm, as against being merely of another kind."""
    complete: bool = True
    """Whether it is all there; ``False`` may mean that it is still being written."""
    doubt: Doubt | None = None
    """What it asks for by name that only an owner's trust allows; otherwise it is in order."""
    on_trust: Format | None = None
    """What to load it as where its owner trusts this very content; ``None`` where trust changes nothing."""


class RuntimeSpec(msgspec.Struct, frozen=True):
    """What the engine knows about a runtime without loading its framework."""

    name: str
    """The runtime's name as it is shown and stored."""
    framework: str
    """The module that its host imports once before it forks, also the host's name."""
    formats: tuple[Format, ...]
    """What it executes."""
    distributions: tuple[str, ...]
    """Installed distributions whose versions are reported, the one that executes first."""
    extra: str
    """The extra of this package that installs it."""
    loader: str
    """``module:function`` of its loader, resolved in a model process only."""
    needs_sandbox: bool
    """Whether loading it runs code of other people, so that it is refused where files and network are not walled off."""
    alternatives: tuple[tuple[str, str], ...] = ()
    """Other distributions that provide one of ``distributions``: (the name that is shown, the installed one)."""
    accelerators: tuple[str, ...] = ("cuda",)
    """Kinds of device besides the CPU that its loader knows how to use, where the installed build does."""
    options: tuple[str, ...] = ()
    """Keys of ``[runtime]`` in ``model.toml`` that its loader takes, as keyword arguments of the same names."""
    trainer: str = ""
    """``module:function`` of what trains models of its formats, resolved in a model process only; empty where nothing does."""
    hears_of_trust: bool = False
    """Whether its loader takes ``trusted``: its framework has a guard of its own that an owner's trust lifts."""
    stand_in: "RuntimeSpec | None" = None
    """What executes its formats where its own distributions are missing and those of the other are installed."""


Options = tuple[tuple[str, str | int | float | bool], ...]
"""What a loader is told besides the artefact and the device: keyword arguments, in the order of their names."""

LOADER: Final = "loader"
"""The option of a runtime that needs a Python file of the model's owner."""


class LoadedModel(Protocol):
    """A model that is ready to run, inside a model process."""

    inputs: tuple[TensorSpec, ...]
    outputs: tuple[TensorSpec, ...]
    parameters: int | None
    """How many trainable and fixed numbers it holds, or ``None`` where the format does not tell."""

    def run(self, inputs: "Sequence[NDArray[Any]]") -> "tuple[NDArray[Any], ...]":
        """Run one batch: arrays in the order of ``inputs``, first axis the batch; outputs likewise."""
        ...


@runtime_checkable
class HasWeights(Protocol):
    """A loaded model whose format gives its weights."""

    def weights(self) -> "Iterator[tuple[str, NDArray[Any]]]":
        """Return each array of weights with its name, one at a time."""
        ...


class Loader(Protocol):
    """Loads an artefact for one device; raises whatever the framework raises."""

    def __call__(self, artefact: Path, device: str, **options: Any) -> LoadedModel:
        """Return the model in ``artefact``, ready on ``device`` (``cpu``, ``cuda:0``, ...)."""
        ...


class ExportRoute(msgspec.Struct, frozen=True, kw_only=True):
    """One way to make an artefact of another kind, as far as it is known without any framework."""

    sources: tuple[Format, ...]
    target: Format
    quantize: Quantization | None = None
    framework: str
    """Whose host's model processes convert; where another one runs the sources, the way is not open."""
    converter: str
    """``module:function`` of a `Converter`, resolved in such a process only."""
    artefact: str
    """What the file or folder that it writes is called."""
    says: str
    """What becomes of the model's numbers, for people."""
    needs: tuple[str, ...] = ()
    """Installed distributions that it needs besides the source's runtime."""
    calibrated: bool = False
    """Whether the ranges of what flows between layers are taken from validation data."""

    @property
    def name(self) -> str:
        """What its result is called among the variants of a model."""
        return variant_name(self.target, self.quantize)


class Temperature(msgspec.Struct, frozen=True):
    """By what the outputs of a classifier are softened (above 1) or sharpened (below 1)."""

    value: float
    """What logits are divided by."""
    scale: OutputScale
    """How the output is read: logits are divided; of probabilities their logarithms; scores are sigmoids one by one."""
    place: int
    """Of the output with the predictions, counted from 0 in the loader's order."""
    width: int
    """Numbers an example: one alone is a sigmoid too."""

    SMALLEST: ClassVar[float] = 2.0**-126
    """What a probability of 0 is taken for: single precision tells nothing smaller apart from it."""
    NEAREST: ClassVar[float] = 2.0**-24
    """How near to 1 a sigmoid in single precision comes before it is 1."""

    @property
    def one_by_one(self) -> bool:
        """Whether each probability is a sigmoid of its own, and not one of several that add up to 1."""
        return self.scale is OutputScale.SCORES or self.width == 1


class Conversion(NamedTuple):
    """What a converter is given, inside a model process."""

    artefact: Path
    destination: Path
    """The file or folder to write; it does not exist, and the folder that it lies in does."""
    quantize: Quantization | None
    inputs: tuple[TensorSpec, ...]
    """What the model takes, as its loader told."""
    examples: "Callable[[int], Iterator[tuple[NDArray[Any], ...]]]"
    """Gives at most so many examples, spread over the data, each as a batch of the smallest size that the model takes."""
    trusted: bool
    """Whether the model's owner trusts its very content."""
    options: Options
    """What its loader was told besides."""
    temperature: Temperature | None = None
    """What is to be built into the outputs; only converters that recalibrate are given one."""

    @property
    def softening(self) -> Temperature:
        """The temperature, where one has to be given."""
        if self.temperature is None:
            raise RuntimeError("a recalibration without a temperature")
        return self.temperature


class Converter(Protocol):
    """Makes an artefact of another kind; raises whatever the framework raises."""

    def __call__(self, conversion: Conversion) -> None:
        """Write the result to ``conversion.destination``, and nothing else."""
        ...
