"""Files that attack whoever opens them as models, each in one known way, with a payload that does no harm.

Owns one writer for each attack. What would be an intruder's code creates an empty file, the canary, and nothing
else; a canary that exists after a test says that the attack went through. Nothing here opens what it writes, and
nothing is put into a sample workspace.
"""

import base64
import json
import marshal
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

KERAS_VERSION = "3.11.0"
"""What the handmade Keras archives say they were saved with; any version 3 would do."""

HDF5_MARK = b"\x89HDF\r\n\x1a\n"
"""Handmade archives hold no weights: their attack runs, or is refused, before weights are read."""

BOMB_BYTES = 128 * 1024 * 1024
"""What the bomb unpacks to, from about a thousandth of it: too much to ignore, too little to hurt a test machine."""

CHUNK = 1024 * 1024

CANARY = "<canary>"
"""Stands in the Lambda's code where the path of the canary belongs."""

OUTSIDE = "../outside.bin"
"""Where the ONNX file says that its weights lie: beside the folder of the model, not in it."""

OUTSIDE_VALUES = 16
"""Floats that it wants to read from there."""


class Attack(NamedTuple):
    """A hostile file."""

    name: str
    purpose: str
    write: Callable[[Path, Path], Path]
    """Writes it into a folder, aimed at a canary, and returns it."""
    unopened: bool = True
    """Whether a look at its bytes is enough to refuse it; else its model process does, before its framework reads it."""
    by_name: bool = False
    """Whether it is in order but for asking for code by name, which an owner may allow."""


def keras_lambda(folder: Path, canary: Path) -> Path:
    """Write a Keras model with a Lambda layer, whose bytecode runs when the configuration is read."""
    layer = {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": "lambda", "function": {"class_name": "__lambda__", "config": _function(canary)}},
        "registered_name": None,
    }
    return _keras_archive(folder / "lambda.keras", [layer], HDF5_MARK)


def keras_lambda_h5(folder: Path, canary: Path) -> Path:
    """Write the same as a legacy HDF5 file, for which Keras' own safe mode was without effect until 3.11.3."""
    import h5py

    function = {"class_name": "__lambda__", "config": _function(canary)}
    layer = {"class_name": "Lambda", "config": {"name": "lambda", "trainable": True, "function": function}}
    first = {"class_name": "InputLayer", "config": {"batch_shape": [None, 2], "name": "input"}}
    config = {"class_name": "Sequential", "config": {"name": "hostile", "layers": [first, layer]}}
    file = folder / "lambda.h5"
    with h5py.File(file, "w") as written:
        written.attrs["keras_version"], written.attrs["backend"] = KERAS_VERSION, "tensorflow"
        written.attrs["model_config"] = json.dumps(config)
        written.create_group("model_weights").attrs["layer_names"] = []
    return file


def writing_graph(folder: Path, canary: Path) -> Path:
    """Write a SavedModel whose graph writes a file each time that it answers."""

    def compute(tf: Any, x: Any) -> Any:
        with tf.control_dependencies([tf.io.write_file(str(canary), "")]):
            return tf.identity(x)

    return _graph(folder / "writing", compute)


def reading_graph(folder: Path, canary: Path) -> Path:
    """Write a SavedModel whose graph answers with the length of a file of its choice."""
    return _graph(
        folder / "reading",
        lambda tf, x: x + tf.cast(tf.strings.length(tf.io.read_file(str(canary))), tf.float32),
    )


def calling_graph(folder: Path, canary: Path) -> Path:
    """Write a SavedModel whose graph calls Python, by the number of a function in the process that made it."""
    del canary  # which function has that number where it is loaded is the attacker's luck

    return _graph(folder / "calling", lambda tf, x: tf.py_function(lambda value: value, [x], tf.float32))


def pickled_torch(folder: Path, canary: Path) -> Path:
    """Write what ``torch.save`` makes of an object that calls a function when it is unpickled."""
    file = folder / "pickle.pt"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("pickle/data.pkl", _gadget(canary))
        archive.writestr("pickle/byteorder", "little")
        archive.writestr("pickle/version", "3\n")
    return file


def disguised_pickle(folder: Path, canary: Path) -> Path:
    """Write a bare pickle that calls a function, under the name of a format that is none."""
    file = folder / "disguised.onnx"
    file.write_bytes(_gadget(canary))
    return file


