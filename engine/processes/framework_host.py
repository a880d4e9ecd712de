"""The engine's end of one framework host.

It owns the host's process, the socket to it and the account of its children. Any thread may use it; the
host is asked one thing at a time, which takes milliseconds once its framework is imported.
"""

import contextlib
import errno
import logging
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from engine.processes import environment, last_words, room, scratch, wire
from engine.processes.conversation import LAST_BYTES
from engine.processes.endings import (
    CANCELLED,
    LAST_WORDS,
    NOT_STARTED,
    ModelProcessError,
    host_crowded,
    host_killed,
)
from engine.processes.host_messages import Exited, Fork, Forked, FromHost, HostFailed, HostReady, Profile
from engine.processes.interpreter import OWN, Interpreter
from storage import shortages
from storage.text import clean

log = logging.getLogger(__name__)

START_S: Final = 120.0
"""TensorFlow imports in 3 to 6 s from a warm disk; a cold one on a busy machine takes a minute."""

FORK_S: Final = 30.0
"""A fork takes milliseconds; a host that takes this long is being swapped out or broken."""

STOP_S: Final = 2.0
"""A host has nothing to finish when it is told to stop."""

ENDING_S: Final = 1.0
"""A process whose socket is closed is gone within milliseconds."""

FORKS: Final = 200
"""A host is replaced after this many forks, before anything that leaks in it can matter."""

_decoder: msgspec.msgpack.Decoder[FromHost] = msgspec.msgpack.Decoder(FromHost)


class Birth(NamedTuple):
    """A model process that a host forked."""

    pid: int
    handle: int
    """Its pidfd."""
    channel: socket.socket
    stderr: int
    """The reading end of what it prints."""


