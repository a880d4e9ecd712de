"""Taking things away by our own hand: below the workspace, on its own disk, and never through a link.

Owns how a thing goes: by one rename it becomes a nameless thing in ``.modeltender/discarded``, where nobody else may write,
and only there it is taken apart. So whatever has a name is whole, wherever a kill may come. It must not decide what goes.
"""

import contextlib
import logging
import os
import secrets
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from engine.processes import scratch
from storage.workspace import Workspace

log = logging.getLogger(__name__)

BLOCK_BYTES = 512
"""In which the kernel tells what a file takes, whatever the file system's own blocks are."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def taken(workspace: Workspace, path: str) -> int | None:
    """Return what the disk gains where ``path``, below the workspace, goes; ``None`` where it must not or cannot go."""
    with _above(workspace.root, path) as found:
        if found is None:
            return None
        folder, name = found
        try:
            status = os.stat(name, dir_fd=folder, follow_symlinks=False)
        except OSError:
            # It went meanwhile: then there is nothing to gain.
            return None
        if stat.S_ISLNK(status.st_mode) or status.st_dev != workspace.state.stat().st_dev:
            return None
    if not stat.S_ISDIR(status.st_mode):
        return _size(status)
    return sum(_size(one) for one in _below(workspace.root / path))


def set_aside(workspace: Workspace, path: str) -> Path | None:
    """Take the name of a thing away, by one rename; return where it lies, or ``None`` where it is not there.

    Raises:
        OSError: it cannot be moved; it is as it was.
    """
    aside = workspace.discarded / secrets.token_hex(8)
    with _above(workspace.root, path) as found:
        if found is None:
            return None
        folder, name = found
        target = os.open(workspace.discarded, FOLDER)
        try:
            os.rename(name, aside.name, src_dir_fd=folder, dst_dir_fd=target)
        except FileNotFoundError:
            return None
        finally:
            os.close(target)
    return aside


def take_apart(things: Iterable[Path]) -> None:
    """Remove what was set aside; what cannot be removed stays nameless, and is tried again."""
    for thing in things:
        try:
            if thing.is_dir() and not thing.is_symlink():
                scratch.sweep(thing)
            else:
                thing.unlink(missing_ok=True)
        except OSError:
            log.warning("%s could not be removed", thing, exc_info=True)


def sweep(workspace: Workspace) -> None:
    """Take apart what an engine that was killed had set aside."""
    take_apart(sorted(workspace.discarded.iterdir()) if workspace.discarded.is_dir() else ())


@contextlib.contextmanager
def _above(root: Path, path: str) -> Iterator[tuple[int, str] | None]:
    """Open the folder that holds ``path``, a step at a time, none of them a link; ``None`` where that cannot be."""
    *folders, name = PurePosixPath(path).parts
    with contextlib.ExitStack() as opened:
        try:
            here = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            opened.callback(os.close, here)
            for folder in folders:
                here = os.open(folder, FOLDER, dir_fd=here)
                opened.callback(os.close, here)
        except OSError:
            # Gone, no folder, or a link: in each case nothing that we would remove.
            yield None
            return
        yield here, name


def _below(folder: Path) -> Iterator[os.stat_result]:
    """Yield what a folder and everything below it is, without recursion: models nest as deep as they like."""
    waiting = [folder]
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError), os.scandir(current) as found:
            # What goes while we look takes no room.
            yield current.lstat()
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    yield entry.stat(follow_symlinks=False)


def _size(status: os.stat_result) -> int:
    """Return what a thing takes for itself: a file with another name elsewhere brings nothing."""
    return status.st_blocks * BLOCK_BYTES if stat.S_ISDIR(status.st_mode) or status.st_nlink == 1 else 0
