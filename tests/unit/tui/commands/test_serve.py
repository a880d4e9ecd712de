"""Who may reach a served console is decided, and told, before anything listens."""

import socket
import sys

import pytest

from storage.vocabulary import ExitCode
from tests.unit.tui.commands.conftest import Run


def test_another_machine_needs_a_word(ask: Run) -> None:
    """An address that other machines reach is not listened at before somebody has said so, knowing that there is no password."""
    said = ask("serve", "--host", "0.0.0.0", "--port", "0")
    assert said.status == ExitCode.USAGE
    assert "no password" in said.err
    assert "--open-to-network" in said.err


def test_a_host_that_is_not_there(ask: Run) -> None:
    """A host that leads nowhere gets a sentence."""
    said = ask("serve", "--host", "nowhere.invalid")
    assert said.status == ExitCode.USAGE
    assert "There is no host nowhere.invalid" in said.err


def test_an_address_of_another_machine(ask: Run) -> None:
    """An address that this machine does not have gets a sentence."""
    said = ask("serve", "--host", "192.0.2.1", "--open-to-network")
    assert said.status == ExitCode.USAGE
    assert "Nothing can listen at port 8420 of 192.0.2.1" in said.err


def test_a_port_that_is_taken(ask: Run) -> None:
    """A port at which something else listens gets a sentence, and the way to another one."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = ask("serve", "--port", str(port))
    assert said.status == ExitCode.USAGE
    assert said.err == (
        f"modeltender: Another program listens at port {port} of 127.0.0.1 already.\n"
        "  Choose another one: --port 0 takes any.\n"
    )


@pytest.mark.parametrize("absent", ["textual_serve", "aiohttp"])
def test_without_its_extra(ask: Run, monkeypatch: pytest.MonkeyPatch, absent: str) -> None:
    """Where what serves it is not installed, a sentence says how to get it."""
    for name in [
        name for name in sys.modules if name.partition(".")[0] == absent or name.startswith("tui.serving")
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Without(absent), *sys.meta_path])
    said = ask("serve")
    assert said.status == ExitCode.USAGE
    assert "textual-serve, which is not installed" in said.err
    assert f"{sys.executable} -m pip install 'textual-serve" in said.err


class Without:
    """A finder by which a package is not installed."""

    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, *_: object) -> None:
        """Find nothing, and for the package end the search."""
        if name.partition(".")[0] == self._package:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
