"""What the engine tells the service manager that started it: that it works, that it still does, and that it ends.

Owns the datagrams of systemd's protocol (``sd_notify``), which other service managers speak too. Where nobody asked to
be told, nothing is sent; where nobody listens any more, the engine goes on and its log says so once.
"""

import logging
import os
import socket
from collections.abc import MutableMapping
from typing import Final, Self

log = logging.getLogger(__name__)

SOCKET: Final = "NOTIFY_SOCKET"

VARIABLES: Final = (SOCKET, "WATCHDOG_USEC", "WATCHDOG_PID")
"""What a service manager puts into our environment; nothing that we start is to speak in our name."""

SEND_S: Final = 1.0
"""How long a datagram may wait for a manager whose queue is full: shorter than any watchdog's patience."""

READY: Final = b"READY=1"
ALIVE: Final = b"WATCHDOG=1"
STOPPING: Final = b"STOPPING=1"


class Manager:
    """Whoever wants to know how the engine is; without an address nobody does."""

    def __init__(self, address: str = "") -> None:
        """``address`` is a path, or begins with ``@`` where the socket has a name without a file."""
        self._address = f"\0{address[1:]}" if address.startswith("@") else address
        self._told = True

    @classmethod
    def of(cls, environment: MutableMapping[str, str]) -> Self:
        """Return the manager that the environment names, and take it out of there."""
        address, _, _ = (environment.pop(name, "") for name in VARIABLES)
        return cls(address)

    def ready(self) -> None:
        """Say that the engine works."""
        self._send(READY)

    def alive(self) -> None:
        """Say that the main loop goes round; a manager that misses this for too long ends the engine and starts another."""
        self._send(ALIVE)

    def stopping(self) -> None:
        """Say that the engine ends because it was asked to."""
        self._send(STOPPING)

    def _send(self, message: bytes) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sender:
                sender.settimeout(SEND_S)
                sender.sendto(message, self._address)
        except OSError as error:
            # The work does not depend on it; a manager that is gone cannot be told that either.
            if self._told:
                log.warning("the service manager could not be told %s: %s", message.decode(), error)
            self._told = False
        else:
            self._told = True


def present() -> Manager:
    """Return the manager that started this process, if any."""
    return Manager.of(os.environ)
