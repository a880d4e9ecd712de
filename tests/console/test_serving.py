"""The console in browsers: a real server, real consoles, clients that speak as browsers do, and a real browser."""

import asyncio
import io
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import AsyncMock

import aiohttp
import msgspec
import psutil
import pyte
import pytest
from aiohttp.test_utils import TestClient, TestServer
from textual_serve.download_manager import DownloadManager

from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tests.browser import CHROMIUM, browser
from tui.serving import server as serving
from tui.serving import tab as tabs
from tui.serving.guard import HEADERS
from tui.serving.server import ConsoleServer

COMMAND = str(Path(sys.executable).with_name("modeltender"))

PATIENT_S = 60.0

NAMES = frozenset({"localhost", "127.0.0.1"})


def lives(process: psutil.Process) -> bool:
    """Whether a process has not ended."""
    try:
        return bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


class Served(NamedTuple):
    """A running server: its process, and its address."""

    process: psutil.Process
    ended: asyncio.subprocess.Process
    url: str

    def consoles(self) -> list[psutil.Process]:
        """Return the consoles that run."""
        return [child for child in self.process.children() if lives(child)]


@asynccontextmanager
async def served(workspace: Workspace) -> AsyncIterator[Served]:
    """Serve a workspace's console, which only reads, at any free port."""
    process = await asyncio.create_subprocess_exec(
        COMMAND,
        *("serve", "--read-only", "--json", "--port", "0", "--workspace", str(workspace.root)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENT_S):
            said = msgspec.json.decode(await process.stdout.readline())
        assert said["read_only"] is True
        yield Served(psutil.Process(process.pid), process, said["url"])
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


@asynccontextmanager
async def tab(url: str) -> AsyncIterator[aiohttp.ClientWebSocketResponse]:
    """Connect as the page does."""
    async with (
        aiohttp.ClientSession() as session,
        session.ws_connect(f"{url}ws?width=80&height=24", headers={"Origin": url.rstrip("/")}) as socket,
    ):
        yield socket


async def until(met: Callable[[], bool]) -> None:
    """Wait until a condition is met."""
    async with asyncio.timeout(PATIENT_S):
        while not met():  # noqa: ASYNC110 - processes of others set no event
            await asyncio.sleep(0.02)


async def screen(socket: aiohttp.ClientWebSocketResponse, wanted: str) -> str:
    """Draw what the console sends until the screen shows the wanted words."""
    shown = pyte.Screen(80, 24)
    stream = pyte.ByteStream(shown)
    async with asyncio.timeout(PATIENT_S):
        async for message in socket:
            if message.type is aiohttp.WSMsgType.BINARY:
                stream.feed(message.data)
                text = "\n".join(shown.display)
                if wanted in text:
                    return text
    raise AssertionError(f"the console ended before it showed {wanted!r}")


async def ends(socket: aiohttp.ClientWebSocketResponse) -> None:
    """Take what still comes until the server closes the connection."""
    async with asyncio.timeout(PATIENT_S):
        async for _ in socket:
            pass
    assert socket.close_code is not None


async def test_each_tab_is_a_console_of_its_own(staged: Workspace) -> None:
    """Two tabs show the models by two processes; each ends with its tab or by its key, and Ctrl-C ends the rest."""
    async with served(staged) as server:
        async with tab(server.url) as first, tab(server.url) as second:
            assert "need you" in await screen(first, "seg-unet  accuracy")
            await screen(second, "seg-unet  accuracy")
            both = server.consoles()
            assert len(both) == 2
            await first.close()
            await until(lambda: len(server.consoles()) == 1)
            await second.send_json(["stdin", "q"])
            await ends(second)
            await until(lambda: not server.consoles())
        async with tab(server.url) as third:
            await screen(third, "seg-unet  accuracy")
            [last] = server.consoles()
            server.process.send_signal(signal.SIGINT)
            await ends(third)
        async with asyncio.timeout(PATIENT_S):
            assert await server.ended.wait() == ExitCode.DONE
        assert not any(lives(process) for process in (*both, last))


async def test_no_console_outlives_its_server(staged: Workspace) -> None:
    """A server that is killed leaves no console behind."""
    async with served(staged) as server, tab(server.url) as socket:
        await screen(socket, "seg-unet  accuracy")
        [console] = server.consoles()
        server.process.kill()
        await until(lambda: not lives(console))


@asynccontextmanager
async def client(server: ConsoleServer) -> AsyncIterator[TestClient[Any, Any]]:
    """Serve in this process, and give what asks it."""
    async with TestClient(TestServer(await server.application(), host="127.0.0.1")) as asking:
        yield asking


@pytest.mark.parametrize("path", ["/", "/console.js", "/static/js/textual.js", "/download/x", "/nothing"])
async def test_every_answer_forbids_what_it_must(workspace: Workspace, path: str) -> None:
    """No answer may be framed, guessed at or have anything fetched from elsewhere."""
    async with client(ConsoleServer(workspace, names=NAMES)) as asking:
        answer = await asking.get(path)
        assert HEADERS.items() <= dict(answer.headers).items()


@pytest.mark.parametrize("path", ["/", "/static/js/textual.js", "/ws"])
async def test_a_name_that_leads_here_is_not_answered(workspace: Workspace, path: str) -> None:
    """A rebound name gets neither the page nor a console."""
    async with client(ConsoleServer(workspace, names=NAMES)) as asking:
        answer = await asking.get(path, headers={"Host": "evil.example", "Origin": "http://evil.example"})
        assert answer.status == 403
        assert "evil.example" in await answer.text()


async def test_a_page_of_others_gets_no_console(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A WebSocket that a foreign page opens is refused before any process is begun."""
    began: list[object] = []
    monkeypatch.setattr(serving, "Tab", lambda *words, **_: began.append(words))
    async with client(ConsoleServer(workspace, names=NAMES)) as asking:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await asking.ws_connect("/ws", headers={"Origin": "https://evil.example"})
    assert refused.value.status == 403
    assert began == []


async def test_there_is_a_most_of_consoles(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond it a tab is told so, instead of the machine being filled."""
    monkeypatch.setattr(serving, "MOST_TABS", 0)
    async with client(ConsoleServer(workspace, names=NAMES)) as asking:
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            await asking.ws_connect("/ws", headers={"Origin": str(asking.make_url("")).rstrip("/")})
    assert refused.value.status == 503


async def test_a_console_that_cannot_open_closes_its_page(
    workspace: Workspace, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where the workspace is gone by then the tab ends, and the reason stands where the server runs."""
    server = ConsoleServer(workspace, names=NAMES, read_only=True)
    workspace.root.rename(workspace.root.with_name("elsewhere"))
    async with client(server) as asking:
        socket = await asking.ws_connect("/ws", headers={"Origin": str(asking.make_url("")).rstrip("/")})
        await ends(socket)
    assert "modeltender: " in capsys.readouterr().out


async def test_a_console_that_does_not_leave_is_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that hears nothing any more is killed after a while, instead of being waited for for ever."""
    monkeypatch.setattr(tabs, "LEAVE_S", 0.1)
    unneeded = AsyncMock()
    stuck = tabs.Tab(
        f"exec {sys.executable} -c 'import time; time.sleep(1000)'",
        write_bytes=unneeded,
        write_str=unneeded,
        close=unneeded,
        download_manager=DownloadManager(),
    )
    await stuck.start(80, 24)
    assert stuck._process is not None
    process = psutil.Process(stuck._process.pid)
    assert lives(process)
    await asyncio.gather(stuck.stop(), stuck.stop())
    assert not lives(process)


@pytest.mark.skipif(CHROMIUM is None, reason="there is no Chromium on this machine")
async def test_a_real_browser_shows_it(staged: Workspace, tmp_path: Path) -> None:
    """In a real browser the console is drawn without anything from elsewhere, obeys a key, and says that it has ended."""
    from PIL import Image

    async with served(staged) as server, browser(tmp_path / "browser") as page:
        await page.ask("Page.navigate", url=server.url)
        await page.until("document.body?.classList.contains('-first-byte')")
        colours = 0
        async with asyncio.timeout(PATIENT_S):
            while colours < 50:  # an empty terminal has one, letters have their edges in many
                picture = Image.open(io.BytesIO(await page.picture())).convert("RGB")
                colours = len(picture.getcolors(picture.width * picture.height) or ())
        # Afterwards textual-serve's script tells a closed connection that the focus has moved, which a browser logs.
        assert [one for one in page.parameters("Log.entryAdded") if one["entry"]["level"] == "error"] == []
        await page.press("q")
        await page.until("document.body.classList.contains('-closed')")
        assert await page.value("getComputedStyle(document.querySelector('.end')).display") == "flex"
        fetched = [told["request"]["url"] for told in page.parameters("Network.requestWillBeSent")]
        assert len(fetched) >= 4
        assert [url for url in fetched if not url.startswith((server.url, "data:"))] == []
        assert page.parameters("Runtime.exceptionThrown") == []
