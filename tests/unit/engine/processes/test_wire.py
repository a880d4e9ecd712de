"""What the framing promises to both ends of a socket."""

import contextlib
import os
import socket
import struct

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.processes import wire
from engine.processes.host_messages import Exited
from engine.processes.protocol import MAXIMUM_MESSAGE, Failed
from engine.processes.wire import Frames, NonsenseError

decoder = msgspec.msgpack.Decoder(Exited | Failed)


@given(st.lists(st.text(max_size=300), max_size=8), st.data())
def test_messages_survive_any_cutting(texts: list[str], data: st.DataObject) -> None:
    """However a stream is cut into pieces, the same messages come out in the same order."""
    stream = b"".join(wire.frame(Failed(text)) for text in texts)
    frames = Frames()
    found = []
    while stream:
        size = data.draw(st.integers(1, len(stream)))
        frames.feed(stream[:size])
        stream = stream[size:]
        while (payload := frames.next()) is not None:
            found.append(decoder.decode(payload).message)
    assert found == texts
    assert len(frames) == 0


@given(st.binary(max_size=64))
def test_any_bytes_end_or_wait(junk: bytes) -> None:
    """Any bytes are a message, an incomplete one or nonsense; nothing else happens."""
    frames = Frames()
    frames.feed(junk)
    with contextlib.suppress(NonsenseError):
        while frames.next() is not None:
            assert len(frames) < len(junk)
    assert len(frames) <= len(junk)


@pytest.mark.parametrize("length", [0, MAXIMUM_MESSAGE + 1, 0xFFFF_FFFF])
def test_impossible_length_is_nonsense(length: int) -> None:
    """A length of nothing or of too much is refused before a byte of it is read."""
    frames = Frames()
    frames.feed(struct.pack("<I", length))
    with pytest.raises(NonsenseError, match=f"a message of {length:,} bytes"):
        frames.next()


def test_own_message_that_is_too_large_is_not_sent() -> None:
    """We do not send what the other end would refuse."""
    with pytest.raises(ValueError, match="larger than the limit"):
        wire.frame(Failed("x" * MAXIMUM_MESSAGE))


def test_descriptors_travel_with_their_message() -> None:
    """Descriptors arrive with the message that they were sent with, close on exec, and with no other one."""
    left, right = socket.socketpair()
    reading, writing = os.pipe()
    with left, right:
        wire.send(left, Exited(1, 0, 0))
        wire.send(left, Exited(2, 0, 0), (reading, writing))
        wire.send(left, Exited(3, 0, 0))
        received = [wire.receive(right) for _ in range(3)]
    counts = [len(one.descriptors) for one in received if one is not None]
    assert counts == [0, 2, 0]
    second = received[1]
    assert second is not None
    copied_reading, copied_writing = second.descriptors
    assert not os.get_inheritable(copied_reading)
    os.write(copied_writing, b"through")
    assert os.read(reading, 10) == b"through"
    wire.close_all((reading, writing, *second.descriptors))


def test_end_is_told_from_an_end_in_mid_message() -> None:
    """A peer that is gone gives ``None``; one that goes in the middle of a message has sent nonsense."""
    left, right = socket.socketpair()
    with right:
        with left:
            wire.send(left, Exited(1, 0, 0))
            left.sendall(struct.pack("<I", 100) + b"x")
        assert wire.receive(right) is not None
        with pytest.raises(NonsenseError, match="middle of a message"):
            wire.receive(right)
        assert wire.receive(right) is None


def test_waiting_has_a_deadline() -> None:
    """A channel with a time-out does not wait for a silent peer, nor for the rest of a message."""
    left, right = socket.socketpair()
    with left, right:
        right.settimeout(0.05)
        with pytest.raises(TimeoutError):
            wire.receive(right)
        left.sendall(struct.pack("<I", 100))
        with pytest.raises(TimeoutError):
            wire.receive(right)
