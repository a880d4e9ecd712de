"""A program of the owner's that trains: run without a shell, told by its environment, heard line by line.

Owns its process, its children and their end, and reading what it prints. Whether programs may run in this workspace is
decided before.
"""

import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil

from engine.jobs.context import Context
from engine.processes.endings import CANCELLED
from engine.training.folder import TrainingFolder
from engine.training.plan import Plan
from storage.errors import OWN_SETTINGS, JobError
from storage.records import Job
from storage.text import NAME, clean
from storage.training_records import Epoch

HOW: Final = "command"

KEPT: Final = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "TZ", "CUDA_VISIBLE_DEVICES", "LD_LIBRARY_PATH")
"""Of the engine's environment: what programs need to find others and their own settings, and no secret."""

OUTPUT: Final = "output"
PROCESS: Final = "process"

LINE_BYTES: Final = 64 * 1024
"""Of one line: longer ones are cut; no progress is told in so many words."""

POLL_S: Final = 0.1

FIGURES: Final = 16
"""Numbers of one epoch that are kept."""

NUMBER: Final = ("epoch", "epochs")


def train(
    context: Context,
    job: Job,
    wanted: Plan,
    folder: TrainingFolder,
    *,
    on_epoch: Callable[[Epoch], None],
    cancelled: Callable[[], bool],
) -> Path:
    """Run the program to its end, and return the one thing that it saved.

    Raises:
        JobError: it cannot be started, failed, took too long, was cancelled, or saved nothing.
    """
    output = folder.path / OUTPUT
    _end_leftover(folder.path / PROCESS)
    shutil.rmtree(output, ignore_errors=True)
    with folder.keeping():
        output.mkdir()
    shown = clean(" ".join(wanted.settings.train.command), NAME)
    try:
        process = context.hosts.launch(
            wanted.settings.train.command,
            cwd=context.workspace.root,
            environment=_environment(context, job, wanted, output),
        )
    except OSError as error:
        raise JobError(
            f"{shown} cannot be started: {error.strerror}.", f"Correct [train] command in its {OWN_SETTINGS}."
        ) from None
    listener = _Listener(folder, on_epoch)
    try:
        with folder.keeping():
            _remember(folder.path / PROCESS, process.pid)
        _await(process, listener, wanted, shown, cancelled)
    finally:
        _end(process)
        (folder.path / PROCESS).unlink(missing_ok=True)
    made = result(folder)
    if made is None:
        raise JobError(
            f"{shown} ended well and left {len(list(output.iterdir())) or 'nothing'} in MODELTENDER_OUTPUT.",
            "Save one model there: a file, or a folder for a SavedModel.",
        )
    return made


def result(folder: TrainingFolder) -> Path | None:
    """Return the one thing that a program saved, or ``None`` where it is not one."""
    try:
        found = [path for path in (folder.path / OUTPUT).iterdir() if not path.name.startswith(".")]
    except FileNotFoundError:
        # It never began.
        return None
    return found[0] if len(found) == 1 and not found[0].is_symlink() else None


