"""What else learns of a promotion besides the link, one module a kind.

The registry names the modules and imports one only when a model has a target of its kind. A module has a class
``Target(workspace, settings)`` with what `engine.repository.targets.target.Target` promises. Kinds do not know each
other.
"""

from importlib import import_module
from typing import cast

from engine.repository.targets.target import Target
from storage.target_settings import TargetSettings
from storage.vocabulary import TargetKind
from storage.workspace import Workspace

MODULES = {kind: f"{__name__}.{kind.value.replace('-', '_')}" for kind in TargetKind}
"""The module of each kind; a new kind is a word in the vocabulary, its settings, and a file here."""


def opened(workspace: Workspace, settings: TargetSettings) -> Target:
    """Return one dealing with the target that settings describe."""
    return cast("Target", import_module(MODULES[settings.kind]).Target(workspace, settings))
