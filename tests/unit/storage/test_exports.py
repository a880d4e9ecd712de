"""Where content came from is kept, and found by the content."""

import msgspec
import pytest

from storage.database import Reader, Writer
from storage.exported import Exported, Parity, variant_name
from storage.tables import exports, models
from storage.vocabulary import Format, Quantization

MADE = Exported(
    model="mnist",
    sha256="e" * 64,
    parent=3,
    parent_sha256="a" * 64,
    source=Format.KERAS,
    target=Format.LITERT,
    quantize=Quantization.INT8,
    parity=Parity("validation.npz", 256, 0.031, 0.002, 0.996, None),
    tools={"keras": "3.15.1"},
    at=7.0,
    requested_by="ann",
)


def add(writer: Writer, made: Exported) -> None:
    """Record an export."""
    with writer.transaction() as connection:
        exports.add(connection, models.ensure(connection, made.model, now=1.0), made)


def read(reader: Reader, model: str) -> dict[str, Exported]:
    """Return a model's exports."""
    with reader.transaction() as connection:
        return exports.read(connection, model)


@pytest.mark.parametrize("quantize", [None, *Quantization])
def test_an_export_comes_back_as_it_was_recorded(
    writer: Writer, reader: Reader, quantize: Quantization | None
) -> None:
    """Under its content's hash, for its own model only."""
    made = msgspec.structs.replace(MADE, quantize=quantize)
    add(writer, made)
    add(writer, msgspec.structs.replace(made, model="other"))
    assert read(reader, "mnist") == {made.sha256: made}
    assert read(reader, "third") == {}


def test_content_that_is_made_again_has_its_latest_origin(writer: Writer, reader: Reader) -> None:
    """It is the same content, so there is one entry."""
    again = msgspec.structs.replace(MADE, parent=5, at=9.0)
    add(writer, MADE)
    add(writer, again)
    assert list(read(reader, "mnist").values()) == [again]


def test_names_say_what_was_made() -> None:
    """For a table and for a sentence."""
    assert (MADE.way, variant_name(MADE.target, MADE.quantize)) == ("litert, int8", "litert-int8")
    plain = msgspec.structs.replace(MADE, quantize=None)
    assert (plain.way, variant_name(plain.target, None)) == ("litert", "litert")
