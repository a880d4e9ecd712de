"""Where a model's labelled data lie: names to paths, nothing is opened.

Data for measuring are in ``test/<model>/``; ``model.toml`` may name other files there.
"""

from pathlib import Path

from storage.errors import JobError
from storage.settings import ModelSettings
from storage.text import clean
from storage.workspace import Workspace

SUFFIXES = (".npz",)
"""File endings of the data formats that can be read, in the order in which they are looked for."""

SPLITS = ("test", "validation")
"""Names that stand for the files that ``[data]`` may set."""


def locate(workspace: Workspace, model: str, settings: ModelSettings, name: str = "") -> Path:
    """Return the data file called ``name`` (a split or a file name; empty means the test split) of a model.

    Raises:
        JobError: there is no such file, or it lies outside the model's folder.
    """
    wanted = name or "test"
    folder = workspace.test / model
    configured = getattr(settings.data, wanted, "") if wanted in SPLITS else wanted
    candidates = [folder / configured] if configured else []
    if not configured or not Path(configured).suffix:
        candidates += [folder / f"{configured or wanted}{suffix}" for suffix in SUFFIXES]
    for candidate in candidates:
        if candidate.is_file():
            return _inside(candidate, folder)
    raise JobError(
        f"There are no {clean(wanted, 60)} data for {model}: {candidates[-1].relative_to(workspace.root)} does not exist.",
        f"Save arrays x and y there: numpy.savez('{candidates[-1].relative_to(workspace.root)}', x=inputs, y=labels)",
        code="no-data",
    )


def _inside(file: Path, folder: Path) -> Path:
    """Return where ``file`` really is, unless a name or a link leads out of the model's data folder."""
    real = file.resolve()
    if not real.is_relative_to(folder.resolve()):
        raise JobError(
            f"{clean(file.name, 60)} leads out of {clean(str(folder))}.",
            "Put the data file itself there.",
            code="no-data",
        )
    return real
