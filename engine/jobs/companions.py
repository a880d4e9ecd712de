"""Files that a model's settings name: the names of its classes, and its owner's metrics.

Owns reading them, and whether metrics, which are code, may be run at all. It must not run them.
"""

from engine.jobs.context import Context
from engine.processes.protocol import OwnMetrics
from storage.errors import JobError
from storage.settings import ModelSettings
from storage.text import NAME, clean
from storage.workspace import Workspace

LABELS_BYTES = 1024 * 1024
"""More class names than any model here can have; a larger file is something else."""

SOURCE_BYTES = 1024 * 1024
"""Of a file of metrics."""


def class_names(workspace: Workspace, model: str, settings: ModelSettings) -> tuple[str, ...]:
    """Return the class names of a model: written in its settings, or a line each in the file that they name.

    Raises:
        JobError: the file cannot be read.
    """
    if not isinstance(settings.labels, str):
        return settings.labels
    if not settings.labels:
        return ()
    file = workspace.models / model / settings.labels
    try:
        with file.open(encoding="utf-8") as lines:
            content = lines.read(LABELS_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(
            f"The labels of {model} cannot be read from {settings.labels}: {clean(str(error), 120)}.",
            "Correct 'labels' in its model.toml.",
        ) from None
    return tuple(clean(line, NAME) for line in content.splitlines() if line.strip())


def own_metrics(
    context: Context, model: str, settings: ModelSettings
) -> tuple[OwnMetrics | None, tuple[str, ...]]:
    """Return the Python file that a model's settings name as its own metrics, or a note why it is not run.

    Raises:
        JobError: the file cannot be read.
    """
    name = settings.metrics.file
    if not name:
        return None, ()
    if not context.settings.trust.own_metrics:
        return None, (
            f"{name} was not run: its metrics are code, and modeltender.toml does not say [trust] own_metrics = true.",
        )
    try:
        with (context.workspace.models / model / name).open(encoding="utf-8") as stream:
            source = stream.read(SOURCE_BYTES)
    except (OSError, UnicodeDecodeError) as error:
        raise JobError(
            f"The metrics of {model} cannot be read from {name}: {clean(str(error), 120)}.",
            "Correct metrics.file in its model.toml.",
        ) from None
    return OwnMetrics(clean(name, NAME), source), ()
