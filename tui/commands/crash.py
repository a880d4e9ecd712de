"""Keeping the traceback of an error that nobody foresaw: people get a sentence, the file has the rest."""

import os
import sys
import tempfile
import time
import traceback
from itertools import pairwise
from pathlib import Path

from storage.errors import Error
from storage.text import clean
from tui.commands.options import workspace_at

DEBUG = "MODELTENDER_DEBUG"
"""Set to anything but nothing, this environment variable sends tracebacks to standard error."""


def keep_traceback(error: Exception, words: list[str]) -> str:
    """Write an error's traceback to the workspace's logs, or to the temporary folder, and say where."""
    content = "".join(traceback.format_exception(error))
    if os.environ.get(DEBUG):
        sys.stderr.write(content)
        return "This is a mistake in modeltender; please report it."
    name = f"crash-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{os.getpid()}.txt"
    for folder in (_logs(words), Path(tempfile.gettempdir())):
        try:
            descriptor = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except OSError:
            # Not to be written there: the next folder is tried, and the hint below tells how to see it.
            continue
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="replace") as file:
            file.write(content)
        return f"This is a mistake in modeltender; please report it with {clean(str(folder / name))}"
    return f"This is a mistake in modeltender; run it again with {DEBUG}=1 to see the traceback."


def _logs(words: list[str]) -> Path:
    """Return the folder of logs of the workspace that the command line named, as far as that can be told."""
    folder: Path | None = None
    for word, following in pairwise([*words, ""]):
        if word in {"-w", "--workspace"}:
            folder = Path(following)
        elif word.startswith("--workspace="):
            folder = Path(word.removeprefix("--workspace="))
    try:
        return workspace_at(folder).log.parent
    except Error:
        return Path(tempfile.gettempdir())
