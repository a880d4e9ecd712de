"""What people write about notifications, in both files: typed, and everything that is wrong is told at once."""

from pathlib import Path

import pytest

from storage.errors import SettingsError
from storage.maintenance_settings import Quiet
from storage.notice_vocabulary import Channel, NoticeKind
from storage.notify_settings import Telling, minute_of, telling, wanted, ways
from storage.settings import read_model_settings, read_workspace_settings
from storage.vocabulary import Severity

FULL = """
[notify]
severity = "error"
kinds = ["fault"]
quiet = "22:00-06:00"
digest = "08:30"
console = true
command = ["./tell.sh", "all"]
[notify.webhook]
url_env = "HOOK"
token_env = "HOOK_TOKEN"
[notify.email]
server = "smtp.example.org"
sender = "models@example.org"
to = ["me@example.org"]
user = "models"
password_env = "MAIL_PASSWORD"
"""


def test_without_settings_nobody_is_told(tmp_path: Path) -> None:
    """There is no way to anybody, whatever would be worth it."""
    notify = read_workspace_settings(tmp_path / "none").notify
    assert ways(notify) == ()
    rule = telling(notify, read_model_settings(tmp_path / "none").notify)
    assert (rule.severity, rule.quiet, rule.channels) == (Severity.WARNING, None, ())


def test_everything_is_read(tmp_path: Path) -> None:
    """Each way that has its settings is one."""
    file = tmp_path / "modeltender.toml"
    file.write_text(FULL)
    notify = read_workspace_settings(file).notify
    assert ways(notify) == tuple(Channel)
    assert minute_of(notify.digest) == 8 * 60 + 30
    rule = telling(notify)
    assert rule == Telling(
        Severity.ERROR, frozenset({NoticeKind.FAULT}), Quiet(22 * 60, 6 * 60), tuple(Channel)
    )


def test_a_model_says_what_is_different_for_it(tmp_path: Path) -> None:
    """Key by key; what it leaves out is the workspace's."""
    workspace, model = tmp_path / "modeltender.toml", tmp_path / "model.toml"
    workspace.write_text(FULL)
    model.write_text('[notify]\nseverity = "info"\nquiet = "never"\nchannels = ["email"]\n')
    rule = telling(read_workspace_settings(workspace).notify, read_model_settings(model).notify)
    assert rule == Telling(Severity.INFO, frozenset({NoticeKind.FAULT}), None, (Channel.EMAIL,))


@pytest.mark.parametrize(
    ("kind", "severity", "told"),
    [
        (NoticeKind.FAULT, Severity.WARNING, True),
        (NoticeKind.FAULT, Severity.INFO, False),
        (NoticeKind.DEPLOYMENT, Severity.INFO, True),
        (NoticeKind.EVENT, Severity.ERROR, False),
    ],
)
def test_what_is_told_usually(tmp_path: Path, kind: NoticeKind, severity: Severity, *, told: bool) -> None:
    """Faults from a warning on, and everything about what is deployed."""
    assert wanted(telling(read_workspace_settings(tmp_path / "none").notify), kind, severity) is told


@pytest.mark.parametrize(
    ("written", "problem"),
    [
        ('[notify]\nseverity = "bad"', "notify.severity: expected one of info, warning, error, got 'bad'"),
        (
            '[notify]\nkinds = ["digest"]',
            "notify.kinds: expected some of fault, deployment, event, got 'digest'",
        ),
        ('[notify]\nquiet = "night"', "notify.quiet: expected hours such as 22:00-06:00, got 'night'"),
        ('[notify]\ndigest = "8"', "notify.digest: expected a time of the day such as 08:00, got '8'"),
        ('[notify]\ncommand = [""]', "notify.command: expected a program and its arguments"),
        ('[notify.webhook]\nurl = "ftp://x"', "notify.webhook.url: expected an address such as"),
        ('[notify.webhook]\nurl = "http://me:pw@x/"', "notify.webhook.url: expected an address such as"),
        (
            '[notify.webhook]\nurl = "http://x"\nurl_env = "X"',
            "notify.webhook: url and url_env exclude each other",
        ),
        (
            '[notify.webhook]\nurl_env = "not a name"',
            "notify.webhook.url_env: expected the name of an environment",
        ),
        ('[notify.webhook]\ntoken_env = "X"', "notify.webhook: token_env needs a url"),
        (
            '[notify.webhook]\nurl = "http://x"\ntimeout_s = 0',
            "notify.webhook.timeout_s: expected a number above 0",
        ),
        ('[notify.email]\nsender = "a@b"\nto = ["me@example.org"]', "notify.email.server: expected a host"),
        ('[notify.email]\nserver = "x"\nsender = "a@b"', "notify.email.to: is missing"),
        (
            '[notify.email]\nserver = "x"\nsender = "a@b"\nto = ["a@b\\nBcc: c@d"]',
            "notify.email.to: expected an address such as 'me@example.org'",
        ),
        (
            '[notify.email]\nserver = "x"\nsender = "a@b"\nto = ["a@b"]\nuser = "u"',
            "notify.email: user and password_env belong together",
        ),
        (
            '[notify.email]\nserver = "x"\nsender = "a@b"\nto = ["a@b"]\nuser = "u"\npassword_env = "P"\nsecurity = "none"',
            "notify.email.security: a password is not sent in the clear",
        ),
        (
            '[notify.email]\nserver = "x"\nsender = "a@b"\nto = ["a@b"]\nport = 0',
            "notify.email.port: expected 1 to",
        ),
    ],
)
def test_each_problem_is_said(tmp_path: Path, written: str, problem: str) -> None:
    """With its key, what was expected, and what stands there unless that may be a secret."""
    file = tmp_path / "modeltender.toml"
    file.write_text(written)
    with pytest.raises(SettingsError) as caught:
        read_workspace_settings(file)
    [said] = caught.value.problems
    assert said.startswith(problem)
    assert "me:pw" not in said


def test_a_model_has_no_ways_of_its_own(tmp_path: Path) -> None:
    """What may be sent where is not for those who write models' settings."""
    file = tmp_path / "model.toml"
    file.write_text('[notify]\ncommand = ["x"]\nconsole = true\n[notify.webhook]\nurl = "http://x"\n')
    with pytest.raises(SettingsError) as caught:
        read_model_settings(file)
    assert [said.partition(":")[0] for said in caught.value.problems] == [
        "notify.command",
        "notify.console",
        "notify.webhook",
    ]
