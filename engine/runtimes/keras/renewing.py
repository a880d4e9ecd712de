"""Keras files of another Keras, read without what the installed one does not know, and saved as ``.keras`` anew.

Each Keras writes every argument of a layer, also those that nobody gave; one that does not know such an argument refuses the
file. Owns which arguments say nothing, so that they may be left out. That the answers are the same is shown elsewhere, on
examples. Runs in a model process only; a loader imports it after it has chosen Keras' backend.
"""

import inspect
import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import h5py
import keras

from engine.frameworks.tensorflow import device_name
from engine.protocols import Conversion
from engine.runtimes.keras.files import ARCHIVE, LEGACY, is_hdf5, read_model
from engine.runtimes.keras.hdf5 import DESCRIPTION
from engine.runtimes.keras.loader import KerasModel
from engine.runtimes.keras.spec import CONFIG

SAYS_NOTHING: Final[dict[str, tuple[object, ...]]] = {
    "groups": (1,),
    "time_major": (False,),
    "implementation": (0, 1, 2),
    "renorm": (False,),
    "renorm_momentum": (0.99,),
    "fused": (True, False),
    "optional": (False,),
    "ragged": (False,),
    "sparse": (False,),
    "synchronized": (False,),
    "unroll": (False,),
}
"""What a layer does anyway that does not know the argument. Nothing at all says ``None``."""

OF_TRAINING: Final = ("_initializer", "_regularizer", "_constraint")
"""Endings of arguments that only matter while weights are made or trained: here they are read from the file."""


def load(artefact: Path, device: str, *, trusted: bool = False) -> KerasModel:
    """Return the model in ``artefact``, ready on ``device``, without the arguments that say nothing.

    Raises:
        JobError: it must not be loaded.
    """
    keras.utils.set_random_seed(0)
    return KerasModel(_read(artefact, trusted=trusted), device_name(device))


def renew(conversion: Conversion) -> None:
    """Write the model as the installed Keras writes it."""
    _read(conversion.artefact, trusted=conversion.trusted).save(conversion.destination)


def _read(artefact: Path, *, trusted: bool) -> Any:
    with tempfile.TemporaryDirectory() as folder:
        # The copy is checked as every file is before it is read; nothing of it is taken on trust.
        copy = Path(folder, f"model{LEGACY if is_hdf5(artefact) else ARCHIVE}")
        (_rewrite_legacy if is_hdf5(artefact) else _rewrite_archive)(artefact, copy)
        return read_model(copy, trusted=trusted)


def _rewrite_archive(artefact: Path, copy: Path) -> None:
    with zipfile.ZipFile(artefact) as old, zipfile.ZipFile(copy, "w") as new:
        for member in old.infolist():
            if member.filename == CONFIG:
                new.writestr(CONFIG, _without(old.read(member)))
                continue
            fresh = zipfile.ZipInfo(member.filename)
            with old.open(member) as source, new.open(fresh, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target)


def _rewrite_legacy(artefact: Path, copy: Path) -> None:
    shutil.copyfile(artefact, copy)
    with h5py.File(copy, "r+") as file:
        found = file.attrs.get(DESCRIPTION)
        if found is not None:
            file.attrs[DESCRIPTION] = _without(found if isinstance(found, bytes) else str(found).encode())


def _without(raw: bytes) -> str:
    """Return a description without the arguments that its layers do not know and that say nothing."""
    config = json.loads(raw)
    for described in _described(config):
        kind = getattr(keras.layers, str(described.get("class_name")), None)
        given = described.get("config")
        if isinstance(kind, type) and isinstance(given, dict):
            known = _arguments(kind)
            for name in [
                name for name, value in given.items() if name not in known and _says_nothing(name, value)
            ]:
                del given[name]
    return json.dumps(config)


def _described(config: object) -> Iterator[dict[str, Any]]:
    waiting = [config]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            if "class_name" in value:
                yield value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)


def _arguments(kind: type) -> set[str]:
    """Return what a layer takes, those of its ancestors included: it hands on what it does not know itself."""
    makers = (vars(one)["__init__"] for one in kind.__mro__[:-1] if "__init__" in vars(one))
    return {name for maker in makers for name in inspect.signature(maker).parameters}


def _says_nothing(name: str, value: object) -> bool:
    return value is None or value in SAYS_NOTHING.get(name, ()) or name.endswith(OF_TRAINING)
