"""The picture in the README, made from the running program: ``python -m tests.console.picture WORKSPACE FILE``.

Opens the console on a workspace whose engine runs, waits until it shows the first model's chart, and keeps what it shows.
"""

import asyncio
import re
import sys
from pathlib import Path

from storage.workspace import find_workspace
from tests.console.screen import shows
from tui.app import Console
from tui.feed import Feed

SIZE = (120, 34)
"""Columns and rows: both charts' room, and still legible at the width of a page."""


async def take(workspace: Path) -> str:
    """Return what the console shows of ``workspace``, as SVG."""
    opened = find_workspace(workspace)
    feed = Feed(opened)
    feed.look()
    console = Console(opened, feed, host="gpu-box-1")
    try:
        async with console.run_test(size=SIZE) as pilot:
            await shows(pilot, "accuracy")
            picture = console.export_screenshot(title=f"modeltender {workspace.name}")
    finally:
        feed.stop()
    # A page that shows the picture need not fetch a font for it.
    return re.sub(r"@font-face \{.*?\}\s*", "", picture, flags=re.DOTALL)


if __name__ == "__main__":
    Path(sys.argv[2]).write_text(asyncio.run(take(Path(sys.argv[1]))))