class FrameworkHost:
    """A process that has imported a framework and forks model processes."""

    def __init__(
        self,
        framework: str,
        *,
        spawner: Executor,
        home: Path,
        inherited: Mapping[str, str],
        interpreter: Interpreter = OWN,
    ) -> None:
        self.framework: Final = framework
        self._home = home
        self._lock = threading.Lock()
        self._ready = False
        self._spent = False
        self._closing = False
        self._forks = 0
        self._endings: dict[int, Exited] = {}
        self.used_at = time.monotonic()
        with contextlib.ExitStack() as undo:
            # A file and not a pipe: nobody reads it until the host fails, and a pipe would fill.
            self._stderr = undo.enter_context(tempfile.TemporaryFile(dir=home))
            self._channel, theirs = socket.socketpair()
            undo.enter_context(self._channel)
            with theirs:
                # Parent-death signals follow the thread that forked, so that one must outlive the host: the spawner's.
                self._process = spawner.submit(
                    subprocess.Popen[bytes],
                    [
                        interpreter.executable,
                        "-P",
                        "-m",
                        "engine.processes.host",
                        framework,
                        "--fd",
                        str(theirs.fileno()),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=self._stderr,
                    stderr=self._stderr,
                    cwd="/",
                    env=environment.for_host(interpreter.environment(inherited), str(home)),
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                ).result()
            undo.pop_all()

    @property
    def pid(self) -> int:
        """The host's process."""
        return self._process.pid

    @property
    def running(self) -> bool:
        """Whether its process has not ended."""
        return self._process.poll() is None

    @property
    def usable(self) -> bool:
        """Whether it may be asked for another fork."""
        return not (self._spent or self._closing) and self._forks < FORKS and self.running

    def fork(self, profile: Profile, hint: str = "") -> Birth:
        """Fork a model process.

        Raises:
            ModelProcessError: the host cannot.
        """
        ours, theirs, reading, writing = self._ends()
        try:
            with theirs, self._lock:
                self._await_ready(hint)
                self._forks += 1
                pid, handle = self._ask_for_fork(profile, (theirs.fileno(), writing))
        except BaseException:
            ours.close()
            os.close(reading)
            raise
        finally:
            os.close(writing)
        return Birth(pid, handle, ours, reading)

    def _ends(self) -> tuple[socket.socket, socket.socket, int, int]:
        """Return both ends of a process' socket, and of the pipe for what it prints."""
        try:
            ours, theirs = socket.socketpair()
            try:
                return ours, theirs, *os.pipe()
            except OSError:
                ours.close()
                theirs.close()
                raise
        except OSError as error:
            raise self._no_fork(error) from None

    def _no_fork(self, error: OSError) -> ModelProcessError:
        return ModelProcessError(
            f"No process can be forked from the {self.framework} host ({error.strerror}).",
            shortages.hint(error, "Try again."),
            code=NOT_STARTED,
        )

    def ending(self, pid: int) -> Exited | None:
        """Return how a model process ended, or ``None`` where the host ended too."""
        deadline = time.monotonic() + FORK_S
        with self._lock:
            while pid not in self._endings:
                message, _descriptors = self._receive(deadline)
                if not isinstance(message, Exited):
                    self._spent = True
                    return None
            return self._endings[pid]

    def close(self) -> None:
        """End the host, and with it what is left of its children; who waits for it is told at once."""
        self._closing = True
        with contextlib.suppress(OSError):
            # It may be gone already.
            self._channel.shutdown(socket.SHUT_RDWR)
        if not self._ready:
            # It hears nothing while it imports, and has nothing to finish.
            self._process.kill()
        try:
            self._process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            log.warning("the %s host did not stop and is ended", self.framework)
            self._process.kill()
            self._process.wait()
        with self._lock:
            self._channel.close()
            self._stderr.close()
        scratch.sweep(self._home)

    def _await_ready(self, hint: str) -> None:
        if not self._ready:
            message, _descriptors = self._receive(time.monotonic() + START_S)
            if isinstance(message, HostFailed):
                self._spent = True
                if room.is_crowded():
                    raise host_crowded(self.framework)
                raise ModelProcessError(
                    f"{self.framework} cannot be imported: {clean(message.message)}", hint, code="host"
                )
            if not isinstance(message, HostReady):
                raise self._broken("did not start")
            self._ready = True

    def _ask_for_fork(self, profile: Profile, descriptors: tuple[int, int]) -> tuple[int, int]:
        deadline = time.monotonic() + FORK_S
        try:
            wire.send(self._channel, Fork(self._forks, profile), descriptors)
        except OSError:
            raise self._broken("ended") from None
        while True:
            message, received = self._receive(deadline)
            match message:
                case Exited():
                    continue
                case Forked(request=self._forks, pid=pid) if received:
                    return pid, received[0]
                case Forked():
                    # The kernel drops a handle that we have no descriptor for. The process ends with its host.
                    self._spent = True
                    raise self._no_fork(OSError(errno.EMFILE, os.strerror(errno.EMFILE)))
                case HostFailed():
                    raise self._broken(f"failed: {message.message}")
                case _:
                    raise self._broken("ended or did not answer")

    def _receive(self, deadline: float) -> tuple[FromHost | None, tuple[int, ...]]:
        """Return the host's next message, or ``None`` when it is gone or silent; endings are noted at once."""
        try:
            self._channel.settimeout(max(deadline - time.monotonic(), 0.001))
            received = wire.receive(self._channel)
        except TimeoutError:
            return None, ()
        if received is None:
            return None, ()
        message = _decoder.decode(received.payload)
        if isinstance(message, Exited):
            self._endings[message.pid] = message
        return message, received.descriptors

    def _broken(self, what: str) -> ModelProcessError:
        """Give the host up; return why, with its last words."""
        self._spent = True
        if self._closing:
            return ModelProcessError("The engine is stopping.", code=CANCELLED)
        with contextlib.suppress(subprocess.TimeoutExpired):
            # Its socket closes before the kernel says how it ended; one that is only silent runs on.
            self._process.wait(ENDING_S)
        if self._process.returncode == -signal.SIGKILL:
            return host_killed(self.framework)
        if room.is_crowded():
            return host_crowded(self.framework)
        size = os.fstat(self._stderr.fileno()).st_size
        # Read in place: the host writes at the offset that a seek of ours would move.
        printed = os.pread(self._stderr.fileno(), LAST_BYTES, max(size - LAST_BYTES, 0))
        lines = last_words.lines(printed)
        said = f' Its last words: "{clean(lines[-1], LAST_WORDS)}".' if lines else ""
        # One that imported its framework has opened no model either.
        code = NOT_STARTED if self._ready else "host"
        error = ModelProcessError(f"The {self.framework} host {what}.{said}", code=code)
        return last_words.logged(error, lines)
