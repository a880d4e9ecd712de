"""An examiner: at the engine's service with the question what a file or folder is.

It is a fork behind the walls of a model process, and may read the workspace's folders alone: what looks into a
stranger's bytes may be taken over by them. It imports no framework and no numerical library.
"""

import codecs
import os
import socket
import time
from pathlib import Path
from typing import Final

import msgspec

from engine.processes import fork, wire
from engine.processes.host_messages import Profile
from engine.processes.protocol import Asked, Confined, Examine, Told
from engine.repository.examine import Examined, examine
from engine.repository.scanner import Item

SLICE_S: Final = 0.2
"""An answer tells what was found until now after so long: the engine need not wait for the slowest."""

LATE_CODECS: Final = ("cp437",)
"""What `zipfile` reads names with; Python would import it behind the walls, from whatever lies there by then."""

_decoder: msgspec.msgpack.Decoder[Examine] = msgspec.msgpack.Decoder(Examine)


def load(_name: str) -> fork.Serve:
    """Import what an examiner needs; return what it does. Called by its host, once."""
    for codec in LATE_CODECS:
        codecs.lookup(codec)
    return _serve


def _serve(connection: socket.socket, _profile: Profile, confined: Confined) -> None:
    wire.send(connection, confined)
    while (received := wire.receive(connection)) is not None:
        wire.send(connection, _tell(_decoder.decode(received.payload)))


def _tell(request: Examine) -> Told:
    began = time.monotonic()
    found: list[Examined] = []
    for asked in request.things:
        found.append(_examine(asked))
        if time.monotonic() - began > SLICE_S:
            break
    return Told(tuple(found))


def _examine(asked: Asked) -> Examined:
    files = tuple(map(os.fsdecode, asked.files))
    item = Item(os.fsdecode(asked.name), asked.is_folder, files, 0, "")
    return examine(Path(os.fsdecode(asked.folder)), item)
