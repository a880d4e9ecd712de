"""What a machine has run out of, told from errors."""

import errno
import os

import pytest

from storage import shortages


@pytest.mark.parametrize(
    ("error", "number"),
    [
        (OSError(errno.EMFILE, os.strerror(errno.EMFILE)), errno.EMFILE),
        (BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN)), errno.EAGAIN),
        (RuntimeError(shortages.NO_THREAD), errno.EAGAIN),
        (MemoryError(), errno.ENOMEM),
        (OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), errno.ENOSPC),
        # What a full pipe says has the number of a process that cannot be started.
        (BlockingIOError(errno.EAGAIN, "write could not complete without blocking", 3), None),
        (PermissionError(errno.EACCES, os.strerror(errno.EACCES)), None),
        (RuntimeError("a mistake"), None),
        (ValueError("a mistake"), None),
    ],
)
def test_an_error_tells_what_has_run_out(error: Exception, number: int | None) -> None:
    """Each that does has a sentence and what helps; every other error is no shortage."""
    assert shortages.number(error) == number
    assert shortages.is_one(error) is (number is not None)
    if number is not None:
        assert shortages.WORDS[number].endswith(".")
        assert shortages.HINTS[number]
