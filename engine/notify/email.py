"""Mail through a server of the owner's: what its server accepts counts as told.

Owns one connection and its end: a server that is slow, or drips, is left when the time is up.
"""

import smtplib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid
from typing import Final

from engine.notify.message import Message, Place, WayError
from storage.notice_vocabulary import MailSecurity
from storage.notify_settings import PORTS, Email
from storage.text import clean

OWN_NAME: Final = "localhost"
"""What we call ourselves: asking the network for a better name may take a minute, and no relay of one's own minds."""

AGAIN_S: Final = 0.1
"""Between two tries to end a conversation whose time is up."""

SAID: Final = 160
"""Characters of a server's own words in a sentence of ours."""


def send(message: Message, place: Place) -> str:
    """Hand a message to the mail server."""
    email = place.settings.notify.email
    password = place.secrets.read(email.password_env) if email.password_env else ""
    where = f"{email.server} port {_port(email)}"
    server = _server(email)
    try:
        with _limited(server, email.timeout_s), server:
            refused = _hand_over(server, email, password, _mail(message, email))
    except smtplib.SMTPRecipientsRefused as error:
        raise WayError(
            f"{where} takes mail for nobody of those in to: {_refusals(error.recipients)}"
        ) from None
    except smtplib.SMTPResponseException as error:
        raise WayError(f"{where} answers {error.smtp_code}: {_said(error.smtp_error)}") from None
    except smtplib.SMTPException as error:
        raise WayError(f"{where} does not speak as a mail server: {clean(str(error), SAID)}") from None
    except TimeoutError:
        raise WayError(f"{where} did not answer in time") from None
    except OSError as error:
        raise WayError(f"{where} cannot be reached: {clean(error.strerror or str(error), SAID)}") from None
    if refused:
        return f"{where} took it, but not for {_refusals(refused)}"
    return f"{where} took it for {', '.join(email.to)}"


def _server(email: Email) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if email.security is MailSecurity.TLS:
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            local_hostname=OWN_NAME, timeout=email.timeout_s, context=context
        )
    else:
        server = smtplib.SMTP(local_hostname=OWN_NAME, timeout=email.timeout_s)
    # Its constructor would connect at once, before anything could end a greeting that drips; certificates are checked
    # against this name, which `connect` alone does not set.
    server._host = email.server  # type: ignore[attr-defined]  # noqa: SLF001 - as said
    return server


def _hand_over(
    server: smtplib.SMTP, email: Email, password: str, mail: EmailMessage
) -> dict[str, tuple[int, bytes]]:
    """Return which recipients were refused; others took it."""
    code, said = server.connect(email.server, _port(email))
    if code != 220:
        raise smtplib.SMTPConnectError(code, said)
    if email.security is MailSecurity.STARTTLS:
        server.starttls(context=ssl.create_default_context())
    if email.user:
        server.login(email.user, password)
    return server.send_message(mail, email.sender, list(email.to))


def _mail(message: Message, email: Email) -> EmailMessage:
    mail = EmailMessage()
    mail["Subject"] = message.subject
    mail["From"] = email.sender
    mail["To"] = ", ".join(email.to)
    mail["Date"] = format_datetime(message.document.at)
    mail["Message-ID"] = make_msgid(domain=email.sender.rpartition("@")[2])
    # Or holidays would be told back.
    mail["Auto-Submitted"] = "auto-generated"
    mail.set_content(message.text)
    return mail


def _port(email: Email) -> int:
    return PORTS[email.security] if email.port is None else email.port


def _refusals(recipients: dict[str, tuple[int, bytes]]) -> str:
    return "; ".join(f"{name} ({code}: {_said(said)})" for name, (code, said) in recipients.items())


def _said(words: bytes | str) -> str:
    return clean(words if isinstance(words, str) else words.decode(errors="replace"), SAID)


@contextmanager
def _limited(server: smtplib.SMTP, seconds: float) -> Iterator[None]:
    """End a conversation when its time is up, however slowly bytes come: a socket's own time-out begins anew with each.

    Raises:
        TimeoutError: it was ended.
    """
    over, done = threading.Event(), threading.Event()

    def watch() -> None:
        if done.wait(seconds):
            return
        over.set()
        # Again and again: when the time is up there may be no connection yet.
        while True:
            if (connected := server.sock) is not None:
                with suppress(OSError):  # it has ended by itself
                    connected.shutdown(socket.SHUT_RDWR)
            if done.wait(AGAIN_S):
                return

    watching = threading.Thread(target=watch, name="mail-limit", daemon=True)
    watching.start()
    try:
        yield
    except OSError:
        if over.is_set():
            raise TimeoutError from None
        raise
    finally:
        done.set()
        watching.join()
