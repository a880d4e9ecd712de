"""The console in a real terminal: what it paints anew, wide characters, and what reaches the terminal besides the screen."""

import base64
import re
import shutil
from pathlib import Path

import pytest

from storage.database import Writer
from storage.workspace import Workspace
from tests.console.opening import COMMAND, PATIENCE_S, opened, shows_all
from tests.console.stage import Played, add_model
from tests.terminal import Terminal
from tui.commands.console import MOUSE, THEME

SCREEN = shutil.which("screen")


def test_ctrl_l_paints_everything_again(staged: Workspace) -> None:
    """What another program wrote over the screen is gone."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.wipe()
        terminal.send("\x0c")
        shows_all(terminal)


def test_wide_names_move_nothing(staged: Workspace, writer: Writer) -> None:
    """Characters of two cells, and ones that combine, leave every column where it is."""
    with writer.transaction() as connection:
        for name in ("模型-分類器-日本語", "e\u0301clair", "데이터"):
            add_model(connection, name, Played(1, (0.9,)))
    with opened(staged) as terminal:
        terminal.resize(80, 40)
        shows_all(terminal)
        terminal.wait_for("模", PATIENCE_S)
        shown = terminal.screen.buffer
        rows = [y for y in range(40) if "型" in "".join(shown[y][x].data for x in range(80))]
        assert rows
        heading = next(line for line in terminal.text().splitlines() if "MODEL" in line)
        for y in rows:
            # The version begins in the column of its title, counted in cells.
            assert shown[y][heading.index("VER")].data == "v"
            assert shown[y][79].data == "│"


@pytest.mark.parametrize(
    ("keys", "shown"),
    [
        ("/mni", "Models 1 of 6  /mni"),
        (":devi", "│ devi "),
        ("@03:1", "│ 03:1 "),
        ("4/seg\r", re.compile(r"Jobs 1 of \d+ ")),
    ],
)
def test_letters_that_come_with_the_key_of_their_line_are_in_it(
    staged: Workspace, keys: str, shown: str | re.Pattern[str]
) -> None:
    """Over a network they come all at once, before the line is there."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send(keys)
        terminal.wait_for(lambda screen: re.search(shown, screen) is not None, PATIENCE_S)


@pytest.mark.parametrize(
    ("opening", "there"),
    [
        ("\r", "modeltender > seg-unet"),
        ("4", "modeltender > jobs"),
        (":", "│ words of the action "),
        ("@", "Show how things stood"),
        ("/", "/ words"),
    ],
)
def test_esc_and_the_key_behind_it_are_two(staged: Workspace, opening: str, there: str) -> None:
    """Networks and tmux bring both at once: what is open is closed, and the key is for what is seen then."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send(opening)
        terminal.wait_for(there, PATIENCE_S)
        terminal.send("\x1b3")
        terminal.wait_for("modeltender > devices", PATIENCE_S)
        terminal.send("\x1b")
        terminal.wait_for("Models 6", PATIENCE_S)


def test_a_filter_that_is_left_and_opened_at_once_is_a_new_one(staged: Workspace) -> None:
    """What is typed after that is in it."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send("/")
        terminal.wait_for("/ words", PATIENCE_S)
        terminal.send("seg\x1b/mni")
        terminal.wait_for("Models 1 of 6  /mni", PATIENCE_S)


def test_a_value_reaches_the_clipboard_of_the_terminal(staged: Workspace) -> None:
    """What is copied is sent as OSC 52, in base64, and nothing else with it."""
    with opened(staged) as terminal:
        shows_all(terminal)
        terminal.send("y")
        terminal.wait_for("⏎ copies", PATIENCE_S)
        terminal.send("\r")
        terminal.wait_for("Handed to the terminal", PATIENCE_S)
        [sent] = re.findall(rb"\x1b\]52;c;([^\x07\x1b]*)", bytes(terminal.received))
    assert base64.b64decode(sent).decode() == "seg-unet"


def test_an_unknown_theme_is_a_sentence(staged: Workspace) -> None:
    """A theme that there is not is told with those that there are, before anything is drawn."""
    with opened(staged, {THEME: "solarized"}) as terminal:
        assert terminal.wait_closed(PATIENCE_S) == 2
        said = bytes(terminal.received).decode()
    assert "There is no theme 'solarized' (MODELTENDER_THEME)." in said
    assert "colour-blind" in said
    assert "\x1b" not in said


@pytest.mark.parametrize(
    ("environ", "heard"), [({}, True), ({MOUSE: "off"}, False), ({"STY": "1.pts-0.box"}, False)]
)
def test_the_mouse_is_asked_for_where_it_is_wanted_and_does_no_harm(
    environ: dict[str, str], staged: Workspace, *, heard: bool
) -> None:
    """Without it a terminal selects text as ever; GNU screen would keep Esc back for it."""
    with opened(staged, environ) as terminal:
        shows_all(terminal)
        assert (b"\x1b[?1003h" in terminal.received) is heard
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0


@pytest.mark.skipif(SCREEN is None, reason="GNU screen is not installed")
def test_esc_and_copying_work_in_gnu_screen(staged: Workspace, tmp_path: Path) -> None:
    """Esc closes a dialog at once, and not with the key after it; what is copied reaches the terminal around."""
    sockets = tmp_path / "sockets"
    sockets.mkdir(mode=0o700)
    words = [str(SCREEN), "-U", COMMAND, "--read-only", str(staged.root)]
    with Terminal(words, columns=80, rows=24, environ={"SCREENDIR": str(sockets)}) as terminal:
        shows_all(terminal)
        terminal.send("?")
        terminal.wait_for("Keys: overview", PATIENCE_S)
        terminal.send("\x1b")
        shows_all(terminal)
        terminal.send("y")
        terminal.wait_for("⏎ copies", PATIENCE_S)
        terminal.send("\r")
        terminal.wait_for("Handed to the terminal", PATIENCE_S)
        assert base64.b64encode(b"seg-unet") in terminal.received
        terminal.send("q")
        assert terminal.wait_closed(PATIENCE_S) == 0
