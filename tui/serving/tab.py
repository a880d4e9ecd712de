"""One browser tab's console: a process of its own that is begun with the tab and is gone with it.

Owns the process and its environment. What it draws and which keys it gets goes through textual-serve's protocol.
"""

import asyncio
from asyncio.subprocess import Process
from collections.abc import Mapping
from contextlib import suppress

from textual_serve.app_service import AppService

from tui.terminal import REMOTE

LEAVE_S = 5.0
"""How long a console may take to end when it is told to; it has nothing to save, so one that takes longer is ended."""


class Tab(AppService):
    """A console process, and the WebSocket of the tab that shows it."""

    _ending: asyncio.Task[None] | None = None

    async def run(self) -> None:
        """Hand on what the console draws until it ends, and close its page then, also where it never began."""
        await super().run()
        await self.remote_close()

    async def stop(self) -> None:
        """Let the console leave, and see to it that it is gone; whoever asks first, all wait for the same end."""
        if self._process is None:
            return
        if self._ending is None:
            self._ending = asyncio.create_task(self._end(self._process))
        # A request that is given up must not leave a process behind.
        await asyncio.shield(self._ending)

    async def _end(self, process: Process) -> None:
        # Not by a time limit of asyncio's: that cancels, which textual-serve takes for an order to go on.
        leaving = asyncio.create_task(self._leave(process))
        await asyncio.wait({leaving}, timeout=LEAVE_S)
        if process.returncode is None:
            with suppress(ProcessLookupError):  # it ended just now
                process.kill()
            await process.wait()
        await leaving

    async def _leave(self, process: Process) -> None:
        await super().stop()
        # One that still draws cannot end before somebody has taken that.
        await process.communicate()

    def _build_environment(self, width: int = 80, height: int = 24) -> dict[str, str]:
        return as_in_a_browser(super()._build_environment(width, height))


def as_in_a_browser(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which the page's terminal is told of, and not the one that the server was started in."""
    kept = {name: value for name, value in environ.items() if name not in REMOTE}
    return kept | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
