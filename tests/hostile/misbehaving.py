"""Loaders and models that misbehave, each in one way; hosts import this module as if it were a framework.

They run in a model process only. `script` runs whatever the artefact holds, so that an attack can be written
where it is tested.
"""

import ctypes
import os
import stat
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine import runtimes
from engine.protocols import Recognition, TensorSpec
from storage.vocabulary import Format

Arrays = tuple[NDArray[Any], ...]

MIB = 1024**2


runtimes._RECOGNISERS = (
    lambda _content, _archive: Recognition(Format.ONNX),
)  # any artefact reaches its loader


class Good:
    """A model that answers with its input: one-hot inputs are classified perfectly."""

    outputs = (TensorSpec("y", (None, 2), "float32"),)
    parameters: int | None = 3

    def __init__(self, says: str = "x") -> None:
        self.inputs = (TensorSpec(says, (None, 2), "float32"),)

    def run(self, inputs: Sequence[NDArray[Any]]) -> Arrays:
        """Answer honestly."""
        return (inputs[0],)


class Hanging(Good):
    """Loads well and never answers."""

    def run(self, inputs: Sequence[NDArray[Any]]) -> Arrays:
        """Compute for ever."""
        del inputs
        while True:
            sum(range(1000))


class Crashing(Good):
    """Loads well and crashes when asked."""

    def run(self, inputs: Sequence[NDArray[Any]]) -> Arrays:
        """Read address 0."""
        ctypes.string_at(0)
        return (inputs[0],)


class Failing(Good):
    """Loads well and says why it cannot answer."""

    def run(self, inputs: Sequence[NDArray[Any]]) -> Arrays:
        """Raise what a framework would."""
        raise ValueError(f"{len(inputs)} matrices do not fit")


class Busy(Good):
    """Goes on computing in the background when nobody asks."""

    def __init__(self) -> None:
        super().__init__()
        import threading

        threading.Thread(target=self._burn, daemon=True).start()

    def _burn(self) -> None:
        while True:
            sum(range(1000))


class Forging(Good):
    """Writes its artefact's bytes to the engine's socket in place of an answer."""

    def __init__(self, forged: bytes) -> None:
        super().__init__()
        self._forged = forged

    def run(self, inputs: Sequence[NDArray[Any]]) -> Arrays:
        """Speak for the process itself."""
        speak(self._forged)
        time.sleep(60)
        return (inputs[0],)


def speak(data: bytes) -> None:
    """Write to the engine's socket, as any native code in this process could."""
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - a process looks at its descriptors
        try:
            if stat.S_ISSOCK(os.fstat(int(number)).st_mode):
                while data:
                    data = data[os.write(int(number), data) :]
        except OSError:
            # The listing's own descriptor is closed by now.
            continue


def good(_artefact: Path, _device: str) -> Good:
    """Load well."""
    return Good()


def hanging(_artefact: Path, _device: str) -> Good:
    """Load a model that never answers."""
    return Hanging()


def crashing(_artefact: Path, _device: str) -> Good:
    """Load a model that crashes when asked."""
    return Crashing()


def failing(_artefact: Path, _device: str) -> Good:
    """Load a model that cannot answer."""
    return Failing()


def busy(_artefact: Path, _device: str) -> Good:
    """Load a model that never rests."""
    return Busy()


def forging(artefact: Path, _device: str) -> Good:
    """Load a model that speaks for its process when asked."""
    return Forging(artefact.read_bytes())


def forging_now(artefact: Path, _device: str) -> Good:
    """Speak for the process while it loads."""
    speak(artefact.read_bytes())
    time.sleep(60)
    return Good()


def early(artefact: Path, _device: str) -> Good:
    """Load well, and leave an answer to a question that nobody has asked yet."""
    import threading

    threading.Timer(0.0, speak, [artefact.read_bytes()]).start()
    return Good()


def script(artefact: Path, _device: str) -> Good:
    """Run the artefact as Python; what it leaves in ``answer`` becomes the name of the model's input."""
    names: dict[str, Any] = {"artefact": artefact}
    exec(artefact.read_text(), names)
    return Good(str(names.get("answer", "done")))


def segfault(_artefact: Path, _device: str) -> Good:
    """Read address 0."""
    ctypes.string_at(0)
    return Good()


def aborting(_artefact: Path, _device: str) -> Good:
    """Abort with last words, as C++ frameworks do."""
    os.write(2, b"\x1b]0;pwned\x07terminate called: tensor \x9b31mis broken\n\n")
    os.abort()


def explains(_artefact: Path, _device: str) -> Good:
    """Print for long, then a traceback as frameworks do, and abort."""
    os.write(2, b"".join(b"noise %d\n" % number for number in range(100)))
    os.write(2, b'Fatal: in kernel\n  File "layer.py", line 7, in \x1b[31mcall\nCheck failed: rank\n')
    os.abort()


def exits_well(_artefact: Path, _device: str) -> Good:
    """Leave as if all were done."""
    os._exit(0)


def exits_badly(_artefact: Path, _device: str) -> Good:
    """Leave with a status."""
    os._exit(3)


def asks_to_exit(_artefact: Path, _device: str) -> Good:
    """Ask Python to exit."""
    sys.exit("bye")


def loops(_artefact: Path, _device: str) -> Good:
    """Never return, and never let Python handle a signal."""
    libc = ctypes.PyDLL(None)
    while True:
        libc.usleep(1_000_000)


def closes_everything(_artefact: Path, _device: str) -> Good:
    """Close every descriptor and stay."""
    os.closerange(0, 256)
    time.sleep(60)
    return Good()


def devours(_artefact: Path, _device: str) -> Good:
    """Allocate far beyond any limit, and use it."""
    hoard = []
    while True:
        hoard.append(bytearray(64 * MIB))


def devours_natively(_artefact: Path, _device: str) -> Good:
    """Abort as C++ does when an allocation fails."""
    os.write(
        2, b"terminate called after throwing an instance of 'std::bad_alloc'\n  what():  std::bad_alloc\n"
    )
    os.abort()


def floods(_artefact: Path, _device: str) -> Good:
    """Print 100 MB before it loads."""
    chunk = b"x" * 99 + b"\n"
    for _ in range(100):
        os.write(2, chunk * 10_000)
    return Good()


def floods_for_ever(_artefact: Path, _device: str) -> Good:
    """Print and never stop."""
    while True:
        os.write(1, b"y\n" * 10_000)


def hoards_files(_artefact: Path, _device: str) -> Good:
    """Fill the scratch folder with files that are each small enough."""
    for number in range(100_000):
        Path(f"{number}").write_bytes(b"x" * MIB)
        time.sleep(0.01)
    return Good()


def nests(_artefact: Path, _device: str) -> Good:
    """Leave a tree that breaks a naive clean-up: too deep for a stack, too long for a path, closed to its owner."""
    for _ in range(3000):
        os.mkdir("d" * 100, 0o700)  # noqa: PTH102 - paths relative to a deep folder
        os.chdir("d" * 100)
    os.mkdir("closed", 0o000)  # noqa: PTH102 - the same
    return Good()
