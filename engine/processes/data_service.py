"""A data process: at the engine's service with one data set, which it turns into plain arrays.

It is a fork like a model process, behind the same walls: what parses other people's tables and images may be
taken over by them. What it imports is imported by its host alone, so no model process holds those parsers.
"""

import importlib
import socket
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Any, Final

import msgspec

from engine.processes import fork, wire
from engine.processes.endings import DATA_READER
from engine.processes.host_messages import Profile
from engine.processes.protocol import (
    Confined,
    Describe,
    Described,
    Divided,
    Failed,
    Prepare,
    Prepared,
    Progress,
    Split,
    ToData,
)
from engine.processes.words import failure

LIBRARIES: Final = "engine.data.readers.libraries"
WORK: Final = {
    Prepare: "engine.data.preparing:prepare",
    Describe: "engine.data.describing:describe",
    Split: "engine.data.splitting:split",
}
"""What does what is asked."""

_decoder: msgspec.msgpack.Decoder[ToData] = msgspec.msgpack.Decoder(ToData)

Answer = Prepared | Described | Divided
_Work = Callable[[Any, Path, Callable[[int, int], None]], Answer]


def load(_name: str) -> fork.Serve:
    """Import what data processes need; return what they do. Called by their host, once."""
    importlib.import_module(LIBRARIES)
    work: dict[Any, _Work] = {asked: resolve_name(name) for asked, name in WORK.items()}

    def serve(connection: socket.socket, profile: Profile, confined: Confined) -> None:
        def progress(done: int, total: int) -> None:
            wire.send(connection, Progress(done, total))

        wire.send(connection, confined)
        while (received := wire.receive(connection)) is not None:
            request = _decoder.decode(received.payload)
            wire.send(connection, _answer(work[type(request)], request, profile, progress))

    return serve


def _answer(
    work: _Work, request: ToData, profile: Profile, progress: Callable[[int, int], None]
) -> Answer | Failed:
    try:
        return work(request, Path(profile.scratch), progress)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - hostile data may make a parser raise anything; all of it is the answer
        return failure(error, profile.limits.memory_bytes, DATA_READER)
