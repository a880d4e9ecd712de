"""A mail server on loopback that takes mail as RFC 5321 says, with TLS and passwords, or misbehaves on purpose."""

import base64
import contextlib
import socketserver
import ssl
import threading
import time
from email import message_from_bytes, policy
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

PEM: Final = Path(__file__).parent / "data" / "localhost.pem"
"""A certificate for localhost that signs itself, and its key: good for nothing but these tests."""

USER, PASSWORD = "tender", "a secret of 2026"

DRIP_S = 0.05
"""Between two bytes of a slow greeting: each comes long before any socket's time-out."""


class Manner(StrEnum):
    """How a server treats those who come."""

    HONEST = "honest"
    REFUSING = "refusing"
    """Nobody is known to it."""
    SLOW = "slow"
    NONSENSE = "nonsense"
    CLOSING = "closing"


class Taken(NamedTuple):
    """A message that was taken."""

    sender: str
    to: tuple[str, ...]
    mail: EmailMessage
    secure: bool
    user: str


class MailServer:
    """A server with a thread for every connection; `taken` keeps what it took."""

    def __init__(self, *, implicit_tls: bool = False) -> None:
        self.manner = Manner.HONEST
        self.taken: list[Taken] = []
        self.implicit_tls = implicit_tls
        self.ended = threading.Event()
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(PEM)
        self._server = _Server(("127.0.0.1", 0), _Conversation)
        self._server.owner = self
        self.port = int(self._server.server_address[1])

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.ended.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    owner: MailServer

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: who was here has left in the middle of a word, as some tests want."""


class _Conversation(socketserver.StreamRequestHandler):
    server: _Server
    secure = False
    user = ""
    sender = ""

    def handle(self) -> None:
        """Take mail until the other side leaves."""
        self.to: list[str] = []
        owner = self.server.owner
        if owner.implicit_tls:
            self._wrap()
        if owner.manner is Manner.SLOW:
            self._drip()
        elif owner.manner is Manner.NONSENSE:
            self.wfile.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        elif owner.manner is not Manner.CLOSING:
            self._say("220 localhost ready")
            while (line := self.rfile.readline()) and self._obey(line.decode().strip()):
                pass

    def finish(self) -> None:
        """Close what TLS has put around the connection, too."""
        super().finish()
        self.connection.close()

    def _obey(self, words: str) -> bool:
        """Answer one line; return whether there may be more."""
        verb, _, rest = words.partition(" ")
        answer = {
            "EHLO": self._greet,
            "STARTTLS": self._start_tls,
            "AUTH": self._log_in,
            "MAIL": self._begin,
            "RCPT": self._address,
            "DATA": self._take,
        }.get(verb.upper())
        if answer is not None:
            answer(rest)
        elif verb.upper() == "QUIT":
            self._say("221 bye")
            return False
        else:
            self._say("250 ok")
        return True

    def _say(self, *lines: str) -> None:
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _greet(self, _name: str) -> None:
        self._say("250-localhost", "250-AUTH PLAIN" if self.secure else "250-STARTTLS", "250 8BITMIME")

    def _start_tls(self, _nothing: str) -> None:
        self._say("220 go ahead")
        self._wrap()

    def _wrap(self) -> None:
        self.connection = self.server.owner.tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.secure = True

    def _log_in(self, words: str) -> None:
        _, user, password = base64.b64decode(words.rsplit(" ", maxsplit=1)[-1]).decode().split("\0")
        if (user, password) == (USER, PASSWORD):
            self.user = user
            self._say("235 welcome")
        else:
            self._say(f"535 {user} is not known with {password}")

    def _begin(self, words: str) -> None:
        self.sender, self.to = _address(words), []
        self._say("250 ok")

    def _address(self, words: str) -> None:
        if self.server.owner.manner is Manner.REFUSING:
            self._say("550 nobody\x1b[31m of that name here")
            return
        self.to.append(_address(words))
        self._say("250 ok")

    def _take(self, _nothing: str) -> None:
        self._say("354 go ahead")
        content = b"".join(line.removeprefix(b".") for line in iter(self.rfile.readline, b".\r\n"))
        mail = message_from_bytes(content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.server.owner.taken.append(Taken(self.sender, tuple(self.to), mail, self.secure, self.user))
        self._say("250 taken")

    def _drip(self) -> None:
        with contextlib.suppress(OSError):
            # Who came has lost patience.
            while not self.server.owner.ended.is_set():
                self.wfile.write(b"2")
                time.sleep(DRIP_S)


def _address(words: str) -> str:
    """Return the address of ``FROM:<me@example.org> SIZE=...``."""
    return words.partition("<")[2].partition(">")[0]
