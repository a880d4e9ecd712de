"""The ``model.toml`` of each model, read again when it changes.

Owns what was read last. A broken file is that model's problem and nobody else's.
"""

from typing import NamedTuple

from storage.errors import SettingsError
from storage.settings import ModelSettings, read_model_settings
from storage.text import clean
from storage.workspace import Workspace


class Read(NamedTuple):
    """What a file says, or why it cannot be used."""

    settings: ModelSettings | None
    problem: str = ""


class SettingsFiles:
    """Remembers the settings of each model by the stamp of their file."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, tuple[str, Read]] = {}

    def read(self, model: str, stamp: str) -> Read:
        """Return what the file says that now has this stamp; empty means that there is none."""
        known = self._read.get(model)
        if known is None or known[0] != stamp:
            known = self._read[model] = (stamp, self._look(model))
        return known[1]

    def last(self, model: str) -> ModelSettings | None:
        """Return what the file said when it was last read, or ``None`` where it cannot be used."""
        known = self._read.get(model)
        return None if known is None else known[1].settings

    def _look(self, model: str) -> Read:
        try:
            return Read(read_model_settings(self._workspace.model_settings(model)))
        except SettingsError as error:
            return Read(None, clean(f"models/{model}/{error.message}"))
