"""Columns are aligned whatever they hold."""

from tui.commands.tables import cells, folded, table


def test_columns_are_as_wide_as_what_they_hold() -> None:
    """Each column is aligned, named ones to the right, and no line ends in spaces."""
    assert table(["NAME", "N", "X"], [["a", "1", ""], ["longer", "100", "b"]], right=("N",)) == (
        "NAME      N  X\n"
        "a         1\n"
        "longer  100  b"
    )  # fmt: skip


def test_wide_characters_take_two_cells() -> None:
    """Columns after a Chinese name stay aligned, and a combining accent takes no cell."""
    assert (cells("模型"), cells("e\u0301"), cells("abc")) == (4, 1, 3)
    lines = table(["A", "B"], [["模型", "x"], ["abcd", "y"]]).splitlines()
    assert lines[1] == "模型  x"
    assert lines[2] == "abcd  y"


def test_spare_columns_give_way_on_a_narrow_terminal() -> None:
    """No line is wider than the terminal, the columns in their order give way, and it is said which."""
    wide = table(["NAME", "TASK", "N"], [["mnist", "classification", "10"]], room=30, spare=("TASK", "N"))
    assert wide.splitlines()[0] == "NAME   TASK            N"
    narrow = table(["NAME", "TASK", "N"], [["mnist", "classification", "10"]], room=12, spare=("TASK", "N"))
    assert narrow.splitlines() == ["NAME   N", "mnist  10", "(no room here for TASK)"]


def test_sentences_go_on_below_themselves() -> None:
    """A column of sentences takes what room there is, and nothing is cut off or broken within a word."""
    said = "p50 0.0203 ms, p99 5.32 ms, 6763 examples/s, noisy"
    found = table(["ID", "MESSAGE"], [["9", said], ["8", "done"]], right=("ID",), room=36, prose="MESSAGE")
    lines = found.splitlines()
    assert lines[0] == "ID  MESSAGE"
    assert lines[-1] == " 8  done"
    assert all(cells(line) <= 36 for line in lines)
    assert " ".join(line[4:] for line in lines[1:-1]) == said
    assert table(["ID", "MESSAGE"], [["9", said]], prose="MESSAGE").splitlines()[1] == f"9   {said}"


def test_a_sentence_is_folded_for_a_terminal_alone() -> None:
    """Lines of a file or a pipe stay whole: whoever reads them there looks for whole ones."""
    assert folded("one two three", None) == "one two three"
    assert folded("one two three", 8) == "one two\n  three"
