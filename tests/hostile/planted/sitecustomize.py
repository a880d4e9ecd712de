"""Plants a recogniser in every Python that is started with this folder on its path: a file that says ``do X`` does it.

It stands for the hole in a parser that nobody knows yet. ``LOG`` names a file in which a process that can write it
says that it looked into something: no confined one can.
"""

import ctypes
import os
import stat
import time
from pathlib import Path

from engine import runtimes
from engine.artefacts.archive import Archive
from engine.artefacts.content import Content
from engine.protocols import Recognition

DO = b"do "

LOG = "MODELTENDER_TEST_LOOKED"


def obey(content: Content, _archive: Archive | None) -> Recognition | None:
    """Do what the file says, or leave it to the honest recognisers."""
    note = os.environ.get(LOG)
    if note:
        with Path(note).open("a") as file:
            file.write(f"{os.getpid()} {content.path.name}\n")
    if not content.head.startswith(DO):
        return None
    what, _, rest = content.head.removeprefix(DO).partition(b"\n")
    match what:
        case b"crash":
            ctypes.string_at(0)
        case b"exit":
            os._exit(0)
        case b"hang":
            time.sleep(3600)
        case b"spin":
            while True:
                sum(range(1000))
        case b"speak":
            speak(rest)
            time.sleep(3600)
        case b"devour":
            hoard = []
            while True:
                hoard.append(bytearray(64 * 1024 * 1024))
        case _:
            raise ValueError(what)
    return None


def speak(data: bytes) -> None:
    """Write to the engine's socket, as native code in this process could."""
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a process looks at its descriptors
        try:
            if stat.S_ISSOCK(os.fstat(int(number)).st_mode):
                os.write(int(number), data)
        except OSError:
            # The listing's own descriptor is closed by now.
            continue


runtimes._RECOGNISERS = (obey, *runtimes._RECOGNISERS)
