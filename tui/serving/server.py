"""The server over all tabs: it answers their requests, begins a console for each, and ends all of them with itself.

Stands on textual-serve, whose page it replaces and to whose answers it adds the guard. It opens no database: what
there is to see is the consoles' to read.
"""

import asyncio
import errno
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import redirect_stdout
from typing import Any

from aiohttp import WSCloseCode, web
from textual_serve.server import Server, to_int

from storage.errors import Error
from storage.text import clean
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui.serving import guard
from tui.serving.page import FOCUS, FONT_PIXELS, OWN_SCRIPT, page
from tui.serving.tab import LEAVE_S, Tab

MOST_TABS = 16
"""Consoles at once: each is a process of some 60 MiB, and a page that reloads itself must not fill the machine."""

HEARTBEAT_S = 15.0
"""A browser that has vanished without a word is missed by then."""

COLUMNS, ROWS = 80, 24

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class ServeError(Error):
    """The console cannot be served."""

    code = "serve"
    exit_code = ExitCode.USAGE


class ConsoleServer(Server):
    """Serves one workspace's console."""

    def __init__(self, workspace: Workspace, *, names: frozenset[str], read_only: bool = False) -> None:
        words = [sys.executable, "-P", "-m", "tui", *(["--read-only"] if read_only else [])]
        # Without exec a shell would stand between a tab and its console.
        super().__init__(f"exec {shlex.join([*words, str(workspace.root)])}")
        self.title = f"{workspace.root.name} - modeltender"
        self._names = names
        self._tabs: dict[web.WebSocketResponse, Tab] = {}

    async def application(self) -> web.Application:
        """Return the application with all its routes, guarded."""
        made = await self._make_app()
        made.router.add_get(OWN_SCRIPT, self.handle_script)
        made.middlewares.append(self._guard)
        made.on_response_prepare.append(_forbid)
        return made

    async def on_startup(self, app: web.Application) -> None:
        """Say nothing: the command has a sentence of its own."""

    async def on_shutdown(self, app: web.Application) -> None:
        """Close every tab's connection, and wait until its console is gone."""
        del app
        tabs = dict(self._tabs)
        await asyncio.gather(*(socket.close(code=WSCloseCode.GOING_AWAY) for socket in tabs))
        await asyncio.gather(*(tab.stop() for tab in tabs.values()))

    async def handle_index(self, request: web.Request) -> web.Response:
        """Return the page."""
        made = page(
            title=self.title,
            socket=f"ws://{request.headers['Host']}/ws",
            font_pixels=to_int(request.query.get("fontsize", ""), FONT_PIXELS),
        )
        return web.Response(text=made, content_type="text/html", headers={"Cache-Control": "no-store"})

    async def handle_script(self, request: web.Request) -> web.Response:
        """Return our own part of the page's script."""
        del request
        return web.Response(text=FOCUS, content_type="text/javascript")

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        """Show a console of its own in a tab until one of the two is gone."""
        if len(self._tabs) >= MOST_TABS:
            raise web.HTTPServiceUnavailable(text=f"There are {MOST_TABS} consoles open already.\n")
        socket = web.WebSocketResponse(heartbeat=HEARTBEAT_S, timeout=LEAVE_S)
        await socket.prepare(request)

        async def close() -> None:
            await socket.close()

        tab = self._tabs[socket] = Tab(
            self.command,
            write_bytes=socket.send_bytes,
            write_str=socket.send_str,
            close=close,
            download_manager=self.download_manager,
        )
        try:
            await tab.start(
                to_int(request.query.get("width", ""), COLUMNS), to_int(request.query.get("height", ""), ROWS)
            )
            await self._process_messages(socket, tab)
        finally:
            await tab.stop()
            del self._tabs[socket]
        return socket

    @web.middleware
    async def _guard(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        refused = guard.refusal(request.headers, self._names, is_socket=request.path == "/ws")
        if refused is not None:
            raise web.HTTPForbidden(text=f"{refused}\n")
        return await handler(request)


async def serve(server: ConsoleServer, *, host: str, port: int, opened: Callable[[int], Any]) -> None:
    """Serve until a signal says to end; ``opened`` is told the port once browsers are answered.

    Raises:
        ServeError: nothing can listen there.
    """
    over = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, over.set)
    runner = web.AppRunner(await server.application(), access_log=None)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            raise _not_listening(error, host, port) from None
        opened(runner.addresses[0][1])
        # What a console says that cannot open, textual-serve prints where the command's answer goes.
        with redirect_stdout(sys.stderr):
            await over.wait()
    finally:
        await runner.cleanup()


async def _forbid(_request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(guard.HEADERS)


def _not_listening(error: OSError, host: str, port: int) -> ServeError:
    where = f"port {port} of {clean(host, 100)}"
    if error.errno == errno.EADDRINUSE:
        return ServeError(
            f"Another program listens at {where} already.", "Choose another one: --port 0 takes any."
        )
    if error.errno == errno.EACCES:
        return ServeError(f"This user may not listen at {where}.", "Choose a port from 1024 on.")
    return ServeError(
        f"Nothing can listen at {where}: {clean(error.strerror or str(error), 100)}.",
        "Name an address of this machine: --host",
    )
