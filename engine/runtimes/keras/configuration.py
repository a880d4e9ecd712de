"""What the configuration of a Keras model may ask for, whichever file it came from.

Owns the list of what honest models name. It must not import Keras; the sandbox is the wall, this list is the
explanation.
"""

import json
import re
import sys
from collections.abc import Iterator
from typing import Any

from engine.artefacts.content import ContentError, HarmfulError
from engine.artefacts.doubts import Doubt, gathered
from storage.text import NAME, clean

CONFIG_BYTES = 16 * 1024 * 1024
"""A description of ten thousand layers; weights are kept elsewhere."""

OBJECT_MODULES = frozenset(
    {
        "keras.layers",
        "keras.initializers",
        "keras.regularizers",
        "keras.constraints",
        "keras.activations",
        "keras.dtype_policies",
        "keras.optimizers",
        "keras.optimizers.schedules",
        "keras.losses",
        "keras.metrics",
        "keras.quantizers",
        "keras.src.ops.core",
        "keras.src.ops.image",
        "keras.src.ops.linalg",
        "keras.src.ops.math",
        "keras.src.ops.nn",
        "keras.src.ops.numpy",
    }
)
"""Where every object of an honest model comes from; the operations have no public module of their own."""

OBJECTS = frozenset(
    {
        ("keras", "Sequential"),
        ("keras", "Model"),
        ("keras", "Functional"),
        ("keras", "DTypePolicy"),
        ("keras", "Variable"),
        ("keras.models", "Sequential"),
        ("keras.models", "Model"),
        ("keras.models", "Functional"),
        ("keras.src.models.functional", "Functional"),
        ("keras.src.engine.functional", "Functional"),
        ("builtins", "function"),
    }
)
"""Single names from modules that hold other things too: loaders, savers, registries."""

FUNCTION_MODULES = frozenset(
    {
        "keras.activations",
        "keras.initializers",
        "keras.regularizers",
        "keras.constraints",
        "keras.losses",
        "keras.metrics",
        "keras.ops",
        "builtins",
    }
)
"""Where functions may come from; Keras resolves ``builtins`` to its own activations, losses and the like."""

FUNCTION = "__lambda__"
"""The mark of a Python function that is kept as its bytecode."""

CALLS_CODE = frozenset({"Lambda", FUNCTION, "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"})
"""What carries code, or a second model that no check here sees."""

NO_LONGER_THERE = frozenset(
    {
        "TFOpLambda",
        "SlicingOpLambda",
        "TensorFlowOpLayer",
        "ClassMethod",
        "InstanceMethod",
        "InstanceProperty",
    }
)
"""What Keras 2 made of TensorFlow's own operations; Keras 3 knows none of it."""

VOCABULARIES = frozenset({"StringLookup", "IntegerLookup", "TextVectorization"})
"""Layers whose vocabulary may be the name of a file, which they then read; honest archives hold the words themselves."""

PLAIN_NAME = re.compile(r"[A-Z][A-Za-z0-9]*|__[a-z_]+__")
"""A class of Keras, or the mark of a value; in older files they stand without a module."""


def check_config(raw: bytes, where: str = "config.json") -> Doubt | None:
    """Return what the configuration, which is kept in ``where``, names that an honest model does not need, if anything.

    Raises:
        ContentError: it is not a configuration, or needs what Keras has no more.
    """
    try:
        config = json.loads(raw)
    except (ValueError, RecursionError):
        raise ContentError(f"is damaged: its {where} cannot be read") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ContentError(f"is damaged: its {where} describes no model")
    # The loader does not compile, and Keras drops this part then: own losses and metrics are welcome.
    config.pop("compile_config", None)
    # Each is looked at, so that what no trust mends is told before what one may.
    return gathered([doubt for described in _described(config) if (doubt := _check_object(described))])


def _described(config: object) -> Iterator[dict[str, Any]]:
    """Yield every object that the configuration describes, in its order, however deep, without recursion."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value or "module" in value:
                yield value
            waiting.extend(reversed(value.values()))
        elif isinstance(value, list):
            waiting.extend(reversed(value))


def _check_object(described: dict[str, Any]) -> Doubt | None:
    class_name, module = str(described.get("class_name")), described.get("module")
    registered = described.get("registered_name")
    if class_name in CALLS_CODE:
        return _carries_code(described, class_name)
    if class_name in NO_LONGER_THERE:
        raise ContentError(
            f"needs {class_name} of Keras 2, which Keras 3 has no more; save it with Keras 2 as a SavedModel"
        )
    if class_name in VOCABULARIES:
        _check_vocabulary(class_name, described.get("config"))
    if class_name == "function":
        called = described.get("config")
        # Before Keras wrote the name into `config`, it stood in `registered_name`.
        class_name = str(called if isinstance(called, str) else registered)
        allowed = module in FUNCTION_MODULES and class_name.isidentifier()
    else:
        unnamed = module is None and PLAIN_NAME.fullmatch(class_name) is not None
        allowed = unnamed or module in OBJECT_MODULES or (module, class_name) in OBJECTS
    # A name with a ">" was registered by the model's author, and takes precedence in Keras.
    own = isinstance(registered, str) and ">" in registered
    if allowed and not own:
        return None
    name = clean(str(registered) if own else class_name if module is None else f"{module}.{class_name}")
    package = str(module).split(".", 1)[0]
    if not own and (package == "keras" or package in sys.stdlib_module_names):
        return Doubt(f"asks for {name}, which no model needs", (name,))
    reason = f"needs {name}, code of its own that is not in the file; build it from Keras' layers"
    return Doubt(reason, (name,), harmful=False)


def _check_vocabulary(class_name: str, config: object) -> None:
    words = config.get("vocabulary") if isinstance(config, dict) else None
    if isinstance(words, str):
        raise HarmfulError(f"has a {class_name} layer that reads a vocabulary from the file {clean(words)}")


def _carries_code(described: dict[str, Any], class_name: str) -> Doubt:
    if class_name == FUNCTION:
        what = "a Python function in the file"
    else:
        config = described.get("config")
        called = config.get("name") if isinstance(config, dict) else None
        what = f"{class_name} layer" + (f" '{clean(called, NAME)}'" if isinstance(called, str) else "")
    return Doubt(f"asks Keras to run code of its own ({what})", (what,))
