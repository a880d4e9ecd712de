"""The only folders that model processes may write: made private, measured, and removed whatever is in them.

What lies in them was made by a model: links are never followed, nesting of any depth is taken apart without
recursion, and counting stops where the answer is known.
"""

import itertools
import os
import secrets
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

ENTRIES: Final = 10_000
"""More files than any framework leaves behind; whoever makes more is filling the disk by another way."""


def make(parent: Path) -> Path:
    """Return a new folder for one process, closed to other users."""
    # Without those above it: where a workspace was moved, nothing of it is to come up again at the old place.
    parent.mkdir(mode=0o700, exist_ok=True)
    return Path(tempfile.mkdtemp(prefix="p", dir=parent))


def exceeds(folder: Path, limit_bytes: int) -> bool:
    """Whether the files below ``folder`` take more than ``limit_bytes`` or are too many to be honest."""
    total = entries = 0
    waiting = [folder]
    while waiting:
        with suppress(OSError), os.scandir(waiting.pop()) as found:
            # Its owner may remove a folder while we look: what is gone takes no room.
            for entry in found:
                entries += 1
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    total += entry.stat(follow_symlinks=False).st_blocks * 512
                if entries > ENTRIES or total > limit_bytes:
                    return True
    return False


def sweep(folder: Path) -> None:
    """Remove ``folder`` and everything in it.

    Folders are moved up before they are emptied, so that neither the stack nor the length of a path grows
    with what a model has nested. Where there is none, somebody else has removed it, or moved the workspace.

    Raises:
        OSError: something cannot be removed, for reasons outside the folder.
    """
    if not os.path.lexists(folder):
        return
    with suppress(OSError):
        # Most hold nothing by now, and this takes no descriptor.
        folder.rmdir()
        return
    # A name that the model could not foresee, so that nothing of its own stands in the way.
    secret = secrets.token_hex(8)
    names = (folder / f"{secret}-{number}" for number in itertools.count())
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        if not stat.S_ISDIR(current.lstat().st_mode):
            raise NotADirectoryError(f"{current} is not a folder")
        current.chmod(0o700)
        deeper = []
        with os.scandir(current) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    deeper.append(Path(entry.path))
                else:
                    Path(entry.path).unlink()
        for inner in deeper:
            inner.chmod(0o700)
            moved = inner.rename(next(names)) if current != folder else inner
            waiting.append(moved)
        if current != folder:
            current.rmdir()
    folder.rmdir()
