"""A version as MLflow keeps a model: where its files lie, and the texts beside them that say how it is loaded.

Owns what MLflow's loaders ask for: flavours, signature and requirements, of each format that they know. It must not
know MLflow itself, nor send anything.
"""

import platform
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final, NamedTuple

import msgspec

from storage.measured import TensorSpec
from storage.records import Version
from storage.vocabulary import Format

DESCRIPTION: Final = "MLmodel"

NUMBERS: Final = frozenset(
    {"bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))}
) | {"float16", "float32", "float64"}
"""Types that a signature may have: an array of anything else is not one for whoever calls."""


class Layout(NamedTuple):
    """How MLflow loads a format; in its words `{artefact}` is the artefact's own name and `{version}` its runtime's."""

    package: str
    """What the version of its runtime is the version of, to those who install it."""
    flavour: str
    options: Mapping[str, Any]
    """What the flavour's loader reads."""
    folder: str = ""
    """Where the version's files lie, below the model's folder."""
    artefact: str = ""
    """What the artefact must be called there; empty leaves it its name."""
    data: str = ""
    """What the generic flavour is given; empty gives it the whole folder."""
    beside: Mapping[str, str] = MappingProxyType({})
    """Small files that the loader looks for."""
    needs: tuple[str, ...] = ()
    """What has to be installed besides the runtime that has evaluated it."""
    named: bool = False
    """Whether its loader wants even a single input by its name."""


LAYOUTS: Final[Mapping[Format | None, Layout]] = {
    # The loader looks for the description in the very folder of the model.
    Format.ONNX: Layout("onnxruntime", "onnx", {"data": "{artefact}"}, data="{artefact}", needs=("onnx",)),
    Format.KERAS: Layout(
        "keras",
        "keras",
        {"data": "data", "keras_version": "{version}", "save_exported_model": False},
        "data",
        "model.keras",
        needs=("tensorflow",),
    ),
    Format.KERAS_H5: Layout(
        "keras",
        "tensorflow",
        {"data": "data", "model_type": "keras", "keras_module": "keras", "save_format": "h5"},
        "data",
        "model.h5",
        "data",
        {"data/keras_module.txt": "keras", "data/save_format.txt": "h5"},
        ("tensorflow",),
    ),
    Format.SAVED_MODEL: Layout(
        "tensorflow",
        "tensorflow",
        {
            "model_type": "tf1-estimator",
            "saved_model_dir": "data",
            "meta_graph_tags": ["serve"],
            "signature_def_key": "serving_default",
        },
        "data",
        named=True,
    ),
    Format.TORCHSCRIPT: Layout(
        "torch",
        "pytorch",
        {"model_data": "data", "pytorch_version": "{version}", "code": None},
        "data",
        "model.pth",
        "data",
        # What makes the loader leave the file to torch, which tells TorchScript by itself; nothing of it is a pickle.
        {"data/pickle_module_info.txt": "pickle"},
    ),
    Format.TORCH_EXPORT: Layout(
        "torch",
        "pytorch",
        {"model_data": "data", "pytorch_version": "{version}", "code": None},
        "data",
        "model.pt2",
        "data",
    ),
}
"""The formats that MLflow has a flavour for."""


class Described(NamedTuple):
    """A model's folder, but for the bytes of the version itself."""

    places: tuple[str, ...]
    """Where the version's files go, in their order."""
    texts: Mapping[str, str]
    """The other files."""


def described(version: Version, files: Sequence[str], *, now: float) -> Described:
    """Return the folder of a version whose format is one of `LAYOUTS`.

    Args:
        version: as it is on record.
        files: the paths of its files below the folder that they lie in, the artefact first.
        now: the time.
    """
    layout = LAYOUTS[version.format]
    first, *others = files
    artefact = layout.artefact or first
    below = f"{layout.folder}/" if layout.folder else ""
    description = {
        "flavors": _flavours(layout, artefact, version),
        "utc_time_created": f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d %H:%M:%S.%f}",
        **_signature(layout, version),
    }
    texts = {
        DESCRIPTION: written(description),
        "requirements.txt": "".join(f"{line}\n" for line in _requirements(layout, version)),
        "python_env.yaml": written(
            {"python": platform.python_version(), "dependencies": ["-r requirements.txt"]}
        ),
        **layout.beside,
    }
    return Described(tuple(below + name for name in (artefact, *others)), texts)


def written(values: Mapping[str, Any], indent: str = "") -> str:
    """Return values as YAML: a block for each mapping, and everything else as JSON, which is YAML too."""
    lines = []
    for key, value in values.items():
        if isinstance(value, Mapping):
            lines.append(f"{indent}{key}:\n{written(value, indent + '  ')}")
        else:
            lines.append(f"{indent}{key}: {msgspec.json.encode(value).decode()}\n")
    return "".join(lines)


def _flavours(layout: Layout, artefact: str, version: Version) -> dict[str, Any]:
    words = {"{artefact}": artefact, "{version}": version.loading.runtime_version if version.loading else ""}
    own = {
        key: words.get(value, value) if isinstance(value, str) else value
        for key, value in layout.options.items()
    }
    generic = {
        "loader_module": f"mlflow.{layout.flavour}",
        "python_version": platform.python_version(),
        "env": {"virtualenv": "python_env.yaml"},
    }
    if layout.data:
        generic["data"] = words.get(layout.data, layout.data)
    return {layout.flavour: own, "python_function": generic}


def _requirements(layout: Layout, version: Version) -> list[str]:
    known = "" if version.loading is None else version.loading.runtime_version
    # What follows a plus says how this machine's was built, and indexes have no other by that name.
    built, _, _ = known.partition("+")
    return ["mlflow", f"{layout.package}=={built}" if built else layout.package, *layout.needs]


def _signature(layout: Layout, version: Version) -> dict[str, Any]:
    """Return the model's signature, where every input and output of it is known to the last size and type."""
    loading = version.loading
    if loading is None or not all(map(_is_known, (*loading.inputs, *loading.outputs))):
        return {}
    return {
        "signature": {
            "inputs": _tensors(loading.inputs, named=layout.named),
            "outputs": _tensors(loading.outputs, named=layout.named),
            "params": None,
        }
    }


def _is_known(spec: TensorSpec) -> bool:
    return spec.shape is not None and spec.dtype in NUMBERS


def _tensors(specs: Sequence[TensorSpec], *, named: bool) -> str:
    """Return a schema as MLflow has it, which is JSON in a string; one array alone needs no name."""
    return msgspec.json.encode(
        [
            {
                "type": "tensor",
                "tensor-spec": {
                    "dtype": spec.dtype,
                    "shape": [-1 if size is None else size for size in spec.shape or ()],
                },
                **({"name": spec.name} if named or len(specs) > 1 else {}),
            }
            for spec in specs
        ]
    ).decode()
