"""What the engine knows about ``.keras`` files without Keras: how to tell one, and what it may name.

Owns the static checks of the archive's configuration: what it may ask Keras to import or to call. It must
not import Keras; the sandbox is the wall, this list is the explanation.
"""

import json
from collections.abc import Iterator
from typing import Any

from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError, HarmfulError
from engine.protocols import Recognition, RuntimeSpec
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="keras",
    framework="tensorflow",
    formats=(Format.KERAS,),
    distributions=("tensorflow", "keras"),
    extra="tensorflow",
    loader="engine.runtimes.keras.loader:load",
    needs_sandbox=False,
    alternatives=(
        ("tensorflow", "tensorflow-cpu"),
        ("tensorflow", "tensorflow-rocm"),
        ("tensorflow", "tf-nightly"),
    ),
)

CONFIG, METADATA = "config.json", "metadata.json"
WEIGHTS = ("model.weights.h5", "model.weights.json", "model.weights.npz")

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

CALLS_CODE = frozenset({"Lambda", "__lambda__", "TFSMLayer", "TorchModuleWrapper", "JaxLayer", "FlaxLayer"})
"""What carries code, or a second model that no check here sees."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a Keras archive is, or ``None`` where it is no such archive.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    del content  # the archive says it all
    if archive is None or CONFIG not in archive.members or METADATA not in archive.members:
        return None
    if not any(name in archive.members for name in WEIGHTS):
        raise ContentError("is a Keras model without its weights; save the whole model with model.save(...)")
    archive.refuse_nested()
    check_config(archive.read(CONFIG, CONFIG_BYTES))
    return Recognition(Format.KERAS)


def check_config(raw: bytes) -> None:
    """Raise where the configuration names anything that an honest model does not need.

    Raises:
        HarmfulError: it names something outside the allow-list.
        ContentError: it is not a configuration, or needs code that is not in the file.
    """
    try:
        config = json.loads(raw)
    except (ValueError, RecursionError):
        raise ContentError("is damaged: its config.json cannot be read") from None
    if not isinstance(config, dict) or "class_name" not in config:
        raise ContentError("is damaged: its config.json describes no model")
    # The loader does not compile, and Keras drops this part then: own losses and metrics are welcome.
    config.pop("compile_config", None)
    for described in _described(config):
        _check_object(described)


def _described(config: object) -> Iterator[dict[str, Any]]:
    """Yield every object that the configuration describes, however deep, without recursion."""
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value or "module" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _check_object(described: dict[str, Any]) -> None:
    class_name, module = str(described.get("class_name")), described.get("module")
    registered = described.get("registered_name")
    if class_name in CALLS_CODE:
        raise HarmfulError(f"has a {clean(class_name)} layer, which runs code of its own")
    if class_name == "function":
        called = described.get("config")
        # Before Keras wrote the name into `config`, it stood in `registered_name`.
        class_name = str(called if isinstance(called, str) else registered)
        allowed = module in FUNCTION_MODULES and class_name.isidentifier()
    else:
        allowed = module is None or module in OBJECT_MODULES or (module, class_name) in OBJECTS
    # A name with a ">" was registered by the model's author, and takes precedence in Keras.
    own = isinstance(registered, str) and ">" in registered
    if allowed and not own:
        return
    name = clean(str(registered) if own else f"{module}.{class_name}")
    if not own and str(module).split(".", 1)[0] == "keras":
        raise HarmfulError(f"asks for {name}, which no model needs")
    raise ContentError(f"needs {name}, code of its own that is not in the file; build it from Keras' layers")
