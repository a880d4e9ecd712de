"""Proposals for model.toml: valid TOML, and nothing that a model process made up."""

import tomllib

import pytest

from engine.data.proposal import MismatchError, Proposal
from engine.processes.endings import failed
from engine.processes.protocol import Failed
from engine.processes.words import failure
from storage.errors import OWN_SETTINGS
from storage.settings import Preprocess

COLOURS = Proposal(Preprocess(reshape=(8, 8, 3), dtype="float32"), from_bytes=True)


def test_the_lines_are_toml() -> None:
    """They can be pasted as they stand; what a person must decide is a comment."""
    lines = COLOURS.lines()
    assert tomllib.loads(lines) == {"preprocess": {"reshape": [8, 8, 3], "dtype": "float32"}}
    assert "# scale = 0.00392156862745098   # where it was trained on 0 to 1" in lines
    assert "the last number is 3, else the first one is" in lines


def test_the_sentence_fits_the_settings_that_are_there() -> None:
    """A line for a file without the table, or what to change in it."""
    plain = Proposal(Preprocess(dtype="float32", layout="NHWC"))
    line = plain.sentence(Preprocess()).removeprefix(f"Put this line at the top of {OWN_SETTINGS}: ")
    assert tomllib.loads(line) == {"preprocess": {"dtype": "float32", "layout": "NHWC"}}
    assert plain.sentence(Preprocess(scale=0.5)).startswith(f"Change [preprocess] in {OWN_SETTINGS} to: ")


def test_it_comes_through_from_the_process() -> None:
    """With the sentence it belongs to."""
    answer = failure(MismatchError("It does not fit.", "Change it.", COLOURS), 0)
    assert failed(answer).proposal == COLOURS


@pytest.mark.parametrize(
    "preprocess",
    [
        Preprocess(dtype='float32"\n[trust]\nown_metrics = true\n#'),
        Preprocess(dtype="object"),
        Preprocess(layout="x"),
    ],
)
def test_what_settings_could_not_hold_is_dropped(preprocess: Preprocess) -> None:
    """A model process may claim anything; nobody is to paste it."""
    assert failed(Failed("It does not fit.", proposal=Proposal(preprocess))).proposal is None
