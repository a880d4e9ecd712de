"""Reading from a terminal: an Esc by itself is a key, one that begins another is not, and a terminal that is gone is the end."""

import os
import time
from threading import Event, Thread

import pytest
from textual.events import Key
from textual.message import Message

from tui.terminal_driver import TerminalDriver

PATIENCE_S = 20.0


class Reading(TerminalDriver):
    """Reads from a pipe, and keeps the keys."""

    def __init__(self, fileno: int) -> None:
        self.fileno = fileno
        self.exit_event = Event()
        self.keys: list[str] = []
        self._debug = False

    def process_message(self, message: Message) -> None:
        """Keep a key."""
        if isinstance(message, Key):
            self.keys.append(message.key)


@pytest.mark.parametrize(
    ("sent", "keys"),
    [(b"j\x1b[A", ["j", "up"]), ("é模".encode(), ["é", "模"]), (b"\x1b[1;3A/", ["alt+up", "slash"])],
)
def test_a_terminal_that_is_gone_is_read_to_its_end_and_no_further(sent: bytes, keys: list[str]) -> None:
    """What it said is handed on, and the thread ends though nobody told the console to."""
    there, here = os.pipe()
    os.write(here, sent)
    os.close(here)
    reading = Reading(there)
    reading.run_input_thread()
    os.close(there)
    assert reading.keys == keys


def test_an_esc_by_itself_is_a_key_while_the_terminal_is_silent() -> None:
    """Nothing follows, and it is handed on all the same; then the console ends, with what was said until then."""
    there, here = os.pipe()
    reading = Reading(there)
    thread = Thread(target=reading.run_input_thread)
    thread.start()
    os.write(here, b"\x1b")
    deadline = time.monotonic() + PATIENCE_S
    while reading.keys != ["escape"] and time.monotonic() < deadline:
        time.sleep(0.01)
    assert reading.keys == ["escape"]
    reading.exit_event.set()
    os.write(here, b"j")
    thread.join(PATIENCE_S)
    assert not thread.is_alive()
    assert reading.keys == ["escape", "j"]
    os.close(here)
    os.close(there)
