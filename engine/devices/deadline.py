"""Asking a driver that may never answer.

A driver in trouble can hold a call for ever, and nothing ends a thread that is inside one. So each question
runs on a thread of its own that nobody has to wait for, and while one is out no second one is asked.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class NoAnswerError(Exception):
    """The driver has not answered in time."""


class _Question(threading.Thread, Generic[Answer]):
    def __init__(self, ask: Callable[[], Answer]) -> None:
        # A daemon: a driver that holds it for ever must not keep the engine from ending.
        super().__init__(name="driver", daemon=True)
        self._ask = ask
        self.answer: list[Answer] = []
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.answer.append(self._ask())
        except Exception as error:  # noqa: BLE001 - carried to the asker, who names the errors that it expects
            self.error = error


class Driver:
    """Passes questions to one driver, one at a time, and stops waiting when it is time."""

    def __init__(self) -> None:
        self._open: threading.Thread | None = None
        self._lock = threading.Lock()

    def ask(self, question: Callable[[], Answer], within_s: float) -> Answer:
        """Return the driver's answer, or raise what it raised.

        Raises:
            NoAnswerError: it did not come in time, or an earlier question is still out.
        """
        with self._lock:
            if self._open is not None and self._open.is_alive():
                raise NoAnswerError("an earlier question is still open")
            asked = _Question(question)
            self._open = asked
            asked.start()
        asked.join(within_s)
        if asked.is_alive():
            raise NoAnswerError(f"no answer within {within_s:g} s")
        if asked.error is not None:
            raise asked.error
        return asked.answer[0]
