"""What is promised about untrusted text."""

import shlex
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.text import NAME, PATH, WORDS, clean, first_line, word


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("A\x1b]0;pwned\x1b\\B", "A�]0;pwned�\\B"),
        ("\x9b2J", "�2J"),
        ("abc\u202egnp", "abc�gnp"),
        ("a\x00b", "a�b"),
        ("two\nlines\tand more", "two lines and more"),
        ("naïve ✓ 模型", "naïve ✓ 模型"),
    ],
)
def test_what_steers_a_terminal_is_replaced(hostile: str, shown: str) -> None:
    """Control, format and bidirectional characters become a visible mark; ordinary text stays."""
    assert clean(hostile) == shown


def test_long_text_is_cut_and_says_so() -> None:
    """Ten megabytes become one line that ends with an ellipsis."""
    assert clean("x" * 10_000_000, NAME) == "x" * NAME + "…"


def test_no_code_point_survives_that_is_not_printable() -> None:
    """Over all of Unicode, only printable characters and the mark come out."""
    for first in range(0, sys.maxunicode + 1, 4096):
        block = "".join(map(chr, range(first, min(first + 4096, sys.maxunicode + 1))))
        assert clean(block, 5000).rstrip("…").isprintable()


@given(st.text())
def test_cleaning_twice_changes_nothing(text: str) -> None:
    """Clean text stays as it is, so that it may be cleaned at every border."""
    assert clean(clean(text)) == clean(text)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("It is torn.", "It is torn"),
        ("\n  \n  no such operator: \x1b[31mMagic\nat layer 3\n", "no such operator: \ufffd[31mMagic"),
        ("", "RuntimeError"),
        (" \n ", "RuntimeError"),
        ("a" * 999, "a" * WORDS + "…"),
    ],
    ids=["a sentence", "many lines", "nothing", "blanks", "a long line"],
)
def test_a_library_s_error_is_told_by_its_first_line(said: str, told: str) -> None:
    """What it goes on with helps nobody; an error without words has its kind for one."""
    assert first_line(RuntimeError(said)) == told


@pytest.mark.parametrize("plain", ["mnist@3", "./my-models/v1.2_b", "größe", "模型"])
def test_a_word_that_means_nothing_to_a_shell_stays_as_it_is(plain: str) -> None:
    """Most names need no quotes, and are read more easily without."""
    assert word(plain) == plain


@given(st.text())
def test_a_shell_takes_a_word_for_what_it_shows(text: str) -> None:
    """Whatever a model or a folder is called, a command that was copied names it and nothing else."""
    assert shlex.split(word(text)) == [clean(text, PATH)]
