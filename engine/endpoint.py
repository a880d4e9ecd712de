"""The engine's address for Prometheus: answers ``GET /metrics`` on this machine's own network with the present figures.

Owns who is answered, how many at a time and how long one may take; what is answered is `storage.exposition`'.
An address that is taken is told in the log once, and tried again: the work does not depend on it.
"""

import gzip
import ipaddress
import logging
import re
import socketserver
import threading
import time
from collections.abc import Mapping
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType
from typing import Any

from storage import snapshot
from storage.database import Reader
from storage.errors import DatabaseError
from storage.exposition import Exposition
from storage.exposure_settings import Address
from storage.openmetrics import Look
from storage.snapshot import Seen

log = logging.getLogger(__name__)

PATH = "/metrics"

OPEN_METRICS = "application/openmetrics-text"
"""What a reader says it accepts that knows the standard."""

TYPES = {
    True: f"{OPEN_METRICS}; version=1.0.0; charset=utf-8",
    False: "text/plain; version=0.0.4; charset=utf-8",
}
"""What is answered to who accepts the standard and to who does not: the text is valid as either."""

AT_ONCE = 4
"""How many are answered at a time; who comes beyond that is hung up on, and scrapes again."""

SLOWEST_S = 5.0
"""How long one may take to ask, or not read what is answered."""

FRESH_S = 1.0
"""How long a text is given again: the engine's own heartbeat is no younger, and many readers cost what one does."""

GZIP_LEVEL = 1
"""The text repeats itself so much that the quickest level leaves a few hundredths of it; more take longer for little."""

RETRY_S = 15.0
POLL_S = 0.5
"""How soon the server notices that it is to end."""


class Texts:
    """The present text, made at most once a second however many ask."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._seen = Seen()
        self._exposition = Exposition()
        self._made_at = float("-inf")
        self._text = b""
        self._compressed: bytes | None = None

    def get(self, *, compressed: bool) -> bytes:
        """Return the exposition, as it is or by gzip; raise `DatabaseError` where the database cannot be read."""
        with self._lock:
            if time.monotonic() - self._made_at >= FRESH_S:
                self._make()
            if not compressed:
                return self._text
            if self._compressed is None:
                self._compressed = gzip.compress(self._text, GZIP_LEVEL)
            return self._compressed

    def _make(self) -> None:
        reader = Reader(self._database)
        try:
            seen = snapshot.read(reader, seen=self._seen)
        finally:
            reader.close()
        self._text, self._compressed = self._exposition.text(Look(seen, running=True)), None
        self._made_at = time.monotonic()


class Endpoint(threading.Thread):
    """A part of the engine: listens, and answers until the engine ends."""

    def __init__(self, database: Path, address: Address) -> None:
        super().__init__(name="endpoint", daemon=True)
        self._texts = Texts(database)
        self._address = address
        self._stopping = threading.Event()

    def stop(self) -> None:
        """End, and return when the address is free again."""
        self._stopping.set()
        self.join()

    def run(self) -> None:
        """Listen as soon as the address is free, until `stop`."""
        told = False
        while not self._stopping.is_set():
            try:
                server = _Server(self._address, self._texts)
            except OSError as error:
                if not told:
                    log.warning("the metrics cannot be offered at %s: %s", self._address, error.strerror)
                told = True
                self._stopping.wait(RETRY_S)
                continue
            log.info("the metrics are offered at http://%s%s", self._address, PATH)
            with server:
                server.timeout = POLL_S
                while not self._stopping.is_set():
                    server.handle_request()
            return


class _Server(ThreadingHTTPServer):
    """Answers each in a thread of its own, a few at a time."""

    # One that hangs must not keep the engine from ending.
    block_on_close = False

    def __init__(self, address: Address, texts: Texts) -> None:
        self.address_family = address.family
        self.texts = texts
        self._places = threading.Semaphore(AT_ONCE)
        super().__init__((str(address.host), address.port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Begin to answer, where there is a place."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def server_bind(self) -> None:
        """Take the address, without asking a name service what this machine is called."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]  # type: ignore[assignment]  # it may be of bytes elsewhere

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say at the log's lowest level that a reader went away; it is no business of the engine."""
        del request
        # The base class calls it where it caught what was raised.
        log.debug("a reader of the metrics at %s was not answered", client_address, exc_info=True)  # noqa: LOG014 - as said


class _Handler(BaseHTTPRequestHandler):
    """One question and its answer."""

    server: _Server
    timeout = SLOWEST_S
    # HTTP/1.0, one question a connection: nobody keeps a place.

    def do_GET(self) -> None:
        """Answer with the figures, or with why not."""
        if not _own(self.headers.get("Host")):
            # A page in somebody's browser whose name was made to lead here: its own origin, so it could read the answer.
            self._answer(HTTPStatus.FORBIDDEN, b"ask for this machine by its own address\n")
        elif self.path.partition("?")[0] != PATH:
            self._answer(HTTPStatus.NOT_FOUND, f"there is only {PATH}\n".encode())
        else:
            self._figures()

    def _figures(self) -> None:
        compressed = _accepts_gzip(self.headers.get("Accept-Encoding", ""))
        try:
            body = self.server.texts.get(compressed=compressed)
        except DatabaseError as error:
            self._answer(HTTPStatus.SERVICE_UNAVAILABLE, f"{error}\n".encode())
            return
        kind = TYPES[OPEN_METRICS in self.headers.get("Accept", "")]
        self._answer(HTTPStatus.OK, body, kind, {"Content-Encoding": "gzip"} if compressed else {})

    def _answer(
        self,
        status: HTTPStatus,
        body: bytes,
        kind: str = "text/plain; charset=utf-8",
        headers: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Content-Type-Options", "nosniff")
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def version_string(self) -> str:
        """Return what the server calls itself: not which Python it is."""
        return "modeltender"

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the base class's
        """Say what was asked at the log's lowest level; a scrape every 15 s would fill it."""
        log.debug(format, *args)


def _accepts_gzip(encodings: str) -> bool:
    """Whether a question names gzip among the encodings that may answer it, and not to say that it may not."""
    for one in encodings.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight) is None
    return False


def _own(host: str | None) -> bool:
    """Whether a question's host is this machine by one of its own addresses, or is not said at all."""
    if host is None:
        return True
    name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name.strip("[]")).is_loopback
    except ValueError:
        return False
