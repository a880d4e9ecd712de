"""The table ``[notify]``: who is told what goes wrong, by which ways, and when not.

Owns the keys and their limits. ``modeltender.toml`` says by which ways, ``model.toml`` what is different for one model;
ways themselves stand in ``modeltender.toml`` alone, because what may be sent where is the workspace's owner's to say. No
secret stands in either: settings name environment variables of the engine.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from storage.maintenance_settings import Quiet, quiet_hours
from storage.notice_vocabulary import Channel, MailSecurity, NoticeKind
from storage.settings_file import Settings, shown
from storage.vocabulary import Severity

HOUR = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")
VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
ADDRESS = re.compile(r"[!#-'*+\-./0-9=?A-Z^_`a-z{|}~]{1,64}@[A-Za-z0-9.\-\[\]:]{1,253}")
"""Enough to see that it is one and no second header line; whether it exists, its server says."""

SERVER = re.compile(r"[A-Za-z0-9.\-]{1,253}|[0-9a-fA-F:]{2,45}")

LONGEST_S = 120.0
"""A server that takes longer to take a message is out of order."""

PORTS = {MailSecurity.STARTTLS: 587, MailSecurity.TLS: 465, MailSecurity.NONE: 25}
"""Where mail servers listen, by how they are spoken to."""

EVERYTHING = (NoticeKind.FAULT, NoticeKind.DEPLOYMENT, NoticeKind.EVENT)
"""What settings may choose from; a digest has its hour, and a test is asked for."""

USUAL = (NoticeKind.FAULT, NoticeKind.DEPLOYMENT)

RANKS = (Severity.INFO, Severity.WARNING, Severity.ERROR)


class Webhook(Settings, frozen=True, kw_only=True):
    """A server that takes a POST of JSON."""

    url: str = ""
    """Where each message is posted."""
    url_env: str = ""
    """The environment variable that holds the address, if that is itself a secret."""
    token_env: str = ""
    """The environment variable that holds what is sent as ``Authorization: Bearer``."""
    timeout_s: float = 10.0
    """How long the server may take, in seconds."""


class Email(Settings, frozen=True, kw_only=True):
    """The mail server to send through."""

    server: str = ""
    """Its name or address; empty sends no mail."""
    port: int | None = None
    """``None``: what is usual for the security."""
    security: MailSecurity = MailSecurity.STARTTLS
    """How the connection is kept from others."""
    sender: str = ""
    """The address that mails come from."""
    to: tuple[str, ...] = ()
    """The addresses to send to."""
    user: str = ""
    """The user to log in as; empty: no login."""
    password_env: str = ""
    """The environment variable that holds the user's password."""
    timeout_s: float = 20.0
    """How long the server may take, in seconds."""


class ModelNotify(Settings, frozen=True, kw_only=True):
    """``[notify]`` of a model: what is different for it; what is left out is the workspace's."""

    severity: Severity | None = None
    """The least severe fault or event that is told."""
    kinds: tuple[NoticeKind, ...] | None = None
    """What is told of at all; ``None``: faults and deployments."""
    quiet: str = ""
    """Local hours in which nobody is told, such as ``22:00-06:00``; what was held back is told afterwards."""
    channels: tuple[Channel, ...] | None = None
    """The channels of ``modeltender.toml`` that this model's notices use."""


class Notify(ModelNotify, frozen=True, kw_only=True):
    """``[notify]`` of the workspace."""

    digest: str = ""
    """The local time at which the previous day is summed up, such as ``08:00``; empty: never."""
    console: bool = False
    """Whether open consoles ring the terminal's bell and say it in its title."""
    command: tuple[str, ...] = ()
    """A program that gets each message as JSON on its standard input; it runs only if the workspace trusts commands."""
    webhook: Webhook = Webhook()
    email: Email = Email()


class Telling(NamedTuple):
    """What holds for one model, of both files."""

    severity: Severity
    kinds: frozenset[NoticeKind]
    quiet: Quiet | None
    channels: tuple[Channel, ...]


def ways(notify: Notify) -> tuple[Channel, ...]:
    """Return the ways to people that the workspace has, whether a model uses them or not."""
    there = {
        Channel.CONSOLE: notify.console,
        Channel.COMMAND: bool(notify.command),
        Channel.WEBHOOK: bool(notify.webhook.url or notify.webhook.url_env),
        Channel.EMAIL: bool(notify.email.server),
    }
    return tuple(channel for channel in Channel if there[channel])


