"""A real browser without a window, spoken to by its own debugging protocol; for tests of what is served to browsers."""

import asyncio
import base64
import os
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

PATIENT_S = 60.0
"""How long a browser may take for anything: the machine may be busy."""


class Page:
    """A page of the browser, and every message that the browser has sent about it."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._last = 0
        self.told: list[dict[str, Any]] = []

    async def ask(self, method: str, **parameters: object) -> dict[str, Any]:
        """Have the browser do something, and return what it answers."""
        self._last += 1
        await self._socket.send_json({"id": self._last, "method": method, "params": parameters})
        async with asyncio.timeout(PATIENT_S):
            while True:
                message = await self._socket.receive_json()
                if message.get("id") == self._last:
                    assert "error" not in message, message
                    result: dict[str, Any] = message["result"]
                    return result
                self.told.append(message)

    async def value(self, expression: str) -> object:
        """Return what an expression is in the page."""
        answer = await self.ask("Runtime.evaluate", expression=expression)
        return answer["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true in the page."""
        async with asyncio.timeout(PATIENT_S):
            while not await self.value(expression):  # noqa: ASYNC110 - the page is another program's
                await asyncio.sleep(0.05)

    async def press(self, key: str) -> None:
        """Press a key that types a letter."""
        await self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, text=key)
        await self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    async def picture(self) -> bytes:
        """Return what the page looks like, as PNG."""
        return base64.b64decode((await self.ask("Page.captureScreenshot", format="png"))["data"])

    def parameters(self, method: str) -> list[dict[str, Any]]:
        """Return what was told by one kind of message."""
        return [message["params"] for message in self.told if message.get("method") == method]


@asynccontextmanager
async def browser(folder: Path, *, width: int = 1280, height: int = 800) -> AsyncIterator[Page]:
    """Start a browser that keeps its files in a folder, and give its page, which tells what it fetches and logs."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-background-networking",
        "--no-first-run",
        "--remote-debugging-port=0",
        f"--user-data-dir={folder}",
        f"--window-size={width},{height}",
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        port = await _port(folder / "DevToolsActivePort", process)
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                [target] = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Network", "Log", "Page", "Runtime"):
                    await page.ask(f"{domain}.enable")
                yield page
    finally:
        if process.returncode is None:
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _port(file: Path, process: asyncio.subprocess.Process) -> str:
    """Wait until the browser has written at which port it listens."""
    async with asyncio.timeout(PATIENT_S):
        while True:
            assert process.returncode is None, "the browser has ended"
            if lines := _lines(file):
                return lines[0]
            await asyncio.sleep(0.05)


def _lines(file: Path) -> list[str]:
    return file.read_text().splitlines() if file.exists() else []
