"""Telling people by themselves: which ways there are, and how a message goes one of them.

Owns the registry, and the promise that whatever a way does wrong becomes one sentence without any secret in it. What is
worth telling is `engine.notify.noticing`'s, when it is told `engine.notify.notifier`'s.
"""

import logging
from collections.abc import Callable
from importlib import import_module
from typing import cast

from engine.notify.message import Message, Place, WayError
from storage.notice_vocabulary import Channel
from storage.text import clean

log = logging.getLogger(__name__)

SENDERS: dict[Channel, str] = {
    channel: f"engine.notify.{channel.value}" for channel in Channel if channel is not Channel.CONSOLE
}
"""The module of each way, with a function ``send``; consoles read what they are told from the database."""


def send(channel: Channel, message: Message, place: Place) -> str:
    """Send a message one way, and return what confirms that it was taken.

    Raises:
        WayError: it was not; the message is a sentence without its full stop.
    """
    if channel is Channel.CONSOLE:
        return "shown by every console that is open"
    sender = cast("Callable[[Message, Place], str]", import_module(SENDERS[channel]).send)
    try:
        return place.secrets.scrubbed(sender(message, place))
    except WayError as error:
        raise WayError(place.secrets.scrubbed(str(error))) from None
    except Exception as error:  # noqa: BLE001 - the edge to libraries that raise anything for what a server says
        # It costs this try, and the engine goes on. The traceback is not logged: it may show what was sent.
        log.warning("%s: %s is not expected of it", channel, type(error).__name__)
        raise WayError(place.secrets.scrubbed(f"{type(error).__name__}: {clean(str(error), 120)}")) from None
