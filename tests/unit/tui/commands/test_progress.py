"""Progress is one line on a terminal, and nothing anywhere else."""

import io
import os
import pty

import pytest

from tui.commands.progress import Progress, line


@pytest.mark.parametrize(
    ("done", "total", "expected"),
    [
        (0, 0, "evaluate mnist@1  queued"),
        (0, 100, f"evaluate mnist@1  [{'.' * 24}] 0/100  queued"),
        (50, 100, f"evaluate mnist@1  [{'#' * 12}{'.' * 12}] 50/100  queued"),
        (130, 100, f"evaluate mnist@1  [{'#' * 24}] 130/100  queued"),
    ],
)
def test_a_line_shows_what_is_known(done: int, total: int, expected: str) -> None:
    """Without a total there is no bar, and a count beyond the total does not burst it."""
    assert line("evaluate mnist@1", done, total, "queued") == expected


def test_nothing_is_drawn_where_nobody_looks() -> None:
    """A pipe or a file gets no line of progress."""
    stream = io.StringIO()
    with Progress(stream, "evaluate") as progress:
        progress.show(1, 2, "running")
    assert stream.getvalue() == ""


@pytest.mark.parametrize(("term", "drawn"), [("xterm", True), ("dumb", False)])
def test_the_line_is_gone_at_the_end(*, term: str, drawn: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the line is overwritten with spaces at the end; a dumb one gets none, and none gets an escape sequence."""
    monkeypatch.setenv("TERM", term)
    master, slave = pty.openpty()
    with os.fdopen(slave, "w") as stream:
        with Progress(stream, "evaluate mnist@1") as progress:
            progress.show(1, 2, "running")
        stream.write("done")
        stream.flush()
        said = ""
        while not said.endswith("done"):  # the kernel hands over in pieces what was written at once
            said += os.read(master, 4096).decode()
    os.close(master)
    assert ("[############............] 1/2" in said) is drawn
    assert "\x1b" not in said
    assert said.rpartition("\r")[2] == "done"
