"""A console on the stage in a real terminal, and waiting until it is whole."""

import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from storage.workspace import Workspace
from tests.terminal import Terminal
from tui.commands.tables import cells

COMMAND = str(Path(sys.executable).with_name("modeltender"))

PATIENCE_S = 60.0


def opened(
    workspace: Workspace, environ: Mapping[str, str] | None = None, *, size: tuple[int, int] = (80, 24)
) -> Terminal:
    """Open a console that only reads."""
    return Terminal(
        [COMMAND, "--read-only", str(workspace.root)], columns=size[0], rows=size[1], environ=environ
    )


def shows_all(terminal: Terminal, columns: int = 80) -> None:
    """Wait until the screen is complete."""
    terminal.wait_for(lambda screen: "seg-unet  accuracy" in screen and is_whole(screen, columns), PATIENCE_S)


def is_whole(screen: str, columns: int) -> bool:
    """Whether the last line is the footer, and each panel's lines end where the terminal does."""
    lines = screen.splitlines()
    framed = [line for line in lines if line.startswith("│")]
    return (
        "quit" in lines[-1]
        and bool(framed)
        and all(line.rstrip().endswith("│") and cells(line.rstrip()) == columns for line in framed)
    )


def is_restored(received: bytes) -> bool:
    """Whether the terminal's own screen, its mouse and its cursor were given back after all that was drawn."""
    return all(
        0 <= received.rfind(on) < received.rfind(off)
        for on, off in (
            (b"\x1b[?1049h", b"\x1b[?1049l"),
            (b"\x1b[?1003h", b"\x1b[?1003l"),
            (b"\x1b[?2004h", b"\x1b[?2004l"),
            (b"\x1b[?25l", b"\x1b[?25h"),
        )
    )


def until(met: Callable[[], bool]) -> None:
    """Wait until a condition is met."""
    deadline = time.monotonic() + PATIENCE_S
    while not met():
        assert time.monotonic() < deadline
        time.sleep(0.02)
