"""A command of the owner's: run without a shell, told by its environment, believed by its exit status.

Owns the process and its end. Whether commands may run in this workspace is decided before.
"""

import os
import select
import signal
import subprocess
import time
from contextlib import suppress
from shutil import which

from engine.repository.targets.target import News, TargetError
from storage.target_settings import Command, TargetSettings
from storage.text import clean
from storage.workspace import Workspace

KEPT = ("PATH", "HOME", "USER", "LANG", "TMPDIR", "TZ")
"""Of the engine's environment: what programs need to find others and their own settings, and no secret."""

TAIL_BYTES = 4096
"""Of the output: its last line is told, and more is not kept."""

POLL_S = 0.05
"""How often it is looked whether the process has ended while others hold its output open."""


class Target:
    """One dealing with one command."""

    def __init__(self, workspace: Workspace, settings: TargetSettings) -> None:
        if not isinstance(settings, Command):
            raise TypeError(type(settings).__name__)
        self._settings = settings
        self._workspace = workspace
        self._ran = False

    def check(self, news: News) -> None:
        """Raise a `TargetError` where there is no such program."""
        del news
        program = self._settings.command[0]
        path = str(self._workspace.root / program) if "/" in program else program
        if which(path, path=os.environ.get("PATH")) is None:
            raise TargetError(f"the program {clean(program, 120)} is not there, or cannot be run")

    def tell(self, news: News) -> str:
        """Run the command; its exit status 0 confirms."""
        self._ran = True
        deadline = time.monotonic() + self._settings.timeout_s
        try:
            process = subprocess.Popen(
                self._settings.command,
                cwd=self._workspace.root,
                env=_environment(news),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise TargetError(f"{self._shown} cannot be started: {error.strerror}") from None
        with process:
            try:
                status, last = _watched(process, deadline)
            finally:
                if process.poll() is None:
                    with suppress(ProcessLookupError):
                        os.killpg(process.pid, signal.SIGKILL)
        told = f": {last}" if last else ""
        if status is None:
            raise TargetError(f"{self._shown} took longer than {self._settings.timeout_s:g} s{told}")
        if status:
            ending = f"exit status {status}" if status > 0 else f"signal {-status}"
            raise TargetError(f"{self._shown} ended with {ending}{told}")
        return last or "exit status 0"

    def take_back(self, news: News) -> None:
        """Run the command with what is deployed again; the version is empty where nothing is."""
        if self._ran:
            self.tell(news)

    @property
    def _shown(self) -> str:
        return clean(" ".join(self._settings.command), 120)


def _environment(news: News) -> dict[str, str]:
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    return kept | {
        "MODELTENDER_MODEL": news.model,
        "MODELTENDER_VERSION": "" if news.version is None else str(news.version),
        "MODELTENDER_PREVIOUS": "" if news.previous is None else str(news.previous),
        "MODELTENDER_PATH": "" if news.path is None else str(news.path),
    }


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
