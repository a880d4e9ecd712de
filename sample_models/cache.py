"""Where trained samples are kept, so that each is trained once: keyed by what they are made from and with.

A cache is filled in a folder beside it and renamed into place under a lock, so that it is whole or not there,
however many builders run at once and however they end. One that was damaged later is filled anew.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from sample_models.training import installed
from storage.errors import WorkspaceError
from storage.text import clean

FOLDER_VARIABLE = "MODELTENDER_SAMPLE_CACHE"

SOURCES = ("training.py", "digits.py", "keras_digits.py", "torch_digits.py", "onnx_models.py")
"""The modules that decide what a sample becomes; a change in the others trains nothing anew."""

MADE_WITH = ("numpy", "keras", "tensorflow-cpu", "tensorflow", "torch", "onnx", "scikit-learn")
"""Distributions whose version may change what a sample becomes."""

MANIFEST = "manifest.json"
"""Every file of a cache with the hash of its content."""


def folder() -> Path:
    """Return the folder that holds all caches, from the environment or the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base).absolute() / "modeltender" / "samples"


def key() -> str:
    """Return what names the present cache: a hash of the builders, their data, and what trains them."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for file in (*(here / name for name in SOURCES), *sorted((here / "data").glob("*.npz"))):
        digest.update(file.name.encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    for name in MADE_WITH:
        digest.update(f"{name}={_version(name)}\n".encode())
    digest.update(" ".join(family.module for family in installed()).encode())
    return digest.hexdigest()[:16]


def filled(fill: Callable[[Path], None]) -> Path:
    """Return the present cache, filled by ``fill`` where it is not there; only one builder works at a time.

    Raises:
        WorkspaceError: the cache's folder cannot be written.
    """
    parent = folder()
    target = parent / key()
    try:
        with _lock(parent):
            if not _is_whole(target):
                _fill(target, fill)
    except OSError as error:
        raise WorkspaceError(
            f"Trained samples cannot be kept in {clean(str(parent))}: {clean(error.strerror or str(error))}.",
            f"Make room there, or set {FOLDER_VARIABLE} to a folder that you may write.",
            code="sample-cache",
        ) from None
    return target


def _fill(target: Path, fill: Callable[[Path], None]) -> None:
    partial = target.with_name(f"{target.name}.partial")
    for left in (partial, target):
        # What an interrupted or damaged one left behind.
        shutil.rmtree(left, ignore_errors=True)
    partial.mkdir()
    fill(partial)
    files = {str(path.relative_to(partial)): _digest(path) for path in _files(partial)}
    (partial / MANIFEST).write_text(json.dumps(files, indent=1))
    for path in _files(partial):
        # A name that outlives a power cut must not outlive its content.
        _sync(path)
    partial.rename(target)


def _is_whole(target: Path) -> bool:
    """Whether every file of a cache is there and as it was made; some systems tidy old files out of caches."""
    try:
        files = json.loads((target / MANIFEST).read_bytes())
        return all(_digest(target / name) == digest for name, digest in files.items())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return False


def _files(parent: Path) -> list[Path]:
    return [path for path in parent.rglob("*") if path.is_file()]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _sync(file: Path) -> None:
    descriptor = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _lock(parent: Path) -> Iterator[None]:
    """Hold the lock of all caches; the kernel frees it however its holder ends."""
    parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(parent / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        # Not installed, which the key says by an empty version.
        return ""
