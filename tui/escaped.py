"""Esc and a key right behind it, which a terminal tells as it tells Alt and that key: here they are the two keys.

tmux holds an Esc back until it knows that no more belongs to it, half a second before its version 3.5, and hands both on
together. So does a network. Nothing is bound to a letter with Alt, and Textual (8.2) makes of Esc and ``3`` a pound sign,
and of Esc and ``/`` the second one alone.
"""

from collections.abc import Callable, Iterable
from functools import partialmethod
from typing import Final

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.events import Key

ESC: Final = "\x1b"

INTRODUCERS: Final = frozenset("[]OPX^_")
"""What begins a sequence of a terminal behind Esc (ECMA-48, 5.3): where nobody knows the sequence, Esc is no key either."""

Keys = Callable[[XTermParser, str, bool], Iterable[Key]]


def tell_apart() -> None:
    """Have Esc and a key right behind it told as two keys; call it before there is a terminal to read from."""
    own: Keys | None = getattr(XTermParser, "_sequence_to_key_events", None)
    # Another Textual has it elsewhere; a console in which the two are one key works as well.
    if own is not None:
        XTermParser._sequence_to_key_events = partialmethod(_keys, own)  # type: ignore[method-assign,assignment] # noqa: SLF001


def _keys(parser: XTermParser, own: Keys, sequence: str, alt: bool = False) -> Iterable[Key]:  # noqa: FBT001, FBT002 - as Textual
    if _is_character_of_a_mac(sequence):
        sequence, alt = sequence[1:], True
    if alt and sequence not in INTRODUCERS:
        yield Key("escape", ESC)
        alt = False
    yield from own(parser, sequence, alt)


def _is_character_of_a_mac(sequence: str) -> bool:
    """Whether Textual takes Esc and a character for what Option and its key write there."""
    return len(sequence) == 2 and sequence[0] == ESC and isinstance(ANSI_SEQUENCES_KEYS.get(sequence), str)
