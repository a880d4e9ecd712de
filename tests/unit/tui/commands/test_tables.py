"""Columns are aligned whatever they hold."""

from tui.commands.tables import cells, table


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
