"""What the C library keeps and gives back."""

import ctypes
import subprocess
import sys

import pytest

FREED = """
import ctypes
from storage import heaps

heaps.share(arenas=1)
pages = 1024**2 // 4096
library = ctypes.CDLL(None)
library.malloc.restype, library.free.argtypes = ctypes.c_void_p, [ctypes.c_void_p]


def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1])


# 40 MiB in blocks, of which eight are kept and eight are freed in turn: whole pages lie free between them.
blocks = [library.malloc(4096) for _ in range(40 * pages)]
for block in blocks:
    ctypes.memset(block, 1, 4096)
for place, block in enumerate(blocks):
    if place % 16 < 8:
        library.free(block)
before = resident()
heaps.give_back()
print((before - resident()) / pages)
"""
"""Prints how many MiB went back to the kernel."""


@pytest.mark.skipif(
    not hasattr(ctypes.CDLL(None), "malloc_trim"), reason="another C library than glibc gives back by itself"
)
def test_what_lies_free_between_blocks_goes_back() -> None:
    """Memory that is free between blocks in use goes back to the kernel when it is given back, and not before."""
    done = subprocess.run(
        [sys.executable, "-P", "-c", FREED], capture_output=True, text=True, check=True, timeout=60
    )
    assert float(done.stdout) > 10
