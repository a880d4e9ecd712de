"""``modeltender init``: makes the folders and the database of a new workspace, and fills it with sample models.

What exists is never overwritten, and what was begun and failed is taken away again.
"""

import os
import shutil
from pathlib import Path

import click
import msgspec

from storage import sharing
from storage.database import prepare
from storage.errors import WorkspaceError
from storage.text import clean, word
from storage.vocabulary import ExitCode
from storage.workspace import SETTINGS_FILE, STATE_FOLDER, Workspace, create_workspace


class InitDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What ``init --json`` says."""

    workspace: str
    sample: bool
    models: tuple[str, ...]


@click.command(epilog="Example: modeltender init demo --sample")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path, readable=False))
@click.option("--sample", is_flag=True, help="Add sample models and their data; takes a minute at most.")
@click.option(
    "--group", default="", metavar="NAME", help="Let members of this Unix group look at it, but not act."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
def init(*, folder: Path, sample: bool, group: str, as_json: bool) -> int:
    """Make a workspace in DIR.

    With --sample, adds models and data to try things on. An existing workspace is left alone.
    """
    folder = Path(folder).expanduser().absolute()
    _check_new(folder, sample=sample)
    if group:
        sharing.group_number(group)
    existed = set(folder.iterdir()) if folder.is_dir() else None
    try:
        workspace = create_workspace(folder)
        prepare(workspace.database)
        if group:
            sharing.open_to(workspace, group)
        if sample:
            _build_sample(workspace)
    except BaseException:
        # Ctrl-C too: a half-made workspace would be refused as an existing one the next time.
        _take_away(folder, existed)
        raise
    models = tuple(sorted(path.name for path in workspace.models.iterdir() if path.is_dir()))
    if as_json:
        document = InitDocument(workspace=clean(str(workspace.root), 4096), sample=sample, models=models)
        click.echo(msgspec.json.encode(document))
    else:
        click.echo(_next_steps(workspace, models))
    return ExitCode.DONE


def _check_new(folder: Path, *, sample: bool) -> None:
    shown = clean(str(folder))
    try:
        if (folder / SETTINGS_FILE).exists() or (folder / STATE_FOLDER).exists():
            raise WorkspaceError(
                f"{shown} is a workspace already; it was not touched.",
                f"Open it with: modeltender {word(str(folder))}",
                code="workspace-exists",
            )
        filled = sample and folder.is_dir() and any(folder.iterdir())
    except OSError as error:
        raise WorkspaceError(f"{shown} cannot be read: {error.strerror}.", "Choose another folder.") from None
    if filled:
        raise WorkspaceError(
            f"{shown} is not empty, and sample models are put into an empty folder only.",
            "Name a new folder, or leave out --sample to make a workspace of this one.",
            code="folder-not-empty",
        )


def _build_sample(workspace: Workspace) -> None:
    from sample_models.build import build

    build(workspace.root, on_progress=lambda line: click.echo(clean(line), err=True))


def _take_away(folder: Path, existed: set[Path] | None) -> None:
    """Remove what this command made and nothing else; what cannot be removed must not hide the first error."""
    if existed is None:
        shutil.rmtree(folder, ignore_errors=True)
        return
    for path in set(folder.iterdir()) - existed:
        shutil.rmtree(path, ignore_errors=True)


def _next_steps(workspace: Workspace, models: tuple[str, ...]) -> str:
    root = clean(_shown(workspace.root))
    if not models:
        return (
            f"Made a workspace in {root}.\n"
            f"Save a trained model in {root}/train/NAME/ and labelled data as {root}/test/NAME/test.npz, then open it:\n"
            f"  modeltender {word(_shown(workspace.root))}"
        )
    return (
        f"Made a workspace in {root} with the models {', '.join(clean(name) for name in models)}.\n"
        f"Open the console, or evaluate a model from the command line:\n"
        f"  modeltender {word(_shown(workspace.root))}\n"
        f"  modeltender evaluate {word(models[0])} -w {word(_shown(workspace.root))}"
    )


def _shown(root: Path) -> str:
    """Return a folder as a person in the current one would type it."""
    try:
        relative = os.path.relpath(root)
    except FileNotFoundError:  # the current folder is gone
        return str(root)
    # The current folder is told by its name, too: ./. is what nobody would type.
    outside = relative == os.curdir or relative.startswith("..")
    # A name that could be a command's is written as the path that it is.
    return str(root) if outside else relative if os.sep in relative else f"./{relative}"
