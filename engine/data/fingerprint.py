"""The fingerprint of preprocessing: two evaluations compare only where it is the same.

Importable by the engine's main process: no numpy here.
"""

import hashlib
from typing import Any

import msgspec

from storage.settings import Data, Preprocess, Settings

ALL = Data()
"""Nothing is said about columns."""

RULES = 2
"""Raised whenever `engine.data.preprocessing` computes anything else from the same settings."""


def preprocessing_sha256(preprocess: Preprocess, data: Data = ALL) -> str:
    """Return a hexadecimal SHA-256 of what is done to the inputs: the settings, and the rules that apply them.

    Settings that are left at their defaults do not count, so that a setting of a later version changes nothing.
    """
    reading = Data(inputs=data.inputs, target=data.target)
    written = msgspec.json.encode((RULES, _changed(preprocess), _changed(reading)), order="sorted")
    return hashlib.sha256(written).hexdigest()


def _changed(settings: Settings) -> dict[str, Any]:
    default = type(settings)()
    return {
        name: getattr(settings, name)
        for name in settings.__struct_fields__
        if getattr(settings, name) != getattr(default, name)
    }
