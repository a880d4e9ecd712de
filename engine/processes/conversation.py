"""The engine's end of one model process: its socket, its stderr and its handle, waited for together.

It owns the descriptors, the waiting and the ending, and knows nothing of what the messages mean. It never
waits longer than it is told, never blocks on a process that does not read, and keeps only the end of what a
process prints. One thread at a time may talk; `alive`, `signal` and `close` may be called by any.
"""

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Final

import msgspec

from engine.processes import wire
from engine.processes.wire import Frames, NonsenseError

TICK_S: Final = 0.1
"""How often a waiting thread looks up: a person who cancels should not notice the delay."""

LAST_BYTES: Final = 16 * 1024
"""What is kept of stderr: a long traceback fits, a flood does not grow."""

LINGER_S: Final = 1.0
"""How long a process that has closed its socket may take to end before it is ended."""

DYING_S: Final = 10.0
"""How long the kernel may take to end a process that was killed: freeing gigabytes takes seconds."""


class GoneError(Exception):
    """The process ended without another message."""


class DeafError(Exception):
    """The process closed its connection and stayed, so it was ended."""


class Conversation:
    """Questions to, and answers from, one model process."""

    def __init__(self, channel: socket.socket, stderr: int, handle: int) -> None:
        channel.setblocking(False)
        os.set_blocking(stderr, False)
        self._channel, self._stderr, self._handle = channel, stderr, handle
        self._lock = threading.Lock()
        self._closed = False
        self._ticked_at = 0.0
        self._deaf = False
        self._incoming = Frames()
        self._outgoing = bytearray()
        self._printed = bytearray()
        self._poll = select.poll()
        for descriptor in (channel, stderr, handle):
            self._poll.register(descriptor, select.POLLIN)

    @property
    def alive(self) -> bool:
        """Whether the process has not ended; one that is stopped lives."""
        with self._lock:
            return not self._closed and not _readable(self._handle, 0)

    def signal(self, number: int) -> None:
        """Send the process a signal, unless it has ended; its number cannot have passed to another."""
        with self._lock, contextlib.suppress(ProcessLookupError):
            # Ended already is what a kill is for, and no harm to a stop or a continue.
            if not self._closed:
                signal.pidfd_send_signal(self._handle, number)

    def end(self) -> None:
        """End the process and wait until it has."""
        self.signal(signal.SIGKILL)
        _readable(self._handle, DYING_S)
        self._listen_to_the_end()

    def close(self) -> None:
        """Let go of the process' descriptors; nothing can be said or heard after that."""
        with self._lock:
            if not self._closed:
                self._closed = True
                self._channel.close()
                wire.close_all((self._stderr, self._handle))

    @property
    def printed(self) -> bytes:
        """The end of what the process printed, as it printed it."""
        return bytes(self._printed)

    def say(self, message: msgspec.Struct) -> None:
        """Put a question; it is sent while the answer is awaited.

        Raises:
            NonsenseError: something came that nobody had asked for.
        """
        self._receive()
        if len(self._incoming):
            raise NonsenseError("an answer without a question")
        self._outgoing += wire.frame(message)

    def hear(self, deadline: float, tick: Callable[[], None]) -> bytes:
        """Return the next message's bytes; ``tick`` is called about ten times a second and may raise.

        Raises:
            NonsenseError: a length that no message has.
            TimeoutError: the monotonic clock passed ``deadline``.
            GoneError: the process ended without another message.
            DeafError: the process closed its connection without ending, and was ended.
        """
        while True:
            # Looked at before every message: one that never stops talking has the same deadline as a silent one.
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError
            if now - self._ticked_at >= TICK_S:
                self._ticked_at = now
                tick()
            over = _readable(self._handle, 0)
            took = self._receive()
            payload = self._incoming.next()
            if payload is not None:
                return payload
            # What it said before it ended counts, so its end counts only when nothing more was read.
            if self._deaf or (over and not took):
                raise self._ending()
            self._send()
            self._poll.poll(max(min(TICK_S, deadline - now), 0) * 1000)
            self._listen()

    def _receive(self) -> bool:
        """Take what lies in the socket; return whether anything did."""
        try:
            data = self._channel.recv(wire.CHUNK)
        except BlockingIOError:
            return False
        except ConnectionResetError:
            # It died with our question unread; that is an end like any other.
            data = b""
        self._incoming.feed(data)
        self._deaf = not data
        return bool(data)

    def _send(self) -> None:
        """Send what its buffer takes of a question; the rest when there is room again."""
        with contextlib.suppress(BlockingIOError, BrokenPipeError, ConnectionResetError):
            # Full: later. Gone: the next look at the socket says so.
            while self._outgoing:
                del self._outgoing[: self._channel.send(self._outgoing)]
        self._poll.modify(self._channel, select.POLLIN | (select.POLLOUT if self._outgoing else 0))

    def _listen(self) -> bool:
        """Take what lies in stderr, keep the end of it, and return whether there may be more."""
        try:
            data = os.read(self._stderr, wire.CHUNK)
        except BlockingIOError:
            return False
        if not data:
            # Closed by the process; a poll would report that for ever.
            with contextlib.suppress(KeyError):
                self._poll.unregister(self._stderr)
            return False
        self._printed += data
        del self._printed[:-LAST_BYTES]
        return True

    def _listen_to_the_end(self) -> None:
        """Take what is left in the pipe: no more than its size, since the process has ended."""
        for _ in range(16):
            if not self._listen():
                break

    def _ending(self) -> GoneError | DeafError:
        if _readable(self._handle, LINGER_S):
            self._listen_to_the_end()
            return GoneError()
        self.end()
        return DeafError()


def _readable(descriptor: int, timeout_s: float) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(timeout_s * 1000))
