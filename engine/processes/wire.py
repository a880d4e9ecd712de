"""Messages on a socket: four bytes of length, then msgpack, at most `MAXIMUM_MESSAGE` bytes of it.

It owns the framing and nothing of the messages' meaning. The peer may be hostile: a length is believed only
below the limit, and memory grows with what has arrived, never with what was announced.
"""

import os
import socket
import struct
from array import array
from collections.abc import Sequence
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from engine.processes.protocol import MAXIMUM_MESSAGE

HEADER: Final = struct.Struct("<I")

CHUNK: Final = 256 * 1024
"""Bytes per read: a socket's buffer holds about as much."""

DESCRIPTORS: Final = 2
"""The most that travel with one message: a socket's end and a pipe's."""

_encoder = msgspec.msgpack.Encoder()


class NonsenseError(Exception):
    """The peer sent what no honest peer sends; the message says what."""


class Received(NamedTuple):
    """One message's bytes and the descriptors that came with it."""

    payload: bytes
    descriptors: tuple[int, ...]


def frame(message: msgspec.Struct) -> bytes:
    """Return ``message`` as it goes over the wire.

    Raises:
        ValueError: it is larger than what the other end takes.
    """
    payload = _encoder.encode(message)
    if len(payload) > MAXIMUM_MESSAGE:
        raise ValueError(
            f"a message of {len(payload):,} bytes is larger than the limit of {MAXIMUM_MESSAGE:,}"
        )
    return HEADER.pack(len(payload)) + payload


class Frames:
    """Puts messages together from bytes as they arrive."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def __len__(self) -> int:
        return len(self._buffer)

    def feed(self, data: bytes) -> None:
        """Take what arrived."""
        self._buffer += data

    def next(self) -> bytes | None:
        """Return the next message, or ``None`` while it is incomplete.

        Raises:
            NonsenseError: a length that no message has.
        """
        if len(self._buffer) < HEADER.size:
            return None
        end = HEADER.size + checked_length(self._buffer)
        if len(self._buffer) < end:
            return None
        payload = bytes(memoryview(self._buffer)[HEADER.size : end])
        del self._buffer[:end]
        return payload


def checked_length(header: bytes | bytearray) -> int:
    """Return the length that ``header`` announces.

    Raises:
        NonsenseError: it is 0 or above the limit.
    """
    (length,) = HEADER.unpack_from(header)
    if not 0 < length <= MAXIMUM_MESSAGE:
        raise NonsenseError(f"a message of {length:,} bytes")
    return int(length)


def send(channel: socket.socket, message: msgspec.Struct, descriptors: Sequence[int] = ()) -> None:
    """Send a message and lend the peer copies of ``descriptors``; waits while the peer's buffer is full."""
    data = frame(message)
    if descriptors:
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array("i", descriptors))]
        data = data[channel.sendmsg([data], rights) :]
    channel.sendall(data)


def receive(channel: socket.socket) -> Received | None:
    """Wait for a whole message, or return ``None`` when the peer is gone.

    Descriptors come with a message's first byte, so they are taken while its header is read.

    Raises:
        NonsenseError: a length that no message has, or an end in mid-message.
        TimeoutError: the channel has a time-out, and it passed.
    """
    size = socket.CMSG_SPACE(DESCRIPTORS * array("i").itemsize)
    try:
        header, control, _flags, _address = channel.recvmsg(HEADER.size, size, socket.MSG_CMSG_CLOEXEC)
    except ConnectionResetError:
        # A peer that died with our message unread; gone is gone.
        return None
    descriptors = _descriptors(control)
    if not header:
        return None
    try:
        header += _exactly(channel, HEADER.size - len(header))
        return Received(_exactly(channel, checked_length(header)), descriptors)
    except BaseException:
        close_all(descriptors)
        raise


def close_all(descriptors: Sequence[int]) -> None:
    """Close descriptors, whatever state they are in."""
    for descriptor in descriptors:
        with suppress(OSError):
            # Already closed is closed.
            os.close(descriptor)


def _exactly(channel: socket.socket, size: int) -> bytes:
    data = bytearray()
    while len(data) < size:
        part = channel.recv(min(size - len(data), CHUNK))
        if not part:
            raise NonsenseError("an end in the middle of a message")
        data += part
    return bytes(data)


def _descriptors(control: list[tuple[int, int, bytes]]) -> tuple[int, ...]:
    numbers = array("i")
    for level, kind, data in control:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    return tuple(numbers)
