"""The walk over protocol buffers: right on good ones, bounded on bad ones."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.artefacts import messages
from engine.artefacts.content import Content, ContentError, CutShortError
from engine.artefacts.messages import BYTES, FIXED32, FIXED64, VARINT, Walk


def walked(folder: Path, raw: bytes) -> list[tuple[int, int, object]]:
    """Return (number, wire, value or bytes) of every field of a message."""
    (folder / "m").write_bytes(raw)
    with Content(folder / "m") as content:
        fields = list(Walk(content).fields(0, content.size))
        return [
            (field.number, field.wire, field.value if field.wire == VARINT else raw[field.start : field.end])
            for field in fields
        ]


def test_every_wire_type_is_read(tmp_path: Path) -> None:
    """Numbers, strings and fixed widths, with numbers of more than one byte."""
    raw = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d" + bytes(4) + b"\x21" + bytes(8) + b"\xfa\x01\x00"
    assert walked(tmp_path, raw) == [
        (1, VARINT, 150),
        (2, BYTES, b"abc"),
        (3, FIXED32, bytes(4)),
        (4, FIXED64, bytes(8)),
        (31, BYTES, b""),
    ]


@pytest.mark.parametrize(
    "raw", [b"\x08", b"\x08\x80", b"\x12\x05abc", b"\x1d\0\0", b"\x12", b"\x12\xff\xff\xff\xff\x7f"]
)
def test_a_message_that_ends_early_is_short(raw: bytes, tmp_path: Path) -> None:
    """A length past the end and a number without its last byte are the same fault."""
    with pytest.raises(CutShortError):
        walked(tmp_path, raw)


@pytest.mark.parametrize("raw", [b"\x0b", b"\x0e", b"\x08" + b"\xff" * 20])
def test_what_is_no_message_is_damage(raw: bytes, tmp_path: Path) -> None:
    """Groups, unknown wire types and numbers without end are not read further."""
    with pytest.raises(ContentError, match="is damaged"):
        walked(tmp_path, raw)


def test_the_number_of_fields_is_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of nothing but fields ends in a sentence, not in an afternoon."""
    monkeypatch.setattr(messages, "FIELDS", 100)
    with pytest.raises(ContentError, match="more parts than can be checked"):
        walked(tmp_path, b"\x08\x01" * 101)


def test_fields_beyond_the_first_window_are_read(tmp_path: Path) -> None:
    """A payload larger than any window is skipped, and what follows it is found."""
    size = 3 * messages.WINDOW
    length = bytes([size & 127 | 128, size >> 7 & 127 | 128, size >> 14])
    raw = b"\x12" + length + bytes(size) + b"\x08\x2a"
    assert [(number, wire) for number, wire, _ in walked(tmp_path, raw)] == [(2, BYTES), (1, VARINT)]
    assert walked(tmp_path, raw)[1] == (1, VARINT, 42)


@settings(deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=300))
def test_random_bytes_are_read_or_refused(raw: bytes, tmp_path: Path) -> None:
    """Nothing but the named errors, and never a byte outside of the message."""
    try:
        found = walked(tmp_path, raw)
    except ContentError:
        return
    assert sum(len(value) for _, _, value in found if isinstance(value, bytes)) <= len(raw)
