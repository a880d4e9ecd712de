"""The fingerprint of preprocessing: two evaluations compare only where it is the same.

Importable by the engine's main process: no numpy here.
"""

import hashlib
from typing import Any

import msgspec

from storage.settings import Data, Preprocess, RuntimeOptions
from storage.settings_file import Settings

ALL = Data()
"""Nothing is said about columns."""

NO_OPTIONS = RuntimeOptions()

RULES = 2
"""Raised whenever `engine.data.preprocessing` computes anything else from the same settings."""


def preprocessing_sha256(
    preprocess: Preprocess, data: Data = ALL, runtime: RuntimeOptions = NO_OPTIONS, *, loader: str = ""
) -> str:
    """Return a hexadecimal SHA-256 of what is done to the inputs: the settings, and the rules that apply them.

    What the runtime is told counts, too: another signature computes something else, and so does another ``loader``, the
    content of the file that makes models of weights. It counts for versions of every format, which would otherwise not
    compare with those that need it. Settings that are left at
    their defaults do not count, so that a setting of a later version changes nothing.
    """
    reading = Data(inputs=data.inputs, target=data.target)
    told = _changed(runtime)
    if loader:
        told["loader"] = hashlib.sha256(loader.encode()).hexdigest()
    parts = (RULES, _changed(preprocess), _changed(reading), *((told,) if told else ()))
    written = msgspec.json.encode(parts, order="sorted")
    return hashlib.sha256(written).hexdigest()


def _changed(settings: Settings) -> dict[str, Any]:
    default = type(settings)()
    return {
        name: getattr(settings, name)
        for name in settings.__struct_fields__
        if getattr(settings, name) != getattr(default, name)
    }
