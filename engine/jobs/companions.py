"""Files that a model's settings name: the names of its classes, its owner's metrics, and what loads its weights.

Owns reading them, and whether those that are code may be run at all. It must not run them.
"""

from pathlib import Path

from engine.artefacts.content import Content, ContentError
from engine.jobs.context import Context
from engine.processes.protocol import OwnMetrics
from engine.protocols import Options
from storage.errors import OWN_SETTINGS, JobError
from storage.records import Version
from storage.settings import ModelSettings
from storage.text import NAME, clean
from storage.workspace import Workspace

LABELS_BYTES = 1024 * 1024
"""More class names than any model here can have; a larger file is something else."""

SOURCE_BYTES = 1024 * 1024
"""Of a Python file: what is larger was not written by a person."""

SOURCE = "source"
"""The option that a runtime with a loader of the owner's is told besides: what the file holds."""


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
            f"Correct 'labels' in its {OWN_SETTINGS}.",
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
        source = _source(context.workspace.models / model / name)
    except _UnreadableError as error:
        raise JobError(
            f"The metrics of {model} cannot be read from {name}: {error}.",
            f"Correct metrics.file in its {OWN_SETTINGS}.",
        ) from None
    return OwnMetrics(clean(name, NAME), source), ()


def own_loader(context: Context, version: Version, settings: ModelSettings) -> Options:
    """Return what a runtime is told besides the name of the Python file that makes a model of a version's weights.

    Raises:
        JobError: the settings name no file, the workspace does not trust it, or it cannot be read.
    """
    model, name = version.model, settings.runtime.loader
    if not name:
        raise JobError(
            f"{version.artefact} holds weights only: write load(weights, device) into models/{model}/loader.py, "
            'and say in model.toml: [runtime] loader = "loader.py".',
            "docs/runtimes.md has an example; such a file is run where modeltender.toml says [trust] own_loaders = true.",
        )
    if not context.settings.trust.own_loaders:
        raise JobError(
            f"{name} was not run: it is code, and modeltender.toml does not say [trust] own_loaders = true.",
            "If you trust it, say so there; then: modeltender engine stop, and: modeltender engine start.",
        )
    return ((SOURCE, loader_source(context.workspace, model, settings)),)


def loader_source(workspace: Workspace, model: str, settings: ModelSettings) -> str:
    """Return what the Python file holds that a model's settings name as its loader, or nothing where they name none.

    Raises:
        JobError: it cannot be read.
    """
    name = settings.runtime.loader
    if not name:
        return ""
    try:
        return _source(workspace.models / model / name)
    except _UnreadableError as error:
        raise JobError(
            f"The loader of {model} cannot be read from {name}: {error}.",
            f"Correct runtime.loader in its {OWN_SETTINGS}.",
        ) from None


class _UnreadableError(Exception):
    """A file cannot be read; the message says why."""


def _source(file: Path) -> str:
    """Return the content of a Python file, which must be no link and no larger than people write."""
    try:
        with Content(file) as content:
            if content.size > SOURCE_BYTES:
                raise _UnreadableError("it is larger than 1 MiB")
            return content.piece(0, content.size).decode()
    except OSError as error:
        raise _UnreadableError(clean(error.strerror or str(error))) from None
    except ContentError as error:
        raise _UnreadableError(f"it {error}") from None
    except UnicodeDecodeError:
        raise _UnreadableError("it is not UTF-8") from None