def telling(workspace: Notify, model: ModelNotify | None = None) -> Telling:
    """Return what holds for a model: its own words, else the workspace's, else the defaults; both must be in order."""
    layers: list[ModelNotify] = [workspace] if model is None else [model, workspace]
    severity = next((one.severity for one in layers if one.severity is not None), Severity.WARNING)
    kinds = next((one.kinds for one in layers if one.kinds is not None), USUAL)
    quiet = next((one.quiet for one in layers if one.quiet.strip()), "")
    chosen = next((one.channels for one in layers if one.channels is not None), tuple(Channel))
    return Telling(
        severity,
        frozenset(kinds),
        quiet_hours(quiet),
        tuple(channel for channel in ways(workspace) if channel in chosen),
    )


def wanted(rule: Telling, kind: NoticeKind, severity: Severity) -> bool:
    """Whether something is told: of what is deployed everything is, of the rest what matters enough."""
    matters = kind is NoticeKind.DEPLOYMENT or RANKS.index(severity) >= RANKS.index(rule.severity)
    return kind in rule.kinds and matters


def minute_of(text: str) -> int | None:
    """Return the minute of the day that a text such as ``08:00`` means, or ``None`` where it is empty.

    Raises:
        ValueError: it means none.
    """
    if not text.strip():
        return None
    written = HOUR.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"expected a time of the day such as 08:00, got '{text}'")
    return int(written[1]) * 60 + int(written[2])


def check_model(notify: ModelNotify, problems: list[str]) -> None:
    """Gather what is wrong with the table of a model."""
    try:
        quiet_hours(notify.quiet)
    except ValueError as error:
        problems.append(f"notify.quiet: {error}")
    for kind in notify.kinds or ():
        if kind not in EVERYTHING:
            problems.append(f"notify.kinds: expected some of {', '.join(EVERYTHING)}, got '{kind}'")


def check(notify: Notify, problems: list[str]) -> None:
    """Gather what is wrong with the table of the workspace."""
    check_model(notify, problems)
    try:
        minute_of(notify.digest)
    except ValueError as error:
        problems.append(f"notify.digest: {error}")
    if notify.command and (not notify.command[0] or any("\0" in word for word in notify.command)):
        problems.append("notify.command: expected a program and its arguments")
    _check_webhook(notify.webhook, problems)
    if notify.email != Email():
        _check_email(notify.email, problems)


def _check_webhook(webhook: Webhook, problems: list[str]) -> None:
    key = "notify.webhook"
    if webhook.url and webhook.url_env:
        problems.append(f"{key}: url and url_env exclude each other")
    if webhook.url and not is_address(webhook.url):
        # Not shown: such addresses often are secrets.
        problems.append(f"{key}.url: expected an address such as 'https://example.org/hook', without user")
    if webhook.token_env and not (webhook.url or webhook.url_env):
        problems.append(f"{key}: token_env needs a url")
    _check_variables(key, {"url_env": webhook.url_env, "token_env": webhook.token_env}, problems)
    _check_time(f"{key}.timeout_s", webhook.timeout_s, problems)


def _check_email(email: Email, problems: list[str]) -> None:
    key = "notify.email"
    if SERVER.fullmatch(email.server) is None:
        problems.append(
            f"{key}.server: expected a host such as 'smtp.example.org', got {shown(email.server)}"
        )
    if email.port is not None and not 0 < email.port < 65536:
        problems.append(f"{key}.port: expected 1 to 65535, got {email.port}")
    _check_addresses(f"{key}.sender", (email.sender,), problems)
    if not email.to:
        problems.append(f"{key}.to: is missing")
    _check_addresses(f"{key}.to", email.to, problems)
    if bool(email.user) != bool(email.password_env):
        problems.append(f"{key}: user and password_env belong together")
    if email.user and email.security is MailSecurity.NONE:
        problems.append(f"{key}.security: a password is not sent in the clear; expected starttls or tls")
    _check_variables(key, {"password_env": email.password_env}, problems)
    _check_time(f"{key}.timeout_s", email.timeout_s, problems)


def is_address(url: str) -> bool:
    """Whether a text is an address that can be asked over HTTP, with neither a user nor a fragment."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:  # no number for a port, or brackets that do not close
        return False
    plain = url.isascii() and url.isprintable() and " " not in url
    return usable and plain and "@" not in parts.netloc and not parts.fragment


def _check_addresses(key: str, addresses: Sequence[str], problems: list[str]) -> None:
    for address in addresses:
        if ADDRESS.fullmatch(address) is None:
            problems.append(f"{key}: expected an address such as 'me@example.org', got {shown(address)}")


def _check_variables(key: str, names: dict[str, str], problems: list[str]) -> None:
    for name, variable in names.items():
        if variable and VARIABLE.fullmatch(variable) is None:
            # Not shown: who mistook it for the secret itself must not find that in a log.
            problems.append(f"{key}.{name}: expected the name of an environment variable")


def _check_time(key: str, value: float, problems: list[str]) -> None:
    if not 0 < value <= LONGEST_S:
        problems.append(f"{key}: expected a number above 0, at most {LONGEST_S:g}, got {value:g}")
