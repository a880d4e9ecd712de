"""A real engine tells real servers of a real fault, of its end, and of a test; secrets stay out of what it keeps."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from storage import launch
from storage.workspace import Workspace
from tests.mail import MailServer
from tests.unit.engine.notify.test_ways import Hook, hook, plain_text
from tui.command_line import main

__all__ = ["hook"]

TOKEN = "token-of-2026"

PATIENCE_S = 90.0


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Return a mail server."""
    with MailServer() as served:
        yield served


@pytest.fixture
def telling(
    workspace: Workspace, hook: Hook, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Workspace]:
    """Return a workspace whose engine tells both servers."""
    monkeypatch.setenv("HOOK_URL", f"{hook.url}/services/T0/PATH-OF-2026")
    monkeypatch.setenv("HOOK_TOKEN", TOKEN)
    workspace.settings_file.write_text(
        f"""
[notify]
console = true
[notify.webhook]
url_env = "HOOK_URL"
token_env = "HOOK_TOKEN"
timeout_s = 60
[notify.email]
server = "127.0.0.1"
port = {mail_server.port}
security = "none"
sender = "models@example.org"
to = ["me@example.org"]
timeout_s = 60
"""
    )
    workspace.models.joinpath("mnist").mkdir()
    launch.start(workspace)
    try:
        yield workspace
    finally:
        launch.stop(workspace)


def until(found: "list[Any]", count: int) -> None:
    """Wait until a list has so many entries."""
    deadline = time.monotonic() + PATIENCE_S
    while len(found) < count:
        assert time.monotonic() < deadline, found
        time.sleep(0.02)


def test_an_engine_tells_of_a_fault_of_its_end_and_of_a_test(
    telling: Workspace, hook: Hook, mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """Settings that cannot be read are a fault; correcting them ends it."""
    settings = telling.model_settings("mnist")
    settings.write_text("task = [")
    until(hook.got, 1)
    until(mail_server.taken, 1)
    [told] = hook.got[0].body["notices"]
    assert (told["code"], told["model"], told["ended"]) == ("settings", "mnist", False)
    assert hook.got[0].authorization == f"Bearer {TOKEN}"
    assert "model.toml" in plain_text(mail_server.taken[0].mail)
    settings.write_text('task = "classification"\n')
    until(hook.got, 2)
    until(mail_server.taken, 2)
    assert [(one["code"], one["ended"]) for one in hook.got[1].body["notices"]] == [("settings", True)]
    assert main(["notify", "--test", "-w", str(telling.root)]) == 0
    assert "✓ test by email" in capsys.readouterr().out
    assert hook.got[2].body["notices"][0]["kind"] == "test"
    assert len(mail_server.taken) == 3
    launch.stop(telling)
    kept = b"".join(file.read_bytes() for file in sorted(telling.state.rglob("*")) if file.is_file())
    assert b"settings" in kept
    for secret in (TOKEN, "PATH-OF-2026"):
        assert secret.encode() not in kept


def test_a_way_that_is_down_is_an_event_and_the_engine_goes_on(
    telling: Workspace, hook: Hook, mail_server: MailServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """The other way tells, and the failure can be looked at."""
    hook.status = 500
    telling.model_settings("mnist").write_text("task = [")
    until(mail_server.taken, 1)
    deadline = time.monotonic() + PATIENCE_S
    while main(["notify", "-w", str(telling.root)]) != 1:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "webhook failed once" in capsys.readouterr().out
    main(["events", "--json", "-w", str(telling.root)])
    assert '"notify-failed"' in capsys.readouterr().out
    assert main(["engine", "status", "-w", str(telling.root)]) == 0
