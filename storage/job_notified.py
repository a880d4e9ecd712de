"""What a test of the ways to people came to: the engine writes it as a job's result, and the command prints it."""

import msgspec

from storage.notice_vocabulary import Channel


class Tried(msgspec.Struct, frozen=True):
    """One way to people: whether the message was taken, and what is known of that."""

    channel: Channel
    told: bool
    message: str
