"""The ends of the console that nobody chose: a signal, or a terminal that is gone.

Textual leaves a terminal as it is when it is told to end by a signal, and goes on without one for ever,
spinning; both are put right here.
"""

import asyncio
import os
import signal
from collections.abc import Callable

from tui import terminal

STDIN = 0

TERMINAL_CHECK_S = 2.0
"""How soon a console is gone whose terminal was closed without a signal; until then it spins."""

SIGNALLED = 128
"""What a shell adds to a signal's number to make an exit status."""


def on_signals(leave: Callable[[None, int], object]) -> None:
    """Let the console leave in good order, with a signal's exit status, when it is told to end or its terminal hangs up."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, leave, None, SIGNALLED + number)


def end_without_terminal() -> None:
    """End at once where the terminal is gone: nobody is there to restore it for, and a write to it may never return."""
    if terminal.is_gone(STDIN, os.environ):
        os._exit(SIGNALLED + signal.SIGHUP)
