"""A look into a legacy HDF5 model before Keras opens it: what it describes, and whether it keeps to itself.

Keras 3 reads these files by older rules than ``.keras`` archives, so what they ask for is checked here first.
Runs in a model process only, behind its walls, because HDF5 itself is parsed by a large C library. It must not be
imported by the engine.
"""

import encodings.ascii  # noqa: F401 - h5py asks for it when it reads its first attribute, behind the walls
from pathlib import Path

import h5py

from engine.artefacts.content import ContentError, HarmfulError
from engine.artefacts.doubts import DoubtedError
from engine.runtimes.keras.configuration import CONFIG_BYTES, check_config
from engine.runtimes.keras.hdf5 import DESCRIPTION
from storage.errors import JobError, RefusedError
from storage.text import NAME, clean

OBJECTS = 200_000
"""Groups and arrays of one file: a hundred for each of two thousand layers."""


def check_file(artefact: Path, *, trusted: bool) -> None:
    """Raise where a legacy Keras file must not be loaded; one that is ``trusted`` may ask for code, and no more.

    Raises:
        DoubtedError: it asks for code.
        RefusedError: it reaches for other files.
        JobError: it is no whole model, or needs what is not in it.
        OSError: it is damaged.
    """
    name = clean(artefact.name, NAME)
    try:
        with h5py.File(artefact, "r") as file:
            check_reach(file)
            doubt = check_config(_description(file), where=DESCRIPTION)
    except HarmfulError as error:
        raise RefusedError(f"{name} {error}.") from None
    except ContentError as error:
        raise JobError(f"{name} {error}.") from None
    if doubt is not None and not trusted:
        raise DoubtedError(name, doubt)


def _description(file: h5py.File) -> bytes:
    found = file.attrs.get(DESCRIPTION)
    if found is None:
        raise ContentError("holds weights only, not a model; save the whole model with model.save(...)")
    raw = found.encode() if isinstance(found, str) else bytes(found)
    if len(raw) > CONFIG_BYTES:
        raise ContentError(f"describes its model in {len(raw)} bytes, which is too large to check")
    return raw


def check_reach(file: h5py.File) -> None:
    """Raise where reading the file would read another one.

    Raises:
        HarmfulError: it would.
        ContentError: it has too many parts to be sure.
    """
    waiting: list[h5py.Group] = [file]
    seen: set[int] = set()
    count = 0
    while waiting:
        group = waiting.pop()
        for key in group:
            count += 1
            if count > OBJECTS:
                raise ContentError("has more parts than can be checked")
            link = group.get(key, getlink=True)
            if not isinstance(link, h5py.HardLink):
                raise HarmfulError(f"reaches for something else through a link: {clean(key)}")
            member = group[key]
            if isinstance(member, h5py.Group):
                # A group may be its own grandchild.
                address = h5py.h5o.get_info(member.id).addr
                if address not in seen:
                    seen.add(address)
                    waiting.append(member)
            elif isinstance(member, h5py.Dataset) and (member.external or member.is_virtual):
                raise HarmfulError(f"keeps {clean(key)} in another file")
