"""The folders of a workspace: where each thing lies, whether a folder is one, and whether its engine runs.

Only paths and locks; nothing here opens the database or reads a model.
"""

import errno
import fcntl
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from storage import modes, shortages
from storage.errors import EngineError, WorkspaceError
from storage.text import NAME, clean, word

SETTINGS_FILE = "modeltender.toml"
STATE_FOLDER = ".modeltender"

NOT_KNOWN = "engine-unknown"
"""The code of the error about a lock that cannot be looked at."""

LOCK_ATTEMPTS = 10
LOCK_PAUSE_S = 0.02
"""Ten tries over 0.2 s: longer than any viewer holds the lock, shorter than a person waits."""

LONGEST_ROOT = 470
"""Bytes of a root folder's path: SQLite opens no file beyond 512, and its own names are longer than the database's."""


class Workspace(NamedTuple):
    """A workspace, by its absolute root folder."""

    root: Path

    @property
    def train(self) -> Path:
        """The inbox: a training job saves here, each finished file becomes the next version."""
        return self.root / "train"

    @property
    def test(self) -> Path:
        """Validation and test data, one folder a model."""
        return self.root / "test"

    @property
    def models(self) -> Path:
        """The versioned repository."""
        return self.root / "models"

    @property
    def state(self) -> Path:
        """Everything that modeltender keeps for itself."""
        return self.root / STATE_FOLDER

    @property
    def settings_file(self) -> Path:
        """``modeltender.toml``, which may be missing."""
        return self.root / SETTINGS_FILE

    @property
    def database(self) -> Path:
        """The SQLite database."""
        return self.state / "modeltender.db"

    @property
    def lock(self) -> Path:
        """The file whose lock says that an engine runs; it holds the engine's process id."""
        return self.state / "engine.lock"

    @property
    def log(self) -> Path:
        """The engine's log, rotated."""
        return self.state / "logs" / "engine.log"

    @property
    def scratch(self) -> Path:
        """Where each model process gets a private folder that goes when it ends."""
        return self.state / "scratch"

    @property
    def rehearsal(self) -> Path:
        """The same for the model processes of another environment, while it is tried."""
        return self.state / "rehearsal"

    @property
    def prepared(self) -> Path:
        """Prepared copies of data that are no plain arrays, one folder a model."""
        return self.state / "data"

    @property
    def quarantine(self) -> Path:
        """What was taken out of the inbox, one folder an entry."""
        return self.state / "quarantine"

    @property
    def objects(self) -> Path:
        """Copies of artefacts by their content: what models are loaded from, and what deployed ones are restored from."""
        return self.state / "objects"

    @property
    def training(self) -> Path:
        """What belongs to trainings, one folder each: its log, and its latest checkpoint while it goes on."""
        return self.state / "training"

    @property
    def discarded(self) -> Path:
        """What is being removed lies here until it is gone: by its name it is nothing any more."""
        return self.state / "discarded"

    @property
    def damaged(self) -> Path:
        """Where a repair sets aside what it replaced; people decide when it goes."""
        return self.state / "damaged"

    def model_settings(self, model: str) -> Path:
        """``model.toml`` of a model, which may be missing."""
        return self.models / model / "model.toml"

    def version_folder(self, model: str, number: int) -> Path:
        """The folder of one version."""
        return self.models / model / str(number)

    def current_link(self, model: str) -> Path:
        """The symbolic link that says which version is deployed."""
        return self.models / model / "current"


def valid_model_name(name: str) -> bool:
    """Whether a folder's name can be a model's: printable, not hidden, short, no option, and free of ``@`` and ``/``."""
    return (
        bool(name)
        and name == clean(name, NAME)
        and not name.startswith((".", "-"))
        and not set(name) & set("@/\\")
    )


def version_number(name: str) -> int | None:
    """Return the version that a folder's name stands for, or ``None``: a positive integer without leading zero."""
    if name.isascii() and name.isdigit() and not name.startswith("0") and len(name) <= 9:
        return int(name)
    return None


def find_workspace(start: Path) -> Workspace:
    """Return the workspace at ``start`` or at the nearest parent that is one.

    Raises:
        WorkspaceError: there is none, or it lies where none can be, or ``start`` is not a readable folder.
    """
    start = _folder(start)
    for folder in (start, *start.parents):
        if (folder / STATE_FOLDER).is_dir():
            _folder(folder / STATE_FOLDER)
            return _placed(folder)
        if (folder / SETTINGS_FILE).is_file():
            return _placed(folder)
    raise WorkspaceError(
        f"{clean(str(start))} is not a workspace: it has no {SETTINGS_FILE} and no {STATE_FOLDER} folder.",
        f"Make one with: modeltender init {word(str(start))}",
        code="no-workspace",
    )


def create_workspace(root: Path) -> Workspace:
    """Make the folders of a workspace at ``root``; what exists already stays as it is.

    Raises:
        WorkspaceError: a folder cannot be made or written, or a workspace cannot lie there.
    """
    workspace = _placed(Path(os.path.abspath(root.expanduser())))  # noqa: PTH100 - resolve() would follow links
    for folder in (workspace.root, workspace.train, workspace.test, workspace.models, workspace.state):
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except FileExistsError:
            raise WorkspaceError(
                f"{clean(str(folder))} is a file, and a folder is needed there.",
                "Move the file, or choose another folder.",
            ) from None
        except OSError as error:
            raise WorkspaceError(
                f"{clean(str(folder))} cannot be made: {error.strerror}.",
                "Choose a folder that you may write.",
            ) from None
    # What is in here is for the owner; where a group may look besides, at figures and logs, and never at copies of models.
    looked_into = modes.PRIVATE_FOLDER if modes.shared_with(workspace.state) is None else modes.SHARED_FOLDER
    for folder in (workspace.state, workspace.log.parent):
        modes.make_folder(folder, looked_into)
    private = (workspace.scratch, workspace.quarantine, workspace.discarded)
    for folder in (*private, workspace.prepared, workspace.training):
        modes.make_folder(folder, modes.PRIVATE_FOLDER)
    return workspace


