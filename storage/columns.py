"""A table as columns, as it goes from a command to the process that writes it into a file of another program's."""

from typing import Any, Literal

import msgspec

Kind = Literal["time", "text", "whole", "number"]


class Column(msgspec.Struct, frozen=True):
    """A column; every one of a table has as many values, ``None`` where something is not known."""

    name: str
    kind: Kind
    values: list[Any]


ENCODER = msgspec.msgpack.Encoder()
DECODER = msgspec.msgpack.Decoder(list[Column])
