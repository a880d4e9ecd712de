"""Where a model's labelled data lie: names to paths, nothing is opened.

Data for measuring are in ``test/<model>/``; ``model.toml`` may name other files there.
"""

import os
from pathlib import Path

from engine.data.naming import CONFIGURABLE, candidates
from storage.errors import OWN_SETTINGS, JobError
from storage.settings import ModelSettings
from storage.text import clean
from storage.workspace import Workspace


def locate(workspace: Workspace, model: str, settings: ModelSettings, name: str = "") -> Path:
    """Return the file or folder called ``name`` (a split or a file name; empty means the test split) of a model.

    Of data that are several files it is one of them.

    Raises:
        JobError: there is none, there are several, or it lies outside the model's folder.
    """
    return _found(workspace, model, workspace.test / model, settings, name or "test")


def locate_training(workspace: Workspace, model: str, settings: ModelSettings) -> Path:
    """Return the file or folder that a model is trained on: the part ``train`` in ``train/<model>``.

    Raises:
        JobError: there is none, there are several, or it lies outside the model's folder.
    """
    return _found(workspace, model, workspace.train / model, settings, "train")


def _found(workspace: Workspace, model: str, folder: Path, settings: ModelSettings, wanted: str) -> Path:
    configured = getattr(settings.data, wanted, "") if wanted in CONFIGURABLE else ""
    exact = folder / (configured or wanted)
    # A folder that has the split's name is a candidate like any other; one that model.toml names is meant.
    if exact.is_file() or (configured and exact.is_dir()):
        return _inside(exact, folder)
    found = candidates(_entries(folder), configured or wanted)
    if len(found) > 1:
        raise JobError(
            f"There are {len(found)} sets of {clean(wanted, 60)} data for {model}: {_listed(found)}.",
            f'Keep one of them, or name it in {OWN_SETTINGS}: data = {{ {wanted} = "{clean(found[0], 60)}" }}'
            if wanted in CONFIGURABLE
            else "Name the file itself.",
            code="no-data",
        )
    if not found:
        raise _none(workspace, model, folder, wanted, configured)
    return _inside(folder / found[0], folder)


def _none(workspace: Workspace, model: str, folder: Path, wanted: str, configured: str) -> JobError:
    shown = (folder / (configured or f"{wanted}.npz")).relative_to(workspace.root)
    return JobError(
        f"There are no {clean(wanted, 60)} data for {model}: {clean(str(shown))} does not exist.",
        f"Save arrays x and y there: numpy.savez('{clean(str(shown))}', x=inputs, y=labels); "
        "or a table as .csv or .parquet, or images in one folder a class.",
        code="no-data",
    )


def _entries(folder: Path) -> list[tuple[str, bool]]:
    try:
        with os.scandir(folder) as entries:
            return [(entry.name, entry.is_dir()) for entry in entries if not entry.name.startswith(".")]
    except OSError:
        # No folder holds no data; what cannot be listed cannot be used either.
        return []


def _listed(names: list[str]) -> str:
    shown = [clean(name, 60) for name in names[:4]]
    return ", ".join(shown) + (" and more" if len(names) > len(shown) else "")


def _inside(path: Path, folder: Path) -> Path:
    """Return where ``path`` really is, unless a name or a link leads out of the model's data folder."""
    real = path.resolve()
    if not real.is_relative_to(folder.resolve()):
        raise JobError(
            f"{clean(path.name, 60)} leads out of {clean(str(folder))}.",
            "Put the data themselves there.",
            code="no-data",
        )
    return real
