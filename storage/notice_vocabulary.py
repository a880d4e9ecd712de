"""What notices are about, the ways on which people get them, and what became of each: words that are kept, and their values."""

from enum import StrEnum


class NoticeKind(StrEnum):
    """What people are told of by themselves."""

    FAULT = "fault"
    """A fault opened, became an error, was not helped by a repair, or ended."""
    DEPLOYMENT = "deployment"
    """Something else is deployed than before, whoever did that, or a probation is over."""
    EVENT = "event"
    """Any other line of the log that matters enough."""
    DIGEST = "digest"
    """What happened in a day; chosen by its hour."""
    TEST = "test"
    """Somebody wants to see whether it arrives."""


class Channel(StrEnum):
    """A way to people; each but the console has one module in ``engine/notify``."""

    CONSOLE = "console"
    COMMAND = "command"
    WEBHOOK = "webhook"
    EMAIL = "email"


class MailSecurity(StrEnum):
    """How the connection to a mail server is protected."""

    STARTTLS = "starttls"
    """In the clear at first, then changed to TLS before anything is said."""
    TLS = "tls"
    NONE = "none"


class DeliveryState(StrEnum):
    """What became of a notice on one way to people."""

    WAITING = "waiting"
    TOLD = "told"
    DROPPED = "dropped"
    """It does not matter any more, or could not be told for too long."""
