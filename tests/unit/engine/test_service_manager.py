"""The service manager hears from a real engine over a real socket when it works, that it still does, and that it ends."""

import logging
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engine import service_manager
from engine.service_manager import ALIVE, READY, STOPPING, VARIABLES, Manager
from storage.vocabulary import ExitCode
from storage.workspace import Workspace

MODELTENDER = Path(sys.executable).with_name("modeltender")

HEARD_S = 60.0
"""How long the next word of an engine is waited for, on a machine that is busy with other tests."""


@pytest.fixture(params=["path", "abstract"])
def listening(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    """Return a socket as a service manager has it, and the address that it gives to those it starts."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.settimeout(HEARD_S)
        if request.param == "path":
            receiver.bind(str(tmp_path / "notify"))
            yield receiver, str(tmp_path / "notify")
        else:
            name = f"modeltender-test-{os.getpid()}-{tmp_path.name}"
            receiver.bind(f"\0{name}")
            yield receiver, f"@{name}"


def test_each_word_is_a_datagram_of_its_own(listening: tuple[socket.socket, str]) -> None:
    """They arrive in their order, whether the socket has a file or only a name."""
    receiver, address = listening
    told = Manager.of({"NOTIFY_SOCKET": address})
    told.ready()
    told.alive()
    told.stopping()
    assert (
        [receiver.recv(64) for _ in range(3)]
        == [READY, ALIVE, STOPPING]
        == [
            b"READY=1",
            b"WATCHDOG=1",
            b"STOPPING=1",
        ]
    )


def test_what_the_engine_starts_does_not_speak_in_its_name() -> None:
    """The manager's variables leave the environment, and nothing else does."""
    environment = dict.fromkeys(VARIABLES, "x") | {"PATH": "/bin"}
    Manager.of(environment)
    assert environment == {"PATH": "/bin"}


def test_without_a_manager_nothing_is_sent(caplog: pytest.LogCaptureFixture) -> None:
    """An engine that a person started tells nobody and misses nothing."""
    nobody = Manager.of({})
    nobody.ready()
    nobody.stopping()
    assert caplog.records == []


def test_a_manager_that_is_gone_is_told_of_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The engine goes on, its log says so the first time, and again only after it was heard in between."""
    address = tmp_path / "gone"
    told = Manager(str(address))
    for _ in range(3):
        told.alive()
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(address))
        told.alive()
    address.unlink()
    told.alive()
    assert len(caplog.records) == 2


def test_a_manager_that_does_not_read_holds_nothing_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where its queue is full the word is lost, and the next one comes a second later."""
    monkeypatch.setattr(service_manager, "SEND_S", 0.05)
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as receiver:
        receiver.bind(str(tmp_path / "full"))
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as filler:
            filler.setblocking(False)
            with suppress(BlockingIOError):
                while True:
                    filler.sendto(b"x", str(tmp_path / "full"))
        Manager(str(tmp_path / "full")).alive()
    assert len(caplog.records) == 1


def test_an_engine_tells_its_manager_all_its_life(
    workspace: Workspace, listening: tuple[socket.socket, str]
) -> None:
    """It works, it goes on working, and on SIGTERM it says that it ends before it does, with status 0."""
    receiver, address = listening
    process = subprocess.Popen(
        [MODELTENDER, "engine", "run", "-w", str(workspace.root)],
        env=os.environ | {"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "60000000"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert receiver.recv(64) == READY
        assert receiver.recv(64) == ALIVE
        assert receiver.recv(64) == ALIVE
        process.send_signal(signal.SIGTERM)
        while (said := receiver.recv(64)) == ALIVE:
            pass
        assert said == STOPPING
        out, _ = process.communicate(timeout=HEARD_S)
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, out) == (ExitCode.DONE, "")
