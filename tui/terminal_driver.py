"""How keys are read from a terminal: an Esc that nothing follows is a key after some hundredths of a second.

An Esc may be the beginning of an arrow key. Textual (8.2) looks whether its time is over ten times a second, so that going
back took a tenth of a second longer than any other key.
"""

import os
import selectors
from codecs import getincrementaldecoder
from collections.abc import Iterable
from typing import Final

from textual import constants
from textual._xterm_parser import XTermParser
from textual.drivers.linux_driver import LinuxDriver
from textual.message import Message

LOOK_S: Final = 0.1
"""Between two looks whether the console ends, while no key comes."""

AT_ONCE: Final = 4096
"""Bytes that are read in one go."""


class TerminalDriver(LinuxDriver):
    """Textual's own, but for how long it waits behind an Esc, and that it reads no more from a terminal that is gone."""

    def run_input_thread(self) -> None:
        """Hand on what comes until the console ends, and what the terminal still had to say by then."""
        parser = XTermParser(self._debug)
        decode = getincrementaldecoder("utf-8")().decode
        with selectors.SelectSelector() as selector:
            selector.register(self.fileno, selectors.EVENT_READ)
            ends = False
            while not ends:
                ends = self.exit_event.is_set()
                # Textual has no public place for it; where another one has it elsewhere, Esc takes as long as it did.
                held = getattr(parser, "_timeout_time", None) is not None
                if selector.select(constants.ESCAPE_DELAY if held else LOOK_S):
                    read = os.read(self.fileno, AT_ONCE)
                    if not read:
                        # To ask again would keep a core busy, and Python waits for this thread before it ends.
                        return
                    if said := decode(read):
                        self._hand_on(parser.feed(said))
                self._hand_on(parser.tick())

    def _hand_on(self, events: Iterable[Message]) -> None:
        for event in events:
            self.process_message(event)
