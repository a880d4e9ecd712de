"""A program of the owner's that gets each message: JSON on its standard input, the essence in its environment."""

from engine import owners_command
from engine.notify.message import Message, Place, WayError
from engine.owners_command import CommandError
from engine.repository.telling import NO_TRUST

TIMEOUT_S = 30.0
"""A hook that takes longer is stuck; it is ended with its children, and the message is tried again."""


def send(message: Message, place: Place) -> str:
    """Run the program with a message; its exit status 0 confirms."""
    if not place.settings.trust.commands:
        raise WayError(NO_TRUST)
    command = place.settings.notify.command
    told = {
        "MODELTENDER_SUBJECT": message.subject,
        "MODELTENDER_NOTICES": str(len(message.document.notices)),
        "MODELTENDER_WORKSPACE": str(place.root),
    }
    try:
        owners_command.check(command, place.root)
        return owners_command.run(command, place.root, told, given=message.json, timeout_s=TIMEOUT_S)
    except CommandError as error:
        raise WayError(str(error)) from None
