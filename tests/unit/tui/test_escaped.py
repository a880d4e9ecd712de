"""Esc and a key right behind it are the two keys that they are; what a terminal says with Esc stays what it is."""

from collections.abc import Iterator

import pytest
from textual._xterm_parser import XTermParser
from textual.events import Key

from tui import escaped


@pytest.fixture(autouse=True)
def apart() -> Iterator[None]:
    """Have them told apart, as in a console, and afterwards as Textual does."""
    own = XTermParser._sequence_to_key_events
    escaped.tell_apart()
    yield
    XTermParser._sequence_to_key_events = own  # type: ignore[method-assign]


def keys(sent: str) -> list[str]:
    """Return the keys that Textual makes of what a terminal sends at once."""
    parser = XTermParser()
    events = [*parser.feed(sent), *parser.feed("")]
    return [event.key for event in events if isinstance(event, Key)]


@pytest.mark.parametrize(
    ("behind", "key"),
    [
        ("j", "j"),
        ("J", "J"),
        ("3", "3"),
        ("0", "0"),
        ("/", "slash"),
        (":", "colon"),
        ("{", "left_curly_bracket"),
        ("?", "question_mark"),
        (" ", "space"),
        ("\r", "enter"),
    ],
)
def test_a_key_right_behind_esc_is_a_key_of_its_own(behind: str, key: str) -> None:
    """Esc and what comes with it in one go, and whatever comes behind that."""
    assert keys(f"\x1b{behind}") == ["escape", key]
    assert keys(f"\x1b{behind}kk") == ["escape", key, "k", "k"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        ("\x1b", ["escape"]),
        ("\x1b\x1b", ["escape", "escape"]),
        ("\x1b[A", ["up"]),
        ("\x1bOP", ["f1"]),
        ("\x1b[1;3A", ["alt+up"]),
        ("\x1b[106;3u", ["alt+j"]),
        ("\x1b\x7f", ["ctrl+w"]),
        ("\x1b\t", ["shift+tab"]),
        ("jk", ["j", "k"]),
    ],
)
def test_what_terminals_say_with_esc_stays_what_it_is(sent: str, told: list[str]) -> None:
    """Keys of their own, and Alt where a terminal says that it is Alt."""
    assert keys(sent) == told


@pytest.mark.parametrize("sent", ["\x1b[", "\x1bO", "\x1b]", "\x1b[199;1~", "\x1b[?99;9x"])
def test_of_a_sequence_that_nobody_knows_esc_is_no_key(sent: str) -> None:
    """It would close what somebody looks at."""
    assert "escape" not in keys(sent)