def zip_bomb(folder: Path, canary: Path) -> Path:
    """Write a Keras model whose weights unpack to a thousand times their size."""
    del canary  # it runs nothing; what it attacks is memory
    file = _keras_archive(folder / "bomb.keras", [], None)
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive,
        archive.open("model.weights.h5", "w") as weights,
    ):
        weights.write(HDF5_MARK)
        for _ in range(BOMB_BYTES // CHUNK):
            weights.write(bytes(CHUNK))
    return file


def outside_onnx(folder: Path, canary: Path) -> Path:
    """Write an ONNX model whose weights are a file outside its folder, which it would read and answer with."""
    del canary  # it runs nothing; what it attacks are other people's files
    from onnx import TensorProto, helper

    weights = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[OUTSIDE_VALUES])
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value=OUTSIDE)
    value = {
        name: helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", OUTSIDE_VALUES]) for name in "xy"
    }
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "outside", [value["x"]], [value["y"]], [weights]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    file = folder / "outside.onnx"
    file.write_bytes(model.SerializeToString())
    return file


ATTACKS = (
    Attack(
        "lambda.keras",
        "a Keras Lambda layer: bytecode in the model's configuration",
        keras_lambda,
        by_name=True,
    ),
    Attack(
        "lambda.h5",
        "the same in a legacy HDF5 file, which the engine does not open",
        keras_lambda_h5,
        unopened=False,
    ),
    Attack("writing", "a SavedModel whose graph writes a file", writing_graph, by_name=True),
    Attack(
        "reading",
        "a SavedModel whose graph reads a file and answers with its length",
        reading_graph,
        by_name=True,
    ),
    Attack("calling", "a SavedModel whose graph calls Python code", calling_graph, by_name=True),
    Attack("pickle.pt", "a torch.save archive whose pickle calls a function", pickled_torch),
    Attack(
        "disguised.onnx", "a bare pickle that calls a function, named like an ONNX model", disguised_pickle
    ),
    Attack("bomb.keras", "a Keras archive that unpacks to a thousand times its size", zip_bomb),
    Attack("outside.onnx", "an ONNX model whose weights lie outside its folder", outside_onnx),
)


def write_all(folder: Path, canary: Path) -> tuple[Path, ...]:
    """Write every attack into ``folder``, aimed at ``canary``."""
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(attack.write(folder, canary) for attack in ATTACKS)


def _function(canary: Path) -> dict[str, Any]:
    """Return the bytecode of `_touch`, aimed at the canary, as Keras writes a function of its user's."""
    constants = tuple(str(canary) if value == CANARY else value for value in _touch.__code__.co_consts)
    code = marshal.dumps(_touch.__code__.replace(co_consts=constants))
    return {"code": base64.b64encode(code).decode(), "defaults": None, "closure": None}


def _graph(folder: Path, compute: Callable[[Any, Any], Any]) -> Path:
    """Save a SavedModel whose only signature is ``compute``, which is given TensorFlow and a vector."""
    import tensorflow as tf

    made = tf.Module()
    signature = [tf.TensorSpec([None], tf.float32, "x")]
    made.f = tf.function(lambda x: compute(tf, x), input_signature=signature, autograph=False)
    tf.saved_model.save(made, folder, signatures=made.f)
    return folder


class _Gadget:
    """Unpickles into a call that creates the canary."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Callable[..., int], tuple[str, int, int]]:
        return os.open, (str(self._canary), os.O_CREAT | os.O_WRONLY, 0o600)


def _gadget(canary: Path) -> bytes:
    return pickle.dumps(_Gadget(canary), protocol=2)


def _touch(inputs: Any) -> Any:
    # It runs with no names but Python's own; the path is put in its place when it is written.
    open("<canary>", "w").close()  # noqa: PTH123 - pathlib is no name of its own
    return inputs


def _keras_archive(file: Path, layers: list[dict[str, Any]], weights: bytes | None) -> Path:
    """Write a Keras archive of a network of two inputs and the given layers; without weights where there are none."""
    shape = [None, 2]
    first = {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": {"batch_shape": shape, "dtype": "float32", "name": "input"},
        "registered_name": None,
    }
    config = {
        "module": "keras",
        "class_name": "Sequential",
        "config": {"name": "hostile", "layers": [first, *layers], "build_input_shape": shape},
        "registered_name": None,
        "build_config": {"input_shape": shape},
    }
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": KERAS_VERSION, "date_saved": ""}))
        archive.writestr("config.json", json.dumps(config))
        if weights is not None:
            archive.writestr("model.weights.h5", weights)
    return file
