"""What a model's screen says of a version in small print."""

import pytest
from msgspec.structs import replace
from rich.text import Text

from storage.database import Reader, Writer
from storage.records import TensorSpec
from storage.snapshot import Detail, read_detail
from storage.tables import models
from tests.unit.tui.commands.rows import LOADING, fill
from tui import about


def facts(writer: Writer, reader: Reader) -> Detail:
    """Return what is known of a model whose first version was loaded."""
    fill(writer)
    found = read_detail(reader, "mnist")
    assert found is not None
    return found


def test_inputs_and_outputs_stand_in_a_line_each(writer: Writer, reader: Reader) -> None:
    """What a version takes and gives, its runtime, and what loading it took."""
    known = facts(writer, reader)
    said = [line.plain for line in about.lines(known, known.versions[-1], 60)]
    assert "takes      image float32 [?, 28, 28, 1]" in said
    assert "gives      probabilities float32 [?, 10]" in said
    assert "runtime    keras 3.15.0" in said
    assert "needs      loaded in 119 ms on cpu, up to 412.0 MiB" in said


def test_a_version_that_was_never_loaded_says_nothing_of_it(writer: Writer, reader: Reader) -> None:
    """No line stands there without a figure."""
    known = facts(writer, reader)
    said = [line.plain.split()[0] for line in about.lines(known, known.versions[0], 60)]
    assert not {"takes", "gives", "runtime", "needs"} & set(said)


@pytest.mark.parametrize("width", [20, 38, 58])
def test_no_line_is_wider_than_its_panel(writer: Writer, reader: Reader, width: int) -> None:
    """Also with forty inputs of long names, in the narrowest terminal."""
    known = facts(writer, reader)
    many = tuple(TensorSpec(f"{'x' * 100}{place}", (None,) * 30, "float32") for place in range(40))
    with writer.transaction() as connection:
        loading = replace(LOADING, inputs=many)
        models.set_loading(connection, known.versions[-1].id, loading, parameters=1)
    known = read_detail(reader, "mnist") or known
    lines = about.lines(known, known.versions[-1], width)
    assert max(line.cell_len for line in lines) <= width
    assert "38 more" in " ".join(line.plain.strip() for line in lines)


@pytest.mark.parametrize("width", range(12, 60))
def test_wrapped_sentences_keep_one_space_between_words(width: int) -> None:
    """Wherever a line breaks: what stood before the first break is wrapped once, the rest twice."""
    sentence = (
        "calibration  error 0.0459 -> 0.0087: advantage +0.0372; not worse by more than 0.02 beyond chance"
    )
    lines = about.wrapped([Text(sentence)], width)
    assert " ".join(line.plain.strip() for line in lines).split() == sentence.split()
    assert not [line for line in lines[1:] if "  " in line.plain.strip()]
