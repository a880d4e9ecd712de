"""Where built samples are kept, so that each is trained once: keyed by what they are made from and with.

A cache is filled in a folder beside it and renamed into place under a lock, so that it is whole or not there,
however many builders run at once.
"""

import fcntl
import hashlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

FOLDER_VARIABLE = "MODELTENDER_SAMPLE_CACHE"

MADE_WITH = ("numpy", "keras", "tensorflow-cpu", "tensorflow", "torch", "onnx", "scikit-learn")
"""Distributions whose version may change what a sample becomes, or whether it can be made."""


def folder() -> Path:
    """Return the folder that holds all caches, from the environment or the user's cache folder."""
    named = os.environ.get(FOLDER_VARIABLE)
    if named:
        return Path(named).absolute()
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(base) / "modeltender" / "samples"


def key() -> str:
    """Return what names the present cache: a hash of the builders, their data, and the frameworks' versions."""
    here = Path(__file__).parent
    digest = hashlib.sha256()
    for file in sorted([*here.glob("*.py"), *(here / "data").glob("*.npz")]):
        digest.update(file.name.encode() + b"\0" + file.read_bytes())
    for name in MADE_WITH:
        digest.update(f"{name}={_version(name)}\n".encode())
    return digest.hexdigest()[:16]


def filled(build: Callable[[Path], None]) -> Path:
    """Return the present cache, filled by ``build`` if it is not there; only one builder works at a time."""
    target = folder() / key()
    with _lock(folder()):
        if not target.is_dir():
            partial = target.with_name(f"{target.name}.partial")
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            build(partial)
            partial.rename(target)
    return target


@contextmanager
def _lock(parent: Path) -> Iterator[None]:
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
        return ""
