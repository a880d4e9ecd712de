"""A command of the owner's: run without a shell, ended with its children at its deadline, believed by its exit status.

Owns the process and its end. Whether commands may run in this workspace is decided before, and what one is told is its
caller's.
"""

import os
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from shutil import which

from storage.text import clean

KEPT = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "TZ")
"""Of the engine's environment: what programs need to find others and their own settings, and no secret."""

TAIL_BYTES = 4096
"""Of the output: its last line is told, and more is not kept."""

POLL_S = 0.05
"""How often it is looked whether the process has ended while others hold its output open."""

SHOWN = 120
"""Characters of a command in a sentence."""


class CommandError(Exception):
    """The command is not there, cannot be started, took too long, or said no."""


def check(command: Sequence[str], folder: Path) -> None:
    """Raise a `CommandError` where there is no such program."""
    program = command[0]
    path = str(folder / program) if "/" in program else program
    if which(path, path=os.environ.get("PATH")) is None:
        raise CommandError(f"the program {clean(program, SHOWN)} is not there, or cannot be run")


def run(
    command: Sequence[str], folder: Path, told: Mapping[str, str], *, given: bytes = b"", timeout_s: float
) -> str:
    """Run a command in a folder and return the last line that it printed; its exit status 0 means that it worked.

    It gets ``told`` as environment besides what is kept of the engine's, and ``given`` on its standard input.

    Raises:
        CommandError: it did not work; the message says why.
    """
    shown = clean(" ".join(command), SHOWN)
    deadline = time.monotonic() + timeout_s
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    # A file and no pipe: a command that does not read is not waited for.
    with tempfile.TemporaryFile() as stdin:
        stdin.write(given)
        stdin.seek(0)
        try:
            process = subprocess.Popen(
                command,
                cwd=folder,
                env={**kept, **told},
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise CommandError(f"{shown} cannot be started: {error.strerror}") from None
    with process:
        try:
            status, last = _watched(process, deadline)
        finally:
            if process.poll() is None:
                with suppress(ProcessLookupError):
                    # It ended in this moment.
                    os.killpg(process.pid, signal.SIGKILL)
    words = f": {last}" if last else ""
    if status is None:
        raise CommandError(f"{shown} took longer than {timeout_s:g} s{words}")
    if status:
        ending = f"exit status {status}" if status > 0 else f"signal {-status}"
        raise CommandError(f"{shown} ended with {ending}{words}")
    return last or "exit status 0"


def _watched(process: "subprocess.Popen[bytes]", deadline: float) -> tuple[int | None, str]:
    """Return the exit status, or ``None`` after the deadline, and the last line of the output."""
    if process.stdout is None:
        raise TypeError("the command's output is not a pipe")
    pipe, tail, is_open = process.stdout.fileno(), b"", True
    os.set_blocking(pipe, False)
    while (left := deadline - time.monotonic()) > 0:
        # Before reading: what was written before the end is then read for certain.
        ended = process.poll() is not None
        if is_open and select.select([pipe], [], [], 0 if ended else min(POLL_S, left))[0]:
            chunk = os.read(pipe, 65536)
            is_open, tail = bool(chunk), (tail + chunk)[-TAIL_BYTES:]
        elif ended:
            break
        elif not is_open:
            time.sleep(min(POLL_S, left))
    lines = [line for line in tail.decode(errors="replace").splitlines() if line.strip()]
    return process.poll(), clean(lines[-1], 200) if lines else ""
