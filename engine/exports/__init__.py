"""The ways from one format to another, one file each, and which of them leads where.

Owns the registry. Importable without any framework: what converts is named by a route and resolved in a model process
only. It must not convert anything itself.
"""

from typing import NamedTuple

from engine.exports import keras_to_saved_model, onnx_to_smaller, tensorflow_to_litert, torch_to_onnx
from engine.installed import version_of
from engine.protocols import ExportRoute
from engine.runtimes import installed_versions, runtime_for
from storage.exported import variant_name
from storage.vocabulary import Format, Quantization

ROUTES: tuple[ExportRoute, ...] = (
    *keras_to_saved_model.ROUTES,
    *tensorflow_to_litert.ROUTES,
    *torch_to_onnx.ROUTES,
    *onnx_to_smaller.ROUTES,
)

NOT_HERE: dict[tuple[Format, Format], str] = {
    (Format.KERAS, Format.ONNX): "Keras writes ONNX through tf2onnx, which is not among the packages here",
    (Format.KERAS_H5, Format.ONNX): "Keras writes ONNX through tf2onnx, which is not among the packages here",
    (Format.SAVED_MODEL, Format.ONNX): "it needs tf2onnx, which is not among the packages here",
    (
        Format.TORCH_EXPORT,
        Format.ONNX,
    ): "torch exports such programs through onnxscript, which is not among the packages here",
    (
        Format.TORCH_EXPORT,
        Format.TORCHSCRIPT,
    ): "torch traces no exported program whose batches have a free size",
    (
        Format.TORCHSCRIPT,
        Format.TORCH_EXPORT,
    ): "torch has no supported way from TorchScript to an exported program",
}
"""Why there is no route where people may expect one."""


class Way(NamedTuple):
    """One or two routes in a row, which make one variant of a model."""

    routes: tuple[ExportRoute, ...]

    @property
    def target(self) -> Format:
        """What it makes in the end."""
        return self.routes[-1].target

    @property
    def quantize(self) -> Quantization | None:
        """What becomes of the numbers on the way."""
        return self.routes[-1].quantize

    @property
    def name(self) -> str:
        """What its result is called among the variants of a model."""
        return self.routes[-1].name

    @property
    def calibrated(self) -> bool:
        """Whether validation data are needed on the way."""
        return any(route.calibrated for route in self.routes)

    @property
    def lacking(self) -> tuple[str, ...]:
        """What is not installed of what it needs."""
        runtime = runtime_for(self.target)
        absent = () if installed_versions(runtime) else runtime.distributions
        return (*(name for name in self._needs if version_of(name) is None), *absent)

    @property
    def tools(self) -> dict[str, str]:
        """Versions of what converts on the way."""
        sources = [route.sources[0] for route in self.routes]
        found = {
            name: version
            for source in sources
            for name, version in installed_versions(runtime_for(source)).items()
        }
        return found | {name: version for name in self._needs if (version := version_of(name))}

    @property
    def _needs(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for route in self.routes for name in route.needs))


def ways(source: Format) -> tuple[Way, ...]:
    """Return every way from a format: what it becomes directly, then what that becomes with smaller numbers."""
    framework = runtime_for(source).framework
    direct = [route for route in ROUTES if source in route.sources and route.framework == framework]
    found = {route.name: Way((route,)) for route in direct}
    for first in direct:
        if first.quantize is None:
            for second in ROUTES:
                if first.target in second.sources and second.target is first.target:
                    found.setdefault(second.name, Way((first, second)))
    return tuple(found.values())


def way_to(source: Format, target: Format, quantize: Quantization | None) -> Way | None:
    """Return the way from a format to another one, or ``None`` where there is none."""
    name = variant_name(target, quantize)
    return next((way for way in ways(source) if way.name == name), None)


def why_not(source: Format, target: Format, quantize: Quantization | None) -> str:
    """Return why there is no way from a format to another one, and what there is instead: two sentences at most."""
    wanted = target if quantize is None else f"{target} with {quantize}"
    reason = NOT_HERE.get((source, target))
    if source is target and quantize is None:
        reason = "it is that already"
    words = f"There is no way from {source} to {wanted}" + (f": {reason}." if reason else ".")
    names = ", ".join(way.name for way in ways(source))
    return (
        f"{words} {source} can become: {names}."
        if names
        else f"{words} Nothing can be made of {source} here."
    )
