"""What every part of the engine that works in rounds promises: it goes on, and says once what keeps it from its work."""

import errno
import logging
import os
import sqlite3
import threading

import pytest

from engine.rounds import Rounds


class Failing(Rounds):
    """Raises what it is given, one a round, and says when that is over."""

    def __init__(self, errors: list[Exception | None]) -> None:
        super().__init__("failing", every_s=0.001, failing="it cannot be done")
        self._errors = errors
        self.over = threading.Event()

    def work(self) -> None:
        """Fail once more, or do well."""
        if not self._errors:
            self.over.set()
            return
        error = self._errors.pop(0)
        if error is not None:
            raise error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (sqlite3.OperationalError("database is locked"), "database is locked"),
        (OSError(errno.EIO, os.strerror(errno.EIO)), "[Errno 5] Input/output error"),
    ],
    ids=["database", "disk"],
)
def test_what_keeps_it_from_its_work_is_told_once_until_it_works_again(
    error: Exception, words: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full for a night leaves a line in the log and not thousands, and another one when it is full again."""
    part = Failing([error, error, error, None, error, error])
    with caplog.at_level(logging.WARNING):
        part.start()
        assert part.over.wait(60)
        part.stop()
    assert caplog.messages == [f"it cannot be done: {words}"] * 2
    assert not part.is_alive()


def test_one_that_never_began_may_be_stopped() -> None:
    """The engine ends all its parts, also where one before them did not begin."""
    Failing([]).stop()
