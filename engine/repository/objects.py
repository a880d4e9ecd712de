"""Copies of artefacts by their content: what models are loaded from, and what deployed ones are restored from.

Owns the folder ``.modeltender/objects``: in it one folder an artefact, named by its SHA-256, which holds its
files under their own names. A copy gets its name only when its bytes are those of the name, it is hashed again
whenever it is to be used (unless it is known to be untouched since), and it stays while somebody holds it. It must not
know what the bytes mean, nor record anything.
"""

import contextlib
import errno
import fcntl
import logging
import os
import re
import secrets
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from engine.repository.integrity import (
    ChangedError,
    copy,
    digest,
    exchange,
    fsync_folder,
    rename_new,
    writing,
)
from engine.repository.soundness import Soundness, marks
from storage import shortages

log = logging.getLogger(__name__)

OBJECT = re.compile(r"[0-9a-f]{64}")

PARTIAL = ".partial"
"""Ending of a copy that is being made."""

GONE = ".gone"
"""Ending of a copy that is being removed: it no longer passes for one, however far its removal came."""

UNCHANGEABLE = 0o400
"""Rights of the files: no program of ours writes them again, and nobody else reads them."""

TRIES = 10
"""Somebody may remove or make the same copy at the same moment; ten times is no accident."""


class Kept:
    """A sound copy that nobody removes before it is closed."""

    def __init__(
        self, descriptor: int, folder: Path, files: tuple[str, ...], *, mended: bool = False
    ) -> None:
        self._descriptor: int | None = descriptor
        self.folder = folder
        self.files = files
        """Paths below the folder, the artefact first."""
        self.mended = mended
        """Whether it was damaged, and has been made anew."""

    @property
    def artefact(self) -> Path:
        """The copy of the artefact itself."""
        return self.folder / self.files[0]

    def close(self) -> None:
        """Let go of it; more than once does no harm."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Objects(NamedTuple):
    """The copies of one workspace. What is held is known to the kernel, so that any number of these may be made."""

    folder: Path
    soundness: Soundness | None = None
    """What is known of copies that were hashed lately; without it each is hashed whenever it is used."""

    def keep(self, artefact: Path, companions: Sequence[str], sha256: str, *, hashed: bool = False) -> Kept:
        """Return the copy of an artefact, which must still hold what it is known for; made where there is no sound one.

        Args:
            artefact: where it is now.
            companions: paths, below its folder, of the other files that belong to it.
            sha256: what they are known for together.
            hashed: whether the caller has just read the artefact and found that: where there is a sound copy, it is not
                read again.

        Raises:
            ChangedError: the artefact holds something else now, or is being written.
            WriteError: the copy cannot be written.
            OSError: the artefact cannot be read.
        """
        kept = self.find(artefact.name, sha256)
        if kept is None:
            # What is copied is hashed on the way, so that one reading serves for both.
            return self._copy(artefact, companions, sha256)
        if hashed:
            return kept
        with contextlib.ExitStack() as undo:
            undo.enter_context(kept)
            _check_same(digest(artefact.parent, [artefact.name, *companions]).sha256, sha256)
            undo.pop_all()
        return kept

    def find(self, name: str, sha256: str) -> Kept | None:
        """Return the copy of the artefact called ``name`` after hashing it, or ``None`` where there is no sound one."""
        folder = self.folder / sha256
        descriptor = _hold(folder)
        if descriptor is None:
            return None
        try:
            files = self._sound(folder, name, sha256)
        except BaseException:
            os.close(descriptor)
            raise
        if files is None:
            os.close(descriptor)
            return None
        return Kept(descriptor, folder, files)

    def has(self, name: str, sha256: str) -> bool:
        """Whether there is a copy of the artefact called ``name``, sound or not; opens nothing."""
        return (self.folder / sha256 / name).is_file()

    def _sound(self, folder: Path, name: str, sha256: str) -> tuple[str, ...] | None:
        """Return the files that belong to the artefact ``name``, or ``None`` where they are not what they should be."""
        if self.soundness is not None and (known := self.soundness.files(folder, name)):
            return known
        others = sorted({str(path.relative_to(folder)) for path in _files(folder)} - {name})
        # One content may be known by several names: then each file is a copy by itself.
        for files in ((name, *others), (name,)) if others else ((name,),):
            before = marks(folder, files)
            if _is_known_for(folder, files, sha256):
                if self.soundness is not None:
                    self.soundness.note(folder, files, before)
                return files
        return None

    def tidy(self, wanted: Callable[[], Collection[str]]) -> None:
        """Remove the copies that are not ``wanted`` and that nobody holds.

        ``wanted`` is asked once more when a copy cannot be held any longer by anybody else: who held it until
        then has written down by then what it is wanted for.
        """
        listed = wanted()
        for folder in self._listed():
            if folder.name.endswith(GONE):
                _remove(folder)
            elif OBJECT.fullmatch(folder.name) and folder.name not in listed:
                _retire(folder, wanted)

    def idle(self, wanted: Collection[str]) -> list[str]:
        """Return the names of copies that are not ``wanted`` and that nobody holds now, and of what is left of such ones."""
        return [
            folder.name
            for folder in self._listed()
            if folder.name.endswith(GONE)
            or (OBJECT.fullmatch(folder.name) and folder.name not in wanted and not _is_held(folder))
        ]

    def sweep(self) -> None:
        """Remove what an engine that was killed left half made or half removed; call before anything is kept."""
        for folder in self._listed():
            if folder.name.endswith((PARTIAL, GONE)):
                _remove(folder)

    def _listed(self) -> list[Path]:
        try:
            return sorted(self.folder.iterdir())
        except FileNotFoundError:
            # Nothing was ever kept.
            return []

    def _copy(self, artefact: Path, companions: Sequence[str], sha256: str) -> Kept:
        with writing():
            # Without those above it: where a workspace was moved, nothing of it is to come up again at the old place.
            self.folder.mkdir(mode=0o700, exist_ok=True)
            partial = Path(tempfile.mkdtemp(prefix=f"{sha256}.", suffix=PARTIAL, dir=self.folder))
        try:
            files = [artefact.name, *companions]
            _check_same(copy(artefact.parent, files, partial, mode=UNCHANGEABLE).sha256, sha256)
            with writing():
                return self._name(partial, tuple(files), sha256)
        finally:
            # Also what it was exchanged for; what cannot be removed now is swept at the next start.
            shutil.rmtree(partial, ignore_errors=True)

    def _name(self, partial: Path, files: tuple[str, ...], sha256: str) -> Kept:
        """Give a finished copy its name, in place of a damaged one that has it."""
        target = self.folder / sha256
        for _ in range(TRIES):
            mended = os.path.lexists(target / files[0])
            descriptor = _hold(target) if len(files) == 1 else None
            if descriptor is not None:
                # One content may be known by several names: each is a file of its own in one folder.
                (partial / files[0]).replace(target / files[0])
                fsync_folder(target)
                return Kept(descriptor, target, files, mended=mended)
            try:
                return _place(partial, target, files, mended=mended)
            except FileExistsError:
                # Another thread was quicker at this moment.
                continue
        raise FileExistsError(errno.EEXIST, "It is made again and again by somebody else", str(target))


def _place(partial: Path, target: Path, files: tuple[str, ...], *, mended: bool) -> Kept:
    """Give a finished copy its name in one step; what had the name is left under the other one."""
    # Held before it has its name, so that nobody can remove it in between.
    descriptor = os.open(partial, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if not os.path.lexists(target):
            rename_new(partial, target)
        elif not exchange(partial, target):
            target.rename(_leaving(target))
            rename_new(partial, target)
    except BaseException:
        os.close(descriptor)
        raise
    return Kept(descriptor, target, files, mended=mended)


def _check_same(found: str, sha256: str) -> None:
    if found != sha256:
        raise ChangedError


def _hold(folder: Path) -> int | None:
    """Return a descriptor that keeps a copy from being removed, or ``None`` where there is none."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        if os.path.samestat(os.fstat(descriptor), folder.lstat()):
            return descriptor
    except FileNotFoundError:
        # It was removed before it could be held.
        pass
    except BaseException:
        os.close(descriptor)
        raise
    os.close(descriptor)
    return None


def _is_known_for(folder: Path, files: Sequence[str], sha256: str) -> bool:
    try:
        return digest(folder, files).sha256 == sha256
    except (OSError, ChangedError) as error:
        if shortages.is_one(error):
            raise
        # Gone, unreadable or no file at all: in each case not what was kept.
        return False


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]


def _retire(folder: Path, wanted: Callable[[], Collection[str]]) -> None:
    """Remove a copy unless somebody holds it or wants it after all."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        # Removed by another thread, or nothing of ours.
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if folder.name in wanted():
            return
        leaving = _leaving(folder)
        folder.rename(leaving)
    except BlockingIOError:
        # It is in use; there is a next time.
        return
    finally:
        os.close(descriptor)
    _remove(leaving)


def _is_held(folder: Path) -> bool:
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        # Removed by another thread, or nothing of ours: there is nothing to remove in either case.
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def _leaving(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.{secrets.token_hex(4)}{GONE}")


def _remove(folder: Path) -> None:
    try:
        shutil.rmtree(folder)
    except OSError:
        # It takes room until the next time; under this name it does not pass for a copy.
        log.warning("%s could not be removed", folder, exc_info=True)
