"""What the engine knows about ``.pt2`` archives without torch: how to tell one, and what its pickles would import.

Owns the names of the archive's members, of today's layout (one folder, ``archive_format`` in it) and of the one until
PyTorch 2.7. It must not import torch. There is no safe way to load such a file: torch unpickles parts of it without
restraint, which is why it is refused where the sandbox is missing; the look at its pickles only explains a refusal.
"""

import io
import zipfile
from collections.abc import Iterator

from engine.artefacts import pickles
from engine.artefacts.archive import MAGIC, Archive
from engine.artefacts.content import Content, ContentError, HarmfulError
from engine.artefacts.doubts import Doubt, gathered
from engine.protocols import Recognition, RuntimeSpec
from storage.text import clean
from storage.vocabulary import Format

SPEC = RuntimeSpec(
    name="torch.export",
    # A host of its own: what loading needs doubles torch's start and memory, which TorchScript can do without.
    framework="torch.export",
    formats=(Format.TORCH_EXPORT,),
    distributions=("torch",),
    extra="torch",
    loader="engine.runtimes.torchexport.loader:load",
    needs_sandbox=True,
)

FORMAT_MEMBER, FORMAT_WORD = "archive_format", b"pt2"
PROGRAM = "serialized_exported_program.json"
"""The program in the layout until PyTorch 2.7."""

COMPILED = "data/aotinductor/"
"""Where a package keeps machine code that AOTInductor made."""

PICKLED = ("data/sample_inputs/", "data/weights/", "data/constants/", "serialized_")
"""Where small archives of pickled tensors lie inside the archive."""

PICKLED_BYTES = 16 * 1024 * 1024
"""The most of an inner archive that is looked at; sample inputs are a batch of examples."""


def recognise(content: Content, archive: Archive | None) -> Recognition | None:
    """Return what a ``.pt2`` archive is, or ``None`` where it is no such archive.

    Raises:
        ContentError: it is one, and must not be loaded.
    """
    del content  # the archive says it all
    root = _root(archive) if archive is not None else None
    if archive is None or root is None:
        return None
    names = [name.removeprefix(root) for name in archive.members]
    if any(name.startswith(COMPILED) for name in names):
        raise ContentError(
            "is an AOTInductor package: it holds machine code instead of a program; save the model with "
            "torch.export.save(...)"
        )
    if PROGRAM not in names and not any(
        name.startswith("models/") and name.endswith(".json") for name in names
    ):
        raise ContentError("is a damaged torch.export archive: it has no program")
    doubt = gathered([doubt for name in names for doubt in _look_inside(archive, root, name)])
    return Recognition(Format.TORCH_EXPORT, doubt=doubt)


def _root(archive: Archive) -> str | None:
    """Return what the names of a ``.pt2`` archive's members begin with, or ``None`` where it is none."""
    if PROGRAM in archive.members:
        return ""
    roots = {name.split("/", 1)[0] for name in archive.members}
    if len(roots) != 1:
        return None
    root = f"{roots.pop()}/"
    mark = archive.members.get(root + FORMAT_MEMBER)
    if mark is None or archive.read(mark.name, len(FORMAT_WORD) + 1).strip() != FORMAT_WORD:
        return None
    return root


def _look_inside(archive: Archive, root: str, name: str) -> Iterator[Doubt]:
    """Yield what the pickles of an archive inside the archive would import that no honest model needs.

    Raises:
        HarmfulError: it is where none belongs.
        ContentError: it is damaged, or too large to check.
    """
    member = archive.members[root + name]
    is_archive = member.mark.startswith(MAGIC)
    if is_archive and not name.startswith(PICKLED):
        raise HarmfulError(f"contains a nested archive: {clean(name)}")
    if is_archive:
        found = _pickles(archive.read(member.name, PICKLED_BYTES), name)
    elif name.startswith(PICKLED) and member.size:
        # torch opens what is no archive as a bare pickle. Plain numbers end the walk at once and name nothing.
        found = [archive.start(member.name, pickles.MAXIMUM_PICKLE)]
    else:
        return
    for pickled in found:
        danger = pickles.unneeded(pickles.named(pickled))
        if danger is not None:
            reason = f"holds a pickle in {clean(name)} that would run code ({clean(danger)})"
            yield Doubt(reason, (f"{clean(danger)} in {clean(name)}",))


def _pickles(inner: bytes, name: str) -> list[bytes]:
    try:
        with zipfile.ZipFile(io.BytesIO(inner)) as archive:
            nested = next((entry for entry in archive.infolist() if _is_archive(archive, entry)), None)
            if nested is not None:
                raise HarmfulError(f"contains a nested archive: {clean(nested.filename)} in {clean(name)}")
            found = [entry for entry in archive.infolist() if entry.filename.endswith(".pkl")]
            if any(entry.file_size > pickles.MAXIMUM_PICKLE for entry in found):
                raise ContentError(f"holds a pickle in {clean(name)} that is too large to check")
            return [archive.read(entry) for entry in found]
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        raise ContentError(f"is damaged: {clean(name)} cannot be read") from None


def _is_archive(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> bool:
    with archive.open(entry) as opened:
        return opened.read(len(MAGIC)) == MAGIC
