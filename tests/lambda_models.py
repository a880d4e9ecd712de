"""Keras models whose author wrote a layer in Python: honest ones, and refused all the same until their owner trusts them."""

import base64
import json
import marshal
import zipfile
from pathlib import Path

LAYER = "twice-and-back"
"""The name of the layer that is Python."""


def save_with_lambda(source: Path, target: Path, name: str = LAYER) -> Path:
    """Copy a Keras file, with a Lambda layer behind its input that changes nothing, as Keras would have saved it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(source) as read, zipfile.ZipFile(target, "w") as written:
        for member in read.namelist():
            content = read.read(member)
            if member == "config.json":
                config = json.loads(content)
                config["config"]["layers"].insert(1, _layer(name))
                content = json.dumps(config).encode()
            written.writestr(member, content)
    return target


def _layer(name: str) -> dict[str, object]:
    code = marshal.dumps((lambda pixels: (pixels + pixels) / 2.0).__code__)
    function = {"code": base64.b64encode(code).decode(), "defaults": None, "closure": None}
    return {
        "module": "keras.layers",
        "class_name": "Lambda",
        "config": {"name": name, "function": {"class_name": "__lambda__", "config": function}},
        "registered_name": None,
    }