def _placed(root: Path) -> Workspace:
    """Return the workspace at ``root``, or say why neither its database nor its processes could work there."""
    try:
        str(root).encode()
    except UnicodeEncodeError:
        raise WorkspaceError(
            f"{clean(str(root))} cannot be a workspace: its path has bytes that are no UTF-8 text.",
            "Rename the folder, or choose another one.",
        ) from None
    length = len(os.fsencode(os.path.realpath(root)))
    if length > LONGEST_ROOT:
        raise WorkspaceError(
            f"{clean(root.name)} cannot be a workspace: its path is {length:,} bytes long, "
            f"and SQLite opens a database only where that is {LONGEST_ROOT} or less.",
            "Choose a folder that lies less deep, or shorten the names above it.",
        )
    return Workspace(root)


def check_writable(workspace: Workspace) -> None:
    """Raise a `WorkspaceError` naming whose workspace it is, or the first folder that is missing or cannot be written."""
    owner = owner_for_viewer(workspace)
    if owner is not None:
        raise modes.no_acting(workspace.root, owner)
    for folder in (workspace.root, workspace.train, workspace.test, workspace.models, workspace.state):
        if not folder.exists() and folder != workspace.root:
            continue
        _folder(folder)
        if os.statvfs(folder).f_flag & os.ST_RDONLY:
            raise WorkspaceError(
                f"{clean(str(folder))} lies on a disk that is mounted for reading only.",
                "Mount it for writing; disks with errors are mounted so by themselves (journalctl -k).",
            )
        if not os.access(folder, os.W_OK | os.X_OK):
            raise WorkspaceError(
                f"{clean(str(folder))} cannot be written by this user.",
                f"Give yourself the right: chmod u+rwx {word(str(folder))}",
            )


def owner_for_viewer(workspace: Workspace) -> str | None:
    """Return whose workspace it is, where this user may look at it and not act on it, else ``None``."""
    return modes.owner_for_viewer(workspace.database) if workspace.state.is_dir() else None


def engine_pid(workspace: Workspace) -> int | None:
    """Return the process id of the workspace's engine, or ``None`` where none runs.

    The lock tells, never the number: the kernel frees the lock however the engine ends.

    Raises:
        EngineError: the lock cannot be looked at, so that nobody knows whether one runs.
    """
    try:
        descriptor = os.open(workspace.lock, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        # Every engine makes it before anything else.
        return None
    except OSError as error:
        raise _unknown(workspace, error) from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        content = os.pread(descriptor, 32, 0)
        return int(content) if content.strip().isdigit() else 0
    except OSError as error:
        raise _unknown(workspace, error) from None
    else:
        return None
    finally:
        os.close(descriptor)


@contextmanager
def engine_lock(workspace: Workspace) -> Iterator[None]:
    """Hold the lock that makes this process the workspace's only engine.

    Raises:
        EngineError: another engine holds it, or nobody knows whether one does.
    """
    try:
        descriptor = os.open(workspace.lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, modes.PRIVATE_FILE)
    except OSError as error:
        raise _unknown(workspace, error) from None
    try:
        if (mode := modes.file_mode(workspace.state)) != stat.S_IMODE(os.fstat(descriptor).st_mode):
            os.fchmod(descriptor, mode)
        _take(descriptor, workspace)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, str(os.getpid()).encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, workspace: Workspace) -> None:
    # A viewer that asks whether an engine runs holds a shared lock for some microseconds.
    for _ in range(LOCK_ATTEMPTS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(descriptor, 32, 0).decode(errors="replace").strip()
            time.sleep(LOCK_PAUSE_S)
        else:
            return
    raise EngineError(
        f"An engine (process {holder or 'unknown'}) already works on {clean(str(workspace.root))}.",
        "There can be only one; stop it with: modeltender engine stop",
        code="engine-running",
    )


def _unknown(workspace: Workspace, error: OSError) -> EngineError:
    """Return the error about a lock that cannot be looked at: that is no sign that nobody holds it."""
    right = f"Give this user the right: chmod u+rw {word(str(workspace.lock))}; or ask as its owner."
    denied = error.errno in {errno.EACCES, errno.EPERM}
    return EngineError(
        f"Whether an engine works on {clean(str(workspace.root))} cannot be told: "
        f"{clean(workspace.lock.name)} cannot be opened ({error.strerror}).",
        right if denied else shortages.hint(error, "Look after the disk that it lies on: journalctl -k"),
        code=NOT_KNOWN,
    )


def _folder(path: Path) -> Path:
    """Return ``path`` made absolute, or say why it is no folder that can be read."""
    path = Path(os.path.abspath(path.expanduser()))  # noqa: PTH100 - resolve() would follow links
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        raise WorkspaceError(
            f"{clean(str(path))} does not exist.", f"Make it with: modeltender init {word(str(path))}"
        ) from None
    except OSError as error:
        raise WorkspaceError(f"{clean(str(path))} cannot be read: {error.strerror}.") from None
    if not stat.S_ISDIR(mode):
        raise WorkspaceError(f"{clean(str(path))} is a file, not a folder.", "Name the workspace's folder.")
    if not os.access(path, os.R_OK | os.X_OK):
        raise modes.no_looking(path)
    return path
