"""A screen as a file: which forms there are, where files go, and that none is ever overwritten."""

import os
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from storage import full_disk
from storage.errors import Error, WorkspaceError
from storage.text import clean
from storage.workspace import Workspace

MOST_OF_ONE_SECOND = 100
"""Names that are tried: nobody keeps a hundred views in a second."""

FONTS = re.compile(r"@font-face \{.*?\}\s*", re.DOTALL)


class Form(NamedTuple):
    """A form in which a view can be kept."""

    ending: str
    label: str
    words: str


TEXT = Form("txt", "text", "as it stands here, without colours (.txt)")
PICTURE = Form("svg", "picture", "with its colours, for a page or a report (.svg)")
FIGURES = Form("csv", "figures", "every row of the table, unrounded (.csv)")


def place(workspace: Workspace) -> Path:
    """Return the folder for views: the one that the console was opened in, unless the engine watches it."""
    try:
        folder = Path.cwd()
    except FileNotFoundError:
        # It was deleted meanwhile; the workspace is still there.
        return workspace.root
    watched = (workspace.train, workspace.test, workspace.models, workspace.state)
    return workspace.root if any(folder.is_relative_to(each.resolve()) for each in watched) else folder


def plain(lines: Iterable[str]) -> str:
    """Return the lines of a screen as text."""
    return "".join(f"{line.rstrip()}\n" for line in lines)


def without_fonts(picture: str) -> str:
    """Return an SVG picture that fetches nothing: whoever opens it need not be online, nor be seen to open it."""
    return FONTS.sub("", picture)


def write(folder: Path, screen: str, form: Form, content: str, now: float) -> Path:
    """Write a view into a new file, named by the screen and the time, and return it.

    Raises:
        Error: it cannot be written.
    """
    stem = f"modeltender-{screen}-{datetime.fromtimestamp(now, UTC):%Y%m%d-%H%M%S}"
    try:
        for number in range(1, MOST_OF_ONE_SECOND + 1):
            file = folder / f"{stem}{'' if number == 1 else f'-{number}'}.{form.ending}"
            try:
                opened = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
            except FileExistsError:
                # Of the same second: the next name is free.
                continue
            _write_whole(file, opened, content)
            return file
    except OSError as error:
        raise WorkspaceError(
            f"The view cannot be kept in {clean(str(folder))}: {error.strerror}.",
            full_disk.hint(error, "Open the console from a folder in which you may write."),
        ) from None
    raise Error(f"There are {MOST_OF_ONE_SECOND} views of this second in {clean(str(folder))} already.")


def _write_whole(file: Path, opened: int, content: str) -> None:
    """Fill a file that was made for a view; half a view is taken away again."""
    try:
        with open(opened, "w", encoding="utf-8") as stream:
            stream.write(content)
    except OSError:
        file.unlink(missing_ok=True)
        raise
