"""Archives that are made to harm: a Keras archive is the carrier, and the checks are the same for every format."""

import io
import json
import time
import zipfile
from pathlib import Path
from typing import Any

import pytest

from engine.runtimes import recognise
from storage.vocabulary import Format
from tests.unit.engine.runtimes.test_recognise import SLOWEST_S, zipped

KERAS_CONFIG: dict[str, Any] = {
    "module": "keras",
    "class_name": "Sequential",
    "config": {"layers": []},
    "registered_name": None,
}


def keras_members(**others: bytes) -> dict[str, bytes]:
    """Return what every Keras archive has."""
    named = {name.replace("__", "."): content for name, content in others.items()}
    return {
        "metadata.json": b"{}",
        "config.json": json.dumps(KERAS_CONFIG).encode(),
        "model.weights.h5": b"\x89HDF",
        **named,
    }


def test_an_honest_archive_passes(tmp_path: Path) -> None:
    """The carrier of the attacks below is accepted without them."""
    assert recognise(zipped(tmp_path, "m.keras", keras_members())).format is Format.KERAS


def test_native_code_in_an_archive_is_refused(tmp_path: Path) -> None:
    """A shared library could be mapped and run even behind the walls."""
    for packing in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        file = zipped(tmp_path, "m.keras", keras_members())
        with zipfile.ZipFile(file, "a", packing) as archive:
            archive.writestr("assets/lib.so", b"\x7fELF" + bytes(500))
        found = recognise(file)
        assert found.refused
        assert "contains native code: assets/lib.so" in found.reason


def test_an_archive_in_an_archive_is_refused(tmp_path: Path) -> None:
    """What lies in there would pass unseen."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("x", "x")
    found = recognise(zipped(tmp_path, "m.keras", keras_members(assets__zip=inner.getvalue())))
    assert found.refused
    assert "nested archive" in found.reason


def test_a_zip_bomb_is_refused_by_its_directory(tmp_path: Path) -> None:
    """Three hundred megabytes in three hundred kilobytes are seen without unpacking them."""
    file = zipped(tmp_path, "m.keras", keras_members())
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("assets/zeros", bytes(300 * 2**20))
    began = time.monotonic()
    found = recognise(file)
    assert found.refused
    assert "unpacks to 300 MiB from 0.3 MiB" in found.reason
    assert time.monotonic() - began < SLOWEST_S


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:evil"])
def test_a_path_out_of_the_archive_is_refused(name: str, tmp_path: Path) -> None:
    """Nothing is unpacked here, and still no honest archive has such a name."""
    found = recognise(zipped(tmp_path, "m.keras", {**keras_members(), name: b"x"}))
    assert found.refused
    assert "unsafe path" in found.reason


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twin", ["config.json", "CONFIG.JSON"])
def test_two_entries_of_one_name_are_refused(twin: str, tmp_path: Path) -> None:
    """Readers disagree about which of them counts."""
    file = zipped(tmp_path, "m.keras", keras_members())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(twin, json.dumps({"class_name": "Lambda"}))
    found = recognise(file)
    assert found.refused
    assert "two zip entries called" in found.reason


def test_overlapping_entries_are_refused(tmp_path: Path) -> None:
    """Two entries that share bytes unpack to more than the file holds, and each reader sees its own."""
    inner = zipped(tmp_path, "inner", {"b": b"B" * 100}).read_bytes()
    # The whole of "b", its local header first, stands inside of "a" as well.
    members = {**keras_members(), "a": b"A" + inner[: inner.index(b"PK\x01\x02")], "b": b"B" * 100}
    file = zipped(tmp_path, "m.keras", members)
    raw = bytearray(file.read_bytes())
    inside = raw.index(b"APK\x03\x04") + 1
    record = raw.rindex(b"PK\x01\x02")
    raw[record + 42 : record + 46] = inside.to_bytes(4, "little")
    file.write_bytes(raw)
    found = recognise(file)
    assert found.refused
    assert "overlapping zip entries" in found.reason


def test_a_link_among_the_entries_is_refused(tmp_path: Path) -> None:
    """An unpacker would make the link and write through it."""
    file = zipped(tmp_path, "m.keras", keras_members())
    link = zipfile.ZipInfo("assets/link")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "symbolic link" in recognise(file).reason


def test_an_entry_with_two_names_is_refused(tmp_path: Path) -> None:
    """The directory and the entry itself must agree, or scanner and loader see different files."""
    file = zipped(tmp_path, "m.keras", keras_members())
    raw = file.read_bytes().replace(b"model.weights.h5", b"model.weights.XX", 1)
    file.write_bytes(raw)
    found = recognise(file)
    assert found.refused
    assert "something else in a second place" in found.reason


def with_lambda(**members: bytes) -> dict[str, bytes]:
    """Return the members of a Keras archive that asks for Python code, and nothing else that is wrong."""
    layer = {"module": "keras.layers", "class_name": "Lambda", "config": {"name": "own"}}
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [layer]}}
    return {**keras_members(**members), "config.json": json.dumps(config).encode()}


def test_trust_may_allow_what_is_asked_for_by_name(tmp_path: Path) -> None:
    """A file that is in order but for that says what it would be loaded as, and what its owner has to judge."""
    found = recognise(zipped(tmp_path, "m.keras", with_lambda()))
    assert (found.format, found.refused, found.on_trust) == (None, True, Format.KERAS)
    assert found.doubt is not None
    assert found.doubt.evidence == ("Lambda layer 'own'",)


def test_trust_never_allows_what_is_wrong_besides(tmp_path: Path) -> None:
    """Bombs, native code, paths out of the archive, archives in it and damage are told first, and no trust lifts them."""
    inner = zipped(tmp_path, "inner", {"x": b"x"}).read_bytes()
    wrong = {
        "bomb": {"assets/zeros": bytes(300 * 2**20)},
        "native code": {"assets/lib.so": b"\x7fELF" + bytes(500)},
        "path": {"../evil": b"x"},
        "nested": {"assets/more.zip": inner},
    }
    for name, members in wrong.items():
        file = zipped(tmp_path, f"{name}.keras", with_lambda())
        with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
            for member, content in members.items():
                archive.writestr(member, content)
        found = recognise(file)
        assert (found.format, found.on_trust, found.doubt) == (None, None, None), name
        assert found.refused, name
    cut = zipped(tmp_path, "cut.keras", with_lambda())
    cut.write_bytes(cut.read_bytes()[:-10])
    assert (recognise(cut).on_trust, recognise(cut).complete) == (None, False)
