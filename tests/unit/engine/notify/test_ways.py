"""Promises about every way to people, with a real program, a real HTTP server and a real mail server at its end."""

import http.server
import json
import threading
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from engine import notify
from engine.notify import wording
from engine.notify.message import Message, Place, Secrets, WayError
from storage.notice_records import Notice
from storage.notice_vocabulary import Channel, MailSecurity, NoticeKind
from storage.notify_settings import Email, Notify, Webhook
from storage.settings import Trust, WorkspaceSettings
from storage.vocabulary import Severity
from tests.mail import PASSWORD, PEM, USER, MailServer, Manner

TOKEN = "token-of-2026"
LONG_S = 60.0
"""More than any honest answer takes on a busy machine."""

SHORT_S = 0.4
"""For servers that never answer."""


def notice(**changes: Any) -> Notice:
    """Return a notice of a fault."""
    plain: dict[str, Any] = {
        "id": 7,
        "key": "fault-3-error",
        "at": 1_750_000_000.0,
        "kind": NoticeKind.FAULT,
        "severity": Severity.ERROR,
        "code": "artefact-changed",
        "model": "mnist",
        "version": 2,
        "fault": 3,
        "ended": False,
        "message": "The files of version 2 are not those that were deployed.",
        "help": "Restore it: modeltender repair mnist",
    }
    return Notice(**(plain | changes))


def message(*notices: Notice) -> Message:
    """Return a message."""
    sender = wording.From("serving", "machine", 1_750_000_060.0)
    return wording.message(list(notices) or [notice()], sender)


def place(root: Path, way: Notify, *, commands: bool = True, environ: dict[str, str] | None = None) -> Place:
    """Return where a message is sent from."""
    settings = WorkspaceSettings(notify=way, trust=Trust(commands=commands))
    return Place(root, settings, Secrets(environ or {}))


class Post(NamedTuple):
    """What a webhook got."""

    path: str
    authorization: str | None
    body: Any


class Hook:
    """A server that takes what is posted, and answers with a status."""

    def __init__(self) -> None:
        self.status = 204
        self.says = b""
        self.got: list[Post] = []
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                body = json.loads(self.rfile.read(length))
                hook.got.append(Post(self.path, self.headers["Authorization"], body))
                self.send_response(hook.status)
                self.send_header("Content-Length", str(len(hook.says)))
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                self.wfile.write(hook.says)

            def log_message(self, *words: object) -> None:
                """Print nothing."""

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def hook() -> Iterator[Hook]:
    """Return a server that takes what is posted."""
    served = Hook()
    threading.Thread(target=served.server.serve_forever, args=(0.02,), daemon=True).start()
    yield served
    served.server.shutdown()
    served.server.server_close()


@pytest.fixture
def trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this process trust the certificate of the mail server."""
    monkeypatch.setenv("SSL_CERT_FILE", str(PEM))


@pytest.fixture
def mail_server() -> Iterator[MailServer]:
    """Return a mail server that offers TLS."""
    with MailServer() as served:
        yield served


def mailed(server: MailServer, **changes: Any) -> Notify:
    """Return settings for a mail server."""
    plain: dict[str, Any] = {
        "server": "localhost",
        "port": server.port,
        "sender": "models@example.org",
        "to": ("me@example.org", "you@example.org"),
        "timeout_s": LONG_S,
    }
    return Notify(email=Email(**(plain | changes)))


def test_a_webhook_gets_the_whole_message_as_json(hook: Hook, tmp_path: Path) -> None:
    """The subject, the plain words and every notice with its fields; a token goes into the header."""
    way = Notify(
        webhook=Webhook(url=f"{hook.url}/hooks/models?to=ops", token_env="HOOK_TOKEN", timeout_s=LONG_S)
    )
    said = notify.send(Channel.WEBHOOK, message(), place(tmp_path, way, environ={"HOOK_TOKEN": f"{TOKEN}\n"}))
    [got] = hook.got
    assert (got.path, got.authorization) == ("/hooks/models?to=ops", f"Bearer {TOKEN}")
    assert got.body["workspace"] == "serving"
    assert "mnist@2" in got.body["subject"]
    assert "modeltender repair mnist" in got.body["text"]
    [told] = got.body["notices"]
    assert (told["code"], told["model"], told["version"], told["fault"]) == (
        "artefact-changed",
        "mnist",
        2,
        3,
    )
    assert (told["severity"], told["at"], told["ended"]) == ("error", "2025-06-15T15:06:40Z", False)
    assert said == f"{hook.url} answers with status 204"


@pytest.mark.parametrize("status", [302, 401, 500])
def test_any_other_answer_of_a_webhook_is_none(hook: Hook, tmp_path: Path, status: int) -> None:
    """No redirect is followed, and the sentence holds the server's words, but neither path nor token."""
    hook.status = status
    hook.says = f"no \x1b[31m{TOKEN} at /hooks/T0/secret".encode()
    way = Notify(webhook=Webhook(url_env="HOOK", token_env="HOOK_TOKEN", timeout_s=LONG_S))
    environ = {"HOOK": f"{hook.url}/hooks/T0/secret", "HOOK_TOKEN": TOKEN}
    with pytest.raises(WayError) as caught:
        notify.send(Channel.WEBHOOK, message(), place(tmp_path, way, environ=environ))
    words = str(caught.value)
    assert f"{hook.url} answers with status {status}: no " in words
    assert TOKEN not in words
    assert "secret" not in words
    assert words.isprintable()
    assert len(hook.got) == 1


