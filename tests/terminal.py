"""A real pseudo-terminal with a program in it, for tests and benchmarks that look at what a person would see."""

import fcntl
import os
import select
import sys
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pexpect
import psutil
import pyte

POLL_S = 0.01

WHOLE = 65536
"""Bytes that are taken at once: whatever there is."""


LAST_WORDS_S = 1.0
"""How long last words are waited for where something still has the terminal open."""


class Terminal:
    """A program in a terminal of a given size; its screen is kept by a terminal emulator."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int,
        rows: int,
        environ: Mapping[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self.received = bytearray()
        self.started = time.perf_counter()
        self._child = pexpect.spawn(
            argv[0],
            list(argv[1:]),
            dimensions=(rows, columns),
            env={
                "TERM": "xterm-256color",
                "PATH": os.environ["PATH"],
                "HOME": os.environ["HOME"],
                "LANG": "C.UTF-8",
                **(environ or {}),
            },
            cwd=None if cwd is None else str(cwd),
            timeout=None,
        )
        self._child.delaybeforesend = None
        self._at_once, self._every_s = WHOLE, 0.0

    @property
    def pid(self) -> int:
        """Process id of the program."""
        return int(self._child.pid)

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the program if it still runs."""
        self._child.close(force=True)

    def send(self, keys: str) -> None:
        """Type ``keys``."""
        self._child.send(keys)

    def read(self, seconds: float = POLL_S) -> bool:
        """Take what the program wrote within ``seconds``; return whether it still has its terminal open."""
        deadline = time.perf_counter() + seconds
        while (left := deadline - time.perf_counter()) > 0:
            try:
                chunk = self._child.read_nonblocking(self._at_once, timeout=left)
            except pexpect.TIMEOUT:
                return True
            except pexpect.EOF:
                return False
            self.received += chunk
            self._stream.feed(chunk)
            if self._every_s:
                time.sleep(self._every_s)
        return True

    def slow_down(self, *, bytes_at_once: int, every_s: float) -> None:
        """From now on take only so many bytes at a time, as a slow line does: the program waits with the others."""
        self._at_once, self._every_s = bytes_at_once, every_s

    def text(self) -> str:
        """Return what the screen shows."""
        return "\n".join(self.screen.display)

    def wait_for(self, wanted: str | Callable[[str], bool], timeout: float = 20.0) -> float:
        """Wait until the screen shows ``wanted`` (a text, or a condition on the screen); return the seconds since the start.

        Raises:
            AssertionError: it did not appear in time; the message holds the screen.
        """
        shows = wanted if callable(wanted) else lambda text: wanted in text
        deadline = time.perf_counter() + timeout
        while time.perf_counter() < deadline:
            alive = self.read()
            if shows(self.text()):
                return time.perf_counter() - self.started
            if not alive:
                break
        raise AssertionError(f"{wanted!r} did not appear within {timeout:g} s. The screen:\n{self.text()}")

    def resize(self, columns: int, rows: int) -> None:
        """Make the terminal another size, as a window that is dragged does."""
        self._child.setwinsize(rows, columns)
        self.screen.resize(rows, columns)

    def wipe(self) -> None:
        """Forget what the screen shows, so that only what is painted from now on is there."""
        self.screen.reset()

    def unread(self) -> int:
        """Return how many bytes the program wrote that were not taken yet."""
        answer = fcntl.ioctl(self._child.child_fd, termios.FIONREAD, bytes(4))
        return int.from_bytes(answer, sys.byteorder)

    def hang_up(self) -> None:
        """Close the terminal under the program, as a connection that is lost does."""
        self._child.ptyproc.fileobj.close()
        self._child.ptyproc.closed = self._child.closed = True

    def wait_closed(self, timeout: float = 60.0) -> int:
        """Wait for the program's end and return its exit status (negative for a signal)."""
        deadline = time.perf_counter() + timeout
        while self.read(0.05) and time.perf_counter() < deadline:
            pass
        self._child.wait() if not self._child.isalive() or time.perf_counter() < deadline else None
        assert not self._child.isalive(), f"still running after {timeout:g} s. The screen:\n{self.text()}"
        self._take_the_rest()
        return (
            int(self._child.exitstatus)
            if self._child.signalstatus is None
            else -int(self._child.signalstatus)
        )

    def _take_the_rest(self) -> None:
        """Take what the kernel hands over after the program's end: pexpect looks once, and last words may come later."""
        while not self._child.closed and select.select([self._child.child_fd], [], [], LAST_WORDS_S)[0]:
            try:
                chunk = os.read(self._child.child_fd, WHOLE)
            except OSError:
                # Nobody has the terminal open any more, and all that was written has been read.
                return
            self.received += chunk
            self._stream.feed(chunk)

    def process(self) -> psutil.Process:
        """Return the program's process, for its memory and processor time."""
        return psutil.Process(self.pid)
