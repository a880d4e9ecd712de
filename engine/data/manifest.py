"""What a folder of prepared data holds: plain arrays, and what they are to a model.

Owns the names in such a folder and the record that describes it. Framework-free and numpy-free: the process
that writes it, the engine that keeps it and the model processes that map it all read this.
"""

from pathlib import Path
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from storage.errors import JobError
from storage.text import NAME

FOLDER: Final = "prepared"
"""In the scratch folder of the process that writes it."""

MANIFEST: Final = "manifest.json"
TARGETS: Final = "targets.npy"

MANIFEST_BYTES: Final = 1024 * 1024
"""Names and numbers of a few arrays; more is not ours."""

INPUTS: Final = 1000
"""Inputs of a model; one has a few."""


SLICES: Final = 100
"""Columns by which figures are told apart; people ask for a few."""


class Manifest(msgspec.Struct, frozen=True):
    """A folder of arrays."""

    name: Annotated[str, Meta(max_length=NAME * 4)]
    """Of the file or folder that they came from."""
    rows: Annotated[int, Meta(ge=1)]
    sha256: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Of the source, as it lay there."""
    inputs: Annotated[tuple[str, ...], Meta(min_length=1, max_length=INPUTS)]
    """The model's inputs in its order; the n-th lies in the file `input_file` of n."""
    slices: Annotated[tuple[str, ...], Meta(max_length=SLICES)]
    """Columns by whose values figures are told apart; the n-th lies in the file `slice_file` of n."""
    sizes: dict[str, int]
    """Bytes of each array's file, by its name."""

    @property
    def bytes(self) -> int:
        """What the arrays take on the disk."""
        return sum(self.sizes.values())

    @property
    def files(self) -> tuple[str, ...]:
        """The names that the folder must hold besides the manifest."""
        inputs, slices = map(input_file, range(len(self.inputs))), map(slice_file, range(len(self.slices)))
        return (*inputs, *slices, TARGETS)


def input_file(place: int) -> str:
    """Return the file of the n-th input."""
    return f"input-{place}.npy"


def slice_file(place: int) -> str:
    """Return the file of the n-th column for slices."""
    return f"slice-{place}.npy"


def read_manifest(folder: Path) -> Manifest:
    """Return what ``folder`` holds.

    Raises:
        JobError: it is not what was prepared.
    """
    try:
        with (folder / MANIFEST).open("rb") as stream:
            content = stream.read(MANIFEST_BYTES + 1)
        found = msgspec.json.decode(content, type=Manifest)
        complete = set(found.sizes) == set(found.files) and all(
            (folder / name).stat().st_size == size for name, size in found.sizes.items()
        )
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        complete = False
    if not complete:
        raise JobError(
            "The prepared copy of the data is damaged.",
            "It is made again with the next evaluation; try again.",
        )
    return found
