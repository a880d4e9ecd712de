"""Taking what a process wrote out of its scratch folder, once it has ended.

Owns the one rule for that: plain files and folders of them, to which nothing else leads, and nothing beside what was asked
for. It must not know what the bytes mean.
"""

import stat
from pathlib import Path
from typing import Final

DEPTH: Final = 8
ENTRIES: Final = 10_000
"""No artefact is nested deeper or has more files; whoever writes more is up to something else."""


class OddError(Exception):
    """What lies there is not what an honest process writes; the message says what."""


def take(folder: Path, name: str, destination: Path) -> None:
    """Move the file or folder ``name``, which is all that ``folder`` holds, to ``destination``, which does not exist.

    Raises:
        OddError: something else lies there.
        OSError: it cannot be moved.
    """
    try:
        present = [path.name for path in folder.iterdir()]
    except OSError as error:
        raise OddError(f"nothing to take: {error.strerror}") from None
    if present != [name]:
        raise OddError("other files than it told")
    _check(folder / name)
    (folder / name).rename(destination)


def _check(top: Path) -> None:
    """Walk without following anything; the process has ended, so nothing changes meanwhile."""
    waiting, seen = [(top, 0)], 0
    while waiting:
        path, depth = waiting.pop()
        status = path.lstat()
        seen += 1
        if seen > ENTRIES or depth > DEPTH:
            raise OddError("more files than any model has")
        if stat.S_ISDIR(status.st_mode):
            waiting += [(below, depth + 1) for below in path.iterdir()]
        elif not stat.S_ISREG(status.st_mode) or status.st_nlink != 1:
            raise OddError("something that is no file")