def test_a_webhook_that_is_not_there_is_said(tmp_path: Path) -> None:
    """Port 9 of this machine takes nothing."""
    way = Notify(webhook=Webhook(url="http://127.0.0.1:9/x", timeout_s=LONG_S))
    with pytest.raises(WayError, match=r"http://127\.0\.0\.1:9 cannot be reached"):
        notify.send(Channel.WEBHOOK, message(), place(tmp_path, way))


@pytest.mark.parametrize(
    ("environ", "told"),
    [
        ({}, "the environment variable HOOK is not set where the engine was started"),
        ({"HOOK": " "}, "the environment variable HOOK is not set"),
        ({"HOOK": "https://example.org/\x1b"}, "the environment variable HOOK holds what is neither"),
        ({"HOOK": "file:///etc/passwd"}, "the environment variable HOOK holds no address"),
    ],
)
def test_a_variable_that_cannot_be_used_is_named(tmp_path: Path, environ: dict[str, str], told: str) -> None:
    """Never shown: whatever it holds may be a secret."""
    way = Notify(webhook=Webhook(url_env="HOOK"))
    with pytest.raises(WayError, match=told):
        notify.send(Channel.WEBHOOK, message(), place(tmp_path, way, environ=environ))


def plain_text(mail: EmailMessage) -> str:
    """Return a mail's words."""
    return str(mail.get_content())


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("security", [MailSecurity.STARTTLS, MailSecurity.TLS])
def test_mail_goes_over_tls_with_a_password(tmp_path: Path, security: MailSecurity) -> None:
    """The server takes it for everybody, and it says that a program wrote it."""
    with MailServer(implicit_tls=security is MailSecurity.TLS) as server:
        way = mailed(server, security=security, user=USER, password_env="MAIL_PASSWORD")
        said = notify.send(
            Channel.EMAIL, message(), place(tmp_path, way, environ={"MAIL_PASSWORD": PASSWORD})
        )
        [taken] = server.taken
    assert (taken.secure, taken.user, taken.sender) == (True, USER, "models@example.org")
    assert taken.to == ("me@example.org", "you@example.org")
    assert taken.mail["Subject"] == message().subject
    assert taken.mail["Auto-Submitted"] == "auto-generated"
    assert plain_text(taken.mail).replace("\r\n", "\n") == message().text
    assert said == f"localhost port {server.port} took it for me@example.org, you@example.org"


def test_mail_in_the_clear_where_that_is_wanted(mail_server: MailServer, tmp_path: Path) -> None:
    """A relay on the same machine needs neither."""
    notify.send(Channel.EMAIL, message(), place(tmp_path, mailed(mail_server, security=MailSecurity.NONE)))
    [taken] = mail_server.taken
    assert (taken.secure, taken.user) == (False, "")


def test_a_certificate_that_nobody_vouches_for_is_refused(mail_server: MailServer, tmp_path: Path) -> None:
    """Before the password, or any mail, is said."""
    way = mailed(mail_server, user=USER, password_env="MAIL_PASSWORD")
    with pytest.raises(WayError, match="certificate verify failed"):
        notify.send(Channel.EMAIL, message(), place(tmp_path, way, environ={"MAIL_PASSWORD": PASSWORD}))
    assert mail_server.taken == []


