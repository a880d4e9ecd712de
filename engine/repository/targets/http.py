"""Asking a server over HTTP, with an end to the waiting and to the answer.

Owns one request and its answer. No redirect is followed and no proxy used: the owner wrote which host is meant. What
an answer means is its target's.
"""

import http.client
import os
import socket
import threading
import time
from contextlib import closing
from typing import Any, BinaryIO, Final, NamedTuple
from urllib.parse import urlsplit

import msgspec

from engine.repository.targets.target import TargetError
from storage.text import clean

ANSWER_BYTES = 1024 * 1024
"""Far above any answer about a version; what is larger is not read further."""

PAUSE_S = 0.2
"""Between two questions to a server that is loading: unnoticeable for it, and for who waits."""

SAID = 160
"""Characters of a server's own words in a sentence of ours."""

BROKEN_OFF: Final = (http.client.IncompleteRead, ConnectionResetError, BrokenPipeError)
"""How it shows that a server died, or gave up, between a request and the end of its answer."""


class Answer(NamedTuple):
    """What a server said."""

    status: int
    body: bytes

    @property
    def said(self) -> str:
        """The server's own words: the error of a JSON answer, or its beginning."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError):
            found = None
        if isinstance(found, dict):
            found = next((found[key] for key in ("message", "error", "error_code") if found.get(key)), None)
        words = found if isinstance(found, str) else self.body[: 4 * SAID].decode(errors="replace")
        return clean(words, SAID) or "nothing"

    def decoded(self, kind: Any) -> Any:
        """Return the answer as a typed value, or ``None`` where it is something else."""
        try:
            return msgspec.json.decode(self.body, type=kind)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


class Server(NamedTuple):
    """A server by its address, and until when it may take."""

    url: str
    deadline: float
    """By the monotonic clock."""
    headers: tuple[tuple[str, str], ...] = ()
    """What every request says besides the usual."""

    def ask(self, method: str, path: str, body: object = None) -> Answer:
        """Send one request and return the answer, whatever its status.

        Raises:
            TargetError: the server cannot be reached, takes too long, or says something that is no answer.
        """
        content = None if body is None else msgspec.json.encode(body)
        return self._send(
            method, path, content, {} if content is None else {"Content-Type": "application/json"}
        )

    def put(self, path: str, content: bytes | BinaryIO) -> Answer:
        """Send bytes, or a file from its beginning, and return the answer; raise as `ask` does."""
        size = len(content) if isinstance(content, bytes) else os.fstat(content.fileno()).st_size
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
        return self._send("PUT", path, content, headers)

    def _send(
        self, method: str, path: str, content: bytes | BinaryIO | None, headers: dict[str, str]
    ) -> Answer:
        parts = urlsplit(self.url)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=self._left())
        said = {"Accept": "application/json", "Connection": "close", **dict(self.headers), **headers}
        with closing(connection):
            try:
                connection.connect()
                with self._limited(connection.sock):
                    connection.request(method, parts.path.rstrip("/") + path, content, said)
                    with connection.getresponse() as answer:
                        found = answer.read(ANSWER_BYTES + 1)
                        complete = not answer.length
            except (OSError, http.client.HTTPException) as error:
                raise self._trouble(error) from None
        if len(found) > ANSWER_BYTES:
            raise TargetError(f"{self.url} answers with more than {ANSWER_BYTES >> 20} MiB")
        if not complete or time.monotonic() >= self.deadline:
            raise self._trouble(http.client.IncompleteRead(b""))
        return Answer(answer.status, found)

    def pause(self) -> bool:
        """Wait a moment before asking again; return whether there is time for that."""
        left = self.deadline - time.monotonic()
        time.sleep(max(0.0, min(PAUSE_S, left)))
        return left > PAUSE_S

    def _limited(self, connected: socket.socket) -> "_Limit":
        return _Limit(connected, self._left())

    def _left(self) -> float:
        left = self.deadline - time.monotonic()
        if left <= 0:
            raise self._trouble(TimeoutError())
        return left

    def _trouble(self, error: Exception) -> TargetError:
        if isinstance(error, TimeoutError) or time.monotonic() >= self.deadline:
            return TargetError(f"{self.url} did not answer in time")
        if isinstance(error, BROKEN_OFF):
            return TargetError(f"{self.url} broke off before it had answered")
        if isinstance(error, http.client.HTTPException):
            return TargetError(f"{self.url} does not speak HTTP")
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        return TargetError(f"{self.url} cannot be reached: {clean(reason, SAID)}")


class _Limit:
    """Ends a connection at its deadline, however slowly bytes come: a socket's own time-out begins anew with each."""

    def __init__(self, connected: socket.socket, seconds: float) -> None:
        self._connected = connected
        self._timer = threading.Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> None:
        self._timer.start()

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def _end(self) -> None:
        try:
            self._connected.shutdown(socket.SHUT_RDWR)
        except OSError:
            # It has ended by itself.
            return
