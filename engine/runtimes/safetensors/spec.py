"""What the engine knows about safetensors files without any framework: a header in JSON, then the tensors' bytes.

Owns how to tell one, and every promise of its header: known types, sizes that fit the shapes, tensors without holes
between them, and a file that ends where the last one does. It must not read a tensor. The file holds weights only; what
makes a model of them is code of its owner's, which is why it is refused where the sandbox is missing.
"""

from math import prod
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta

from engine.artefacts.archive import Archive
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.protocols import Recognition, RuntimeSpec
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="safetensors-torch",
    framework="torch",
    formats=(Format.SAFETENSORS,),
    distributions=("torch",),
    extra="torch",
    loader="engine.runtimes.safetensors.torch_loader:load",
    needs_sandbox=True,
    options=("loader",),
    stand_in=RuntimeSpec(
        name="safetensors-numpy",
        framework="numpy",
        formats=(Format.SAFETENSORS,),
        distributions=("numpy",),
        extra="torch",
        loader="engine.runtimes.safetensors.loader:load",
        needs_sandbox=True,
        accelerators=(),
        options=("loader",),
    ),
)

LENGTH = 8
"""Bytes that say how long the header is."""

HEADER_BYTES = 8 * 1024 * 1024
"""Of a header: that of a model of ten thousand tensors takes one of these mebibytes."""

AXES = 64
"""The most that an array of numpy has."""

METADATA = "__metadata__"
"""The one name in a header that is no tensor's."""

BITS = {
    "BOOL": 8,
    "U8": 8,
    "I8": 8,
    "F8_E5M2": 8,
    "F8_E4M3": 8,
    "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8,
    "F4": 4,
    "F6_E2M3": 6,
    "F6_E3M2": 6,
    "I16": 16,
    "U16": 16,
    "F16": 16,
    "BF16": 16,
    "I32": 32,
    "U32": 32,
    "F32": 32,
    "I64": 64,
    "U64": 64,
    "F64": 64,
    "C64": 64,
}
"""How many bits a number of each type takes."""

NOT_WEIGHTS = frozenset({"BOOL", "I32", "U32", "I64", "U64"})
"""Types of counters, indices and masks."""

Length = Annotated[int, Meta(ge=0)]


class Tensor(msgspec.Struct, frozen=True):
    """What a header says of one tensor."""

    dtype: str
    shape: Annotated[tuple[Length, ...], Meta(max_length=AXES)]
    data_offsets: tuple[Length, Length]
    """Where its bytes begin and end, counted from the end of the header."""


class Header(NamedTuple):
    """A header whose promises were checked against its file."""

    tensors: dict[str, Tensor]
    """In the order of their bytes."""
    start: int
    """Where the bytes of the first tensor begin in the file."""

    @property
    def parameters(self) -> int:
        """How many weights there are, counters and indices left out."""
        return sum(prod(tensor.shape) for tensor in self.tensors.values() if tensor.dtype not in NOT_WEIGHTS)


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a safetensors file is, or ``None`` where the file is none.

    Raises:
        ContentError: it is one, and does not hold what its header says.
    """
    if archive is not None or content.head[4 : LENGTH + 1] != b"\0\0\0\0{":
        return None
    read_header(content)
    return Recognition(Format.SAFETENSORS)


def read_header(content: Content) -> Header:
    """Return the header of a file, checked.

    Raises:
        ContentError: the file does not hold what it says.
    """
    size = int.from_bytes(content.head[:LENGTH], "little")
    if size > HEADER_BYTES:
        raise ContentError(f"has a header of {size} bytes, more than any model needs")
    if LENGTH + size > content.size:
        raise CutShortError("is cut short: it ends within its header")
    try:
        found = msgspec.json.decode(content.piece(LENGTH, size), type=dict[str, msgspec.Raw])
        # What people write into their files for themselves.
        found.pop(METADATA, None)
        read = {name: msgspec.json.decode(raw, type=Tensor) for name, raw in found.items()}
    except msgspec.DecodeError as error:
        raise ContentError(f"is damaged: its header is none of safetensors ({clean(str(error))})") from None
    if not read:
        raise ContentError("holds no tensors")
    header = Header(
        dict(sorted(read.items(), key=lambda item: item[1].data_offsets)),
        LENGTH + size,
    )
    _check(header, content.size)
    return header


def _check(header: Header, size: int) -> None:
    """See that the tensors lie one after another, each as long as its shape, up to the end of the file."""
    end = 0
    for name, tensor in header.tensors.items():
        bits, (start, stop) = BITS.get(tensor.dtype), tensor.data_offsets
        if bits is None:
            raise ContentError(f"is damaged: {clean(name)} is of the unknown type {clean(tensor.dtype)}")
        if start != end:
            raise ContentError(
                f"is damaged: {clean(name)} {'overlaps another tensor' if start < end else 'comes after a hole'}"
            )
        if (stop - start) * 8 != bits * prod(tensor.shape):
            raise ContentError(f"is damaged: the bytes of {clean(name)} do not fit its shape")
        end = stop
    if header.start + end > size:
        raise CutShortError("is cut short")
    if header.start + end < size:
        raise ContentError("is damaged: it goes on after its last tensor")
