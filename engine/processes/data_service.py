"""A data process: at the engine's service with one data set, which it turns into plain arrays.

It is a fork like a model process, behind the same walls: what parses other people's tables and images may be
taken over by them. What it imports is imported by its host alone, so no model process holds those parsers.
"""

import importlib
import socket
from collections.abc import Callable
from pathlib import Path
from pkgutil import resolve_name
from typing import Final

import msgspec

from engine.processes import child, wire
from engine.processes.endings import DATA_READER
from engine.processes.protocol import Confined, Failed, Prepare, Prepared, Profile, Progress, ToData
from engine.processes.words import failure

LIBRARIES: Final = "engine.data.readers.libraries"
PREPARE: Final = "engine.data.preparing:prepare"

_decoder: msgspec.msgpack.Decoder[ToData] = msgspec.msgpack.Decoder(ToData)

_Prepare = Callable[[Prepare, Path, Callable[[int, int], None]], Prepared]


def load() -> child.Serve:
    """Import what data processes need; return what they do. Called by their host, once."""
    importlib.import_module(LIBRARIES)
    prepare: _Prepare = resolve_name(PREPARE)

    def serve(connection: socket.socket, profile: Profile, confined: Confined) -> None:
        def progress(done: int, total: int) -> None:
            wire.send(connection, Progress(done, total))

        wire.send(connection, confined)
        while (received := wire.receive(connection)) is not None:
            request = _decoder.decode(received.payload)
            wire.send(connection, _answer(prepare, request, profile, progress))

    return serve


def _answer(
    prepare: _Prepare, request: Prepare, profile: Profile, progress: Callable[[int, int], None]
) -> Prepared | Failed:
    try:
        return prepare(request, Path(profile.scratch), progress)
    except (BrokenPipeError, ConnectionResetError):
        raise
    except Exception as error:  # noqa: BLE001 - hostile data may make a parser raise anything; all of it is the answer
        return failure(error, profile.limits.memory_bytes, DATA_READER)