@pytest.mark.usefixtures("trusted")
def test_a_wrong_password_is_said_without_it(mail_server: MailServer, tmp_path: Path) -> None:
    """Also where the server repeats it."""
    way = mailed(mail_server, user=USER, password_env="MAIL_PASSWORD")
    with pytest.raises(WayError) as caught:
        notify.send(Channel.EMAIL, message(), place(tmp_path, way, environ={"MAIL_PASSWORD": "not-the-one"}))
    assert str(caught.value) == f"localhost port {mail_server.port} answers 535: {USER} is not known with ***"


@pytest.mark.parametrize(
    ("manner", "timeout_s", "told"),
    [
        (Manner.REFUSING, LONG_S, r"takes mail for nobody of those in to: me@example.org \(550: nobody"),
        (Manner.SLOW, SHORT_S, "did not answer in time"),
        (Manner.NONSENSE, LONG_S, "answers -1: |does not speak as a mail server"),
        (Manner.CLOSING, LONG_S, "does not speak as a mail server"),
    ],
)
def test_a_mail_server_that_misbehaves_is_said(
    mail_server: MailServer, tmp_path: Path, manner: Manner, timeout_s: float, told: str
) -> None:
    """However it does, the answer is one sentence that no terminal obeys."""
    mail_server.manner = manner
    way = mailed(mail_server, security=MailSecurity.NONE, timeout_s=timeout_s)
    with pytest.raises(WayError, match=told) as caught:
        notify.send(Channel.EMAIL, message(), place(tmp_path, way))
    assert str(caught.value).isprintable()
    assert mail_server.taken == []


def test_a_command_gets_the_message_on_its_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And nothing of the engine's environment that could be a secret."""
    monkeypatch.setenv("HOOK_TOKEN", TOKEN)
    script = tmp_path / "hook.sh"
    script.write_text('#!/bin/sh\ncat > got\nenv > told\necho "passed on"\n')
    script.chmod(0o755)
    said = notify.send(Channel.COMMAND, message(), place(tmp_path, Notify(command=("./hook.sh",))))
    assert json.loads((tmp_path / "got").read_bytes()) == json.loads(message().json)
    told = (tmp_path / "told").read_text()
    assert f"MODELTENDER_SUBJECT={message().subject}" in told
    assert TOKEN not in told
    assert said == "passed on"


def test_a_command_that_does_not_read_is_no_trouble(tmp_path: Path) -> None:
    """However much there is to read."""
    many = message(*(notice(id=number, fault=number, message="m" * 400) for number in range(500)))
    assert notify.send(Channel.COMMAND, many, place(tmp_path, Notify(command=("true",)))) == "exit status 0"


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("no-such-program-here",), "the program no-such-program-here is not there"),
        (("sh", "-c", "echo no; exit 3"), "ended with exit status 3: no"),
    ],
)
def test_a_command_that_fails_is_said(tmp_path: Path, command: tuple[str, ...], told: str) -> None:
    """With its last words."""
    with pytest.raises(WayError, match=told):
        notify.send(Channel.COMMAND, message(), place(tmp_path, Notify(command=command)))


def test_a_command_runs_only_where_commands_are_trusted(tmp_path: Path) -> None:
    """Whoever may write a settings file is not yet whoever may start programs."""
    way = Notify(command=("touch", "ran"))
    with pytest.raises(WayError, match=r"\[trust\] commands = true"):
        notify.send(Channel.COMMAND, message(), place(tmp_path, way, commands=False))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("channel", notify.SENDERS)
def test_whatever_a_way_raises_becomes_a_sentence(
    tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of a library costs one try, and its words are cleaned of secrets as well."""
    from importlib import import_module

    def fail(_message: Message, where: Place) -> str:
        raise UnicodeError(f"cannot encode {where.secrets.read('HOOK_TOKEN')}")

    monkeypatch.setattr(import_module(notify.SENDERS[channel]), "send", fail)
    with pytest.raises(WayError, match=r"^UnicodeError: cannot encode \*\*\*$"):
        notify.send(channel, message(), place(tmp_path, Notify(), environ={"HOOK_TOKEN": TOKEN}))
