"""How a process with many threads keeps its memory: settings of the C library, and nothing else."""

import ctypes
from typing import Final

M_MMAP_THRESHOLD: Final = -3
M_ARENA_MAX: Final = -8
"""From glibc's ``malloc.h``."""

ARENAS: Final = 2
"""One for the thread that works, one for those that look now and then. By default glibc gives each thread its own, up to
eight a core, and what one thread freed is of no use to the others."""

LARGE_BYTES: Final = 512 * 1024
"""Beyond this a block is asked of the kernel, and given back when it is freed. By default glibc raises that limit to the
size of what was freed, and the figures of a thousand resamples stay in the heap for good."""


def share(*, arenas: int = ARENAS) -> None:
    """Let threads share so many heaps, and give back what is large; call it before there are threads.

    Other C libraries have one heap as it is, and nothing to be set.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "mallopt"):
        library.mallopt(M_ARENA_MAX, arenas)
        library.mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)


def give_back() -> None:
    """Give the kernel back what lies free between blocks in use: by itself the C library gives back what is free at an end alone.

    It takes a few milliseconds, and a tenth of a second where as much as 60 MB lie free between others.
    """
    library = ctypes.CDLL(None)
    if hasattr(library, "malloc_trim"):
        library.malloc_trim(0)
