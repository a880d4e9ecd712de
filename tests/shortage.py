"""This process short of descriptors, for real: the kernel refuses it the next file."""

import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_more_files(left: int = 0) -> Iterator[None]:
    """Let only so many more files be opened meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    probe = os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC)
    os.close(probe)
    # Numbers are given out from the lowest that is free, and none at or above the limit.
    resource.setrlimit(resource.RLIMIT_NOFILE, (probe + left, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
