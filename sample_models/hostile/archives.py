"""Archives that attack whoever unpacks or scans them: bombs, twins, overlaps, paths and links out of their folder.

Owns the writers. Keras archives are the carriers; what is wrong with them is wrong with any zip archive.
"""

import io
import tarfile
import warnings
import zipfile
from pathlib import Path

from sample_models.hostile.attack import Attack
from sample_models.hostile.keras_files import archive, network, no_weights
from sample_models.hostile.pickles import gadget
from storage.vocabulary import Format

BOMB_BYTES = 128 * 1024 * 1024
"""What the bomb unpacks to, from about a thousandth of it: too much to ignore, too little to hurt a test machine."""

CHUNK = 1024 * 1024

LINK = 0o120777 << 16
"""Attributes of a zip entry that say that it is a symbolic link."""

SETUID = 0o4755


def bomb(file: Path, canary: Path) -> Path:
    """Write a Keras model whose weights unpack to a thousand times their size."""
    del canary  # it runs nothing; what it attacks is memory
    archive(file, network(), b"")
    with (
        zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as made,
        made.open("model.weights.h5", "w") as weights,
    ):
        weights.write(no_weights())
        for _ in range(BOMB_BYTES // CHUNK):
            weights.write(bytes(CHUNK))
    return file


def nested(file: Path, canary: Path) -> Path:
    """Write a Keras model with an archive in an archive among its assets, and a pickle in that."""
    content = gadget("os.system", canary)
    for name in ("pickle.pkl", "inner.zip"):
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as made:
            made.writestr(name, content)
        content = packed.getvalue()
    return _with(file, "assets/more.zip", content)


def twins(file: Path, canary: Path) -> Path:
    """Write a Keras model with two configurations: a scanner reads the first, a loader the last."""
    del canary  # what the second one does is another attack's
    archive(file, network(), no_weights())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of the twin, which is meant
        return _with(file, "config.json", b'{"class_name": "Lambda"}', new=False)


def overlapping(file: Path, canary: Path) -> Path:
    """Write a Keras model with two entries that share their bytes."""
    del canary  # it attacks whoever believes the sizes
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as made:
        made.writestr("assets/b", bytes(100))
    raw = inner.getvalue()
    # The whole of "b", its local header first, stands inside of "a" as well.
    _with(file, "assets/a", b"A" + raw[: raw.index(b"PK\x01\x02")])
    _with(file, "assets/b", bytes(100), new=False)
    spoiled = bytearray(file.read_bytes())
    inside = spoiled.index(b"APK\x03\x04") + 1
    record = spoiled.rindex(b"PK\x01\x02")
    spoiled[record + 42 : record + 46] = inside.to_bytes(4, "little")
    file.write_bytes(spoiled)
    return file


def climbing(file: Path, canary: Path) -> Path:
    """Write a Keras model with an entry that is to be unpacked above its folder."""
    return _with(file, f"../{canary.name}", b"")


def absolute(file: Path, canary: Path) -> Path:
    """Write a Keras model with an entry that is to be unpacked to an absolute path."""
    return _with(file, str(canary), b"")


def link(file: Path, canary: Path) -> Path:
    """Write a Keras model with an entry that is a symbolic link."""
    entry = zipfile.ZipInfo("assets/link")
    entry.external_attr = LINK
    return _with(file, entry, str(canary).encode())


def tar(file: Path, canary: Path) -> Path:
    """Write a tar archive with every kind of member that harms whoever unpacks it."""
    kinds = (
        (f"../{canary.name}", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "/"),
        ("second", tarfile.LNKTYPE, "../../etc/passwd"),
        ("device", tarfile.CHRTYPE, ""),
        ("pipe", tarfile.FIFOTYPE, ""),
        ("setuid", tarfile.REGTYPE, ""),
    )
    with tarfile.open(file, "w") as made:
        for name, kind, target in kinds:
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, target
            member.mode = SETUID if name == "setuid" else 0o644
            made.addfile(member)
    return file


def _with(file: Path, entry: str | zipfile.ZipInfo, content: bytes, *, new: bool = True) -> Path:
    """Add an entry to a Keras archive, which is written first where it is a new one."""
    if new:
        archive(file, network(), no_weights())
    with zipfile.ZipFile(file, "a") as made:
        made.writestr(entry, content)
    return file


ATTACKS = (
    Attack(
        "nested.keras",
        4,
        "a Keras archive with a pickle in an archive in an archive",
        nested,
        "contains a nested archive: assets/more.zip",
        opens_as=Format.KERAS,
    ),
    Attack(
        "bomb.keras",
        15,
        "a Keras archive that unpacks to a thousand times its size",
        bomb,
        "unpacks to 128 MiB from 0.1 MiB, as only a zip bomb does",
    ),
    Attack(
        "twins.keras",
        16,
        "a Keras archive with two configurations",
        twins,
        "has two zip entries called config.json",
    ),
    Attack(
        "overlapping.keras",
        16,
        "a Keras archive with two entries that share their bytes",
        overlapping,
        "has overlapping zip entries",
    ),
    Attack(
        "climbing.keras",
        17,
        "an entry that is to be unpacked above its folder",
        climbing,
        "has a zip entry with the unsafe path ../",
        opens_as=Format.KERAS,
    ),
    Attack(
        "absolute.keras",
        17,
        "an entry that is to be unpacked to an absolute path",
        absolute,
        "has a zip entry with the unsafe path /",
        opens_as=Format.KERAS,
    ),
    Attack(
        "link.keras",
        17,
        "an entry that is a symbolic link",
        link,
        "has a symbolic link among its zip entries: assets/link",
        opens_as=Format.KERAS,
    ),
    Attack(
        "members.tar",
        17,
        "a tar archive with a path, links, a device, a pipe and a setuid program",
        tar,
        "is a tar archive with the unsafe path ../",
    ),
)
