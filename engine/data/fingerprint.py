"""The fingerprint of preprocessing: two evaluations compare only where it is the same.

Importable by the engine's main process: no numpy here.
"""

import hashlib

import msgspec

from storage.settings import Preprocess

RULES = 2
"""Raised whenever `engine.data.preprocessing` computes anything else from the same settings."""


def preprocessing_sha256(preprocess: Preprocess) -> str:
    """Return a hexadecimal SHA-256 of the settings and of the rules that apply them."""
    written = msgspec.json.encode((RULES, preprocess), order="sorted")
    return hashlib.sha256(written).hexdigest()