def _environment(context: Context, job: Job, wanted: Plan, output: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    base, settings = wanted.base, wanted.settings.train
    artefact = ""
    if base is not None and base.artefact:
        artefact = str(context.workspace.version_folder(base.model, base.number) / base.artefact)
    return kept | {
        "MODELTENDER_MODEL": job.model,
        "MODELTENDER_OUTPUT": str(output),
        "MODELTENDER_TRAIN_DATA": str(wanted.train),
        "MODELTENDER_VALIDATION_DATA": "" if wanted.validation is None else str(wanted.validation),
        "MODELTENDER_BASE": "" if job.parameters.from_scratch else artefact,
        "MODELTENDER_EPOCHS": str(wanted.epochs),
        "MODELTENDER_BATCH_SIZE": str(settings.batch_size),
        "MODELTENDER_LEARNING_RATE": repr(settings.learning_rate),
        "MODELTENDER_SEED": str(settings.seed),
        "PYTHONUNBUFFERED": "1",
    }


def _await(
    process: "subprocess.Popen[bytes]",
    listener: "_Listener",
    wanted: Plan,
    shown: str,
    cancelled: Callable[[], bool],
) -> None:
    deadline = time.monotonic() + wanted.settings.train.max_duration_s
    if process.stdout is None:
        raise TypeError("the program's output is not a pipe")
    pipe, is_open = process.stdout.fileno(), True
    os.set_blocking(pipe, False)
    while True:
        # Before reading: what was written before the end is then read for certain.
        ended = process.poll() is not None
        if is_open and select.select([pipe], [], [], 0 if ended else POLL_S)[0]:
            chunk = os.read(pipe, LINE_BYTES)
            is_open = bool(chunk)
            listener.hear(chunk)
        elif ended:
            break
        elif not is_open:
            time.sleep(POLL_S)
        if cancelled():
            raise JobError(f"{shown} was stopped, as asked.", code=CANCELLED)
        if time.monotonic() > deadline:
            raise JobError(
                f"{shown} took longer than {wanted.settings.train.max_duration} and was stopped.",
                f"Raise max_duration in [train] of its {OWN_SETTINGS}.",
                code="deadline",
            )
    listener.hear(b"\n")
    if process.returncode:
        status = process.returncode
        ending = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise JobError(
            f"{shown} ended with {ending}" + (f": {listener.last}" if listener.last else "."),
            f"See all that it said: {listener.log}",
        )


class _Listener:
    """Makes epochs of a program's lines of JSON, and keeps every other line in the log."""

    def __init__(self, folder: TrainingFolder, on_epoch: Callable[[Epoch], None]) -> None:
        self._folder = folder
        self._on_epoch = on_epoch
        self._rest = b""
        self._began = time.monotonic()
        self.last = ""
        self.log = folder.log

    def hear(self, chunk: bytes) -> None:
        """Take what was printed."""
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        self._rest = self._rest[:LINE_BYTES]
        for line in lines:
            self._line(line.strip())

    def _line(self, line: bytes) -> None:
        if not line:
            return
        epoch = _epoch(line, time.monotonic() - self._began)
        if epoch is None:
            self.last = clean(line.decode(errors="replace"), 200)
            self._folder.note(self.last)
            return
        self._began = time.monotonic()
        self._on_epoch(epoch)


def _epoch(line: bytes, duration_s: float) -> Epoch | None:
    """Return the epoch that a line of JSON tells of, or ``None`` where it tells of none."""
    if not line.startswith(b"{"):
        return None
    try:
        said: dict[str, Any] = msgspec.json.decode(line, type=dict[str, Any])
    except (msgspec.MsgspecError, UnicodeDecodeError):
        # A line that only begins like JSON is for people.
        return None
    number = said.get("epoch")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    figures = {
        clean(name, NAME): float(value)
        for name, value in list(said.items())[:FIGURES]
        if name not in NUMBER and isinstance(value, int | float) and not isinstance(value, bool)
    }
    return Epoch(number, duration_s, figures)


def _remember(file: Path, pid: int) -> None:
    """Write down which process works, so that an engine that starts after a crash can end it."""
    with suppress(psutil.NoSuchProcess):
        # It ended at once: nobody need be ended later.
        file.write_text(f"{pid} {psutil.Process(pid).create_time()!r}")


def _end_leftover(file: Path) -> None:
    """End a program that outlived its engine; another process that got its number meanwhile is left alone."""
    try:
        pid, created = file.read_text().split()
        process = psutil.Process(int(pid))
        if repr(process.create_time()) != created:
            return
    except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
        # None outlived it, or it was killed before its number was on the disk: then nobody can tell which one it was.
        return
    _end_family(process)


def _end(process: "subprocess.Popen[bytes]") -> None:
    """End the program with its children, also those that left its group, and wait for it."""
    with suppress(psutil.NoSuchProcess):
        # Ended by itself: what it left in its group goes below.
        _end_family(psutil.Process(process.pid))
    with suppress(ProcessLookupError, PermissionError):
        # Nobody is left in the group, or only what has become another user and is that user's to end.
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    if process.stdout is not None:
        process.stdout.close()


def _end_family(process: psutil.Process) -> None:
    for member in (*process.children(recursive=True), process):
        with suppress(psutil.NoSuchProcess):
            # It ended meanwhile, as it should.
            member.kill()
