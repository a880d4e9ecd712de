"""What a safetensors header may say, and every way in which one is not true."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.artefacts.content import Content
from engine.runtimes import recognise
from engine.runtimes.safetensors.spec import BITS, HEADER_BYTES, read_header
from storage.vocabulary import Format
from tests.tiny_models import safetensors


def file_of(header: object, data: int = 0) -> bytes:
    """Return a file of a header and so many bytes of data."""
    written = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(written).to_bytes(8, "little") + written + bytes(data)


def tensor(dtype: str, shape: list[Any], start: Any, stop: Any) -> dict[str, Any]:
    """Return what a header says of a tensor."""
    return {"dtype": dtype, "shape": shape, "data_offsets": [start, stop]}


A = tensor("F32", [2, 3], 0, 24)

UNTRUE: dict[str, tuple[bytes, str]] = {
    "a hole": (file_of({"a": A, "b": tensor("U8", [1], 25, 26)}, 26), "damaged: b comes after a hole"),
    "a hole at the start": (file_of({"b": tensor("U8", [1], 1, 2)}, 2), "damaged: b comes after a hole"),
    "an overlap": (
        file_of({"a": A, "b": tensor("U8", [4], 20, 24)}, 24),
        "damaged: b overlaps another tensor",
    ),
    "the same twice": (file_of({"a": A, "b": A}, 24), "damaged: b overlaps another tensor"),
    "too short a shape": (
        file_of({"a": tensor("F32", [2, 2], 0, 24)}, 24),
        "bytes of a do not fit its shape",
    ),
    "an end before its start": (
        file_of({"a": tensor("U8", [0], 0, 0), "b": tensor("U8", [1], 0, -1)}),
        "none of",
    ),
    "a negative length": (file_of({"a": tensor("U8", [-1, -1], 0, 1)}, 1), "damaged: its header is none of"),
    "a length that overflows": (
        file_of({"a": tensor("U8", [2**63, 2**63], 0, 1)}, 1),
        "do not fit its shape",
    ),
    "too many axes": (file_of({"a": tensor("U8", [1] * 65, 0, 1)}, 1), "damaged: its header is none of"),
    "half a byte": (file_of({"a": tensor("F4", [3], 0, 1)}, 1), "bytes of a do not fit its shape"),
    "an unknown type": (file_of({"a": tensor("F33", [1], 0, 4)}, 4), "a is of the unknown type F33"),
    "more than it says": (file_of({"a": A}, 25), "damaged: it goes on after its last tensor"),
    "no tensors": (file_of({"__metadata__": {"format": "pt"}}), "holds no tensors"),
    "no JSON": (file_of(b"{nonsense}"), "damaged: its header is none of safetensors"),
    "no UTF-8": (file_of(b'{"\xff": 1}'), "damaged"),
    "deep JSON": (file_of(b'{"a":' + b"[" * 100_000), "damaged"),
    "no tensor at a name": (file_of({"a": 3}), "damaged: its header is none of safetensors"),
    "a huge header": (
        (HEADER_BYTES + 1).to_bytes(8, "little") + b"{" + bytes(64),
        "more than any model needs",
    ),
}


@pytest.mark.parametrize(("content", "words"), UNTRUE.values(), ids=UNTRUE)
def test_a_header_that_is_not_true_is_one_sentence(content: bytes, words: str, tmp_path: Path) -> None:
    """The file is not tried, and nothing of it is waited for."""
    file = tmp_path / "m.safetensors"
    file.write_bytes(content)
    found = recognise(file)
    assert found.format is None
    assert found.complete
    assert found.reason.startswith("m.safetensors ")
    assert words in found.reason


@pytest.mark.parametrize("content", [file_of({"a": A}, 23), (40).to_bytes(8, "little") + b"{"])
def test_what_is_not_there_yet_is_waited_for(content: bytes, tmp_path: Path) -> None:
    """In its header or in its tensors: it is cut short."""
    file = tmp_path / "m.safetensors"
    file.write_bytes(content)
    assert "cut short" in recognise(file).reason
    assert not recognise(file).complete


def test_tensors_come_in_the_order_of_their_bytes(tmp_path: Path) -> None:
    """However the header lists them, with empty ones between; what people wrote for themselves is no tensor."""
    file = tmp_path / "m"
    header = {
        "last": tensor("F16", [2], 24, 28),
        "__metadata__": {"format": "pt"},
        "empty": tensor("F64", [0, 5], 24, 24),
        "first": A,
    }
    file.write_bytes(file_of(header, 28))
    with Content(file) as content:
        found = read_header(content)
    assert list(found.tensors) == ["first", "empty", "last"]
    assert found.parameters == 8


def test_counters_are_no_parameters(tmp_path: Path) -> None:
    """A number of batches that were seen, or a mask, is kept beside the weights."""
    file = tmp_path / "m"
    file.write_bytes(safetensors({"w": ("F32", np.zeros(7, "<f4")), "seen": ("I64", np.zeros((), "<i8"))}))
    with Content(file) as content:
        assert read_header(content).parameters == 7


def test_every_type_of_the_format_is_known() -> None:
    """Those of the format's reference implementation, with the bits that it gives them."""
    narrow = {"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6}
    assert {name: bits for name, bits in BITS.items() if bits < 8} == narrow
    assert all(bits % 8 == 0 for name, bits in BITS.items() if name not in narrow)


GOOD = safetensors({"a": ("F32", np.zeros((2, 3), "<f4")), "b": ("BF16", np.zeros(4, "<u2"))})


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=8))
def test_no_change_of_a_good_file_upsets_the_check(tmp_path: Path, place: int, bytes_: bytes) -> None:
    """Whatever the bytes, the answer is a format or a sentence."""
    file = tmp_path / "m.safetensors"
    file.write_bytes(GOOD[:place] + bytes_ + GOOD[place + len(bytes_) :])
    found = recognise(file)
    assert found.format is Format.SAFETENSORS or found.reason
