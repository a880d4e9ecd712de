"""The tables ``[metrics]`` and ``[log]`` of ``modeltender.toml``: what the engine tells others, and where.

Owns the keys and their limits; what is exposed is `storage.openmetrics`', and writing it the engine's.
"""

import ipaddress
import socket
from typing import NamedTuple

from storage import durations
from storage.settings_file import Settings
from storage.vocabulary import LogLevel

SHORTEST_S = 1.0
"""The engine itself beats no faster."""


class Address(NamedTuple):
    """Where the engine may listen: a place on this machine's own network."""

    host: ipaddress.IPv4Address | ipaddress.IPv6Address
    port: int

    @property
    def family(self) -> socket.AddressFamily:
        """Which kind of address it is."""
        return socket.AF_INET6 if self.host.version == 6 else socket.AF_INET

    def __str__(self) -> str:
        """Return it as it is written."""
        return f"[{self.host}]:{self.port}" if self.host.version == 6 else f"{self.host}:{self.port}"


class Exposure(Settings, frozen=True, kw_only=True):
    """What is written for Prometheus and compatible tools."""

    textfile: str = ""
    """The file, absolute or below the workspace; empty writes none."""
    every: str = "15s"
    """How often it is written."""
    listen: str = ""
    """Where the engine answers Prometheus itself, such as ``127.0.0.1:9477``; empty opens no port."""


class Log(Settings, frozen=True, kw_only=True):
    """The engine's log."""

    level: LogLevel = LogLevel.INFO
    """The least severe lines that are written."""


def address(listen: str) -> Address:
    """Return a place to listen at; raise ``ValueError`` for one that is none, or that other machines could reach."""
    host, _, port = listen.rpartition(":")
    expected = f"expected an address of this machine's own and a port, such as 127.0.0.1:9477, got {listen!r}"
    if not (port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(expected)
    try:
        found = Address(ipaddress.ip_address(host.removeprefix("[").removesuffix("]")), int(port))
    except ValueError:
        raise ValueError(expected) from None
    if not found.host.is_loopback or (found.host.version == 6) != host.startswith("["):
        raise ValueError(expected)
    return found


def check(exposure: Exposure, problems: list[str]) -> None:
    """Gather what is wrong with the table."""
    if exposure.textfile and (exposure.textfile.endswith("/") or "\0" in exposure.textfile):
        problems.append(f"metrics.textfile: expected the name of a file, got {exposure.textfile!r}")
    try:
        if durations.seconds(exposure.every) < SHORTEST_S:
            problems.append(f"metrics.every: expected {SHORTEST_S:g}s or more, got {exposure.every}")
    except ValueError as error:
        problems.append(f"metrics.every: {error}")
    try:
        if exposure.listen:
            address(exposure.listen)
    except ValueError as error:
        problems.append(f"metrics.listen: {error}")
