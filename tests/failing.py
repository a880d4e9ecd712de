"""A system of which one call fails, as a disk does that is full or broken: the first one, or the second, or the n-th."""

import errno
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest


@contextmanager
def failing_at(n: int, calls: Sequence[str], *, number: int = errno.EIO) -> Iterator[Callable[[], bool]]:
    """Make the n-th call of these functions of `os`, all counted together, fail so; yield whether it was reached."""
    left = n

    def wrapped(call: Callable[..., Any]) -> Callable[..., Any]:
        def tried(*arguments: Any, **keywords: Any) -> Any:
            nonlocal left
            left -= 1
            if left == 0:
                if call is close:
                    # As Linux has it: the descriptor is gone all the same.
                    close(*arguments)
                raise OSError(number, os.strerror(number))
            return call(*arguments, **keywords)

        return tried

    close = os.close
    with pytest.MonkeyPatch.context() as patch:
        for name in calls:
            patch.setattr(os, name, wrapped(getattr(os, name)))
        yield lambda: left <= 0
