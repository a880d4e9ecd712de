"""What a pickle would import if somebody opened it, found without opening it.

Owns the walk over a pickle's opcodes with its stack and memo. It must not import `pickle`, and its answer
explains a refusal; it never allows anything, because lists of bad names are bypassed again and again.
"""

import io
import pickletools
import sys
from collections.abc import Iterator
from typing import Any

MAXIMUM_PICKLE = 1024 * 1024
"""Bytes that are walked: the names stand near the start, and a walk costs about 1 µs a byte."""

UNRESOLVED = "a name that it computes"

HARMLESS = frozenset({"collections", "copyreg", "datetime", "decimal", "fractions", "pathlib", "uuid"})
"""Modules of the standard library whose names appear in honest pickles."""

HARMLESS_NAMES = frozenset(
    f"{module}.{name}"
    for module in ("builtins", "__builtin__")
    for name in ("set", "frozenset", "list", "dict", "tuple", "bytearray", "complex", "slice", "object")
)
"""Containers that old protocols spell as imports."""

STANDARD = frozenset(sys.stdlib_module_names | {"__builtin__", "posix", "nt", "commands"})
"""Where the names that run programs live; Python 2's names for them included."""

MAKERS = (
    "sklearn.",
    "scipy.",
    "numpy.random.",
    "numpy.ma.",
    "pandas.",
    "xgboost.",
    "lightgbm.",
    "catboost.",
    "joblib.",
    "__main__.",
)
"""Whose pickles people take for models; these are said to run code in a milder sentence."""

TORCH_MODULES = ("torch.nn.", "torch.ao.", "torch.quantization.", "torch.storage.", "torch.jit._script.")
"""Where the classes of a pickled torch module live."""

WEIGHTS = (
    "collections.OrderedDict",
    "torch._utils._rebuild_",
    "torch._tensor._rebuild_",
    "torch.serialization._get_layout",
    "torch.Size",
    "torch.device",
    "numpy._core.multiarray.",
    "numpy.core.multiarray.",
    "numpy.dtype",
    "numpy.ndarray",
    "_codecs.encode",
)
"""Beginnings of the names that a file of weights needs, besides torch's storages and dtypes."""


def named(data: bytes) -> tuple[str, ...]:
    """Return every ``module.name`` that the pickle at the start of ``data`` would import, in order.

    A damaged pickle gives the names up to the damage.
    """
    names: dict[str, None] = {}
    try:
        for name in _walk(data[:MAXIMUM_PICKLE]):
            names[name] = None
    except (ValueError, IndexError, KeyError, TypeError, OverflowError):
        # The end of a pickle that is cut or damaged: what it named until there is what there is to say.
        return tuple(names)
    return tuple(names)


def is_weights(names: tuple[str, ...]) -> bool:
    """Return whether a pickle with these names holds tensors and nothing else."""
    return bool(names) and all(name.startswith(WEIGHTS) or _is_storage(name) for name in names)


def dangerous(names: tuple[str, ...]) -> str | None:
    """Return the first name that no honest model needs, or ``None``."""
    return next((name for name in names if name == UNRESOLVED or _is_dangerous(name)), None)


def unneeded(names: tuple[str, ...]) -> str | None:
    """Return the first name that neither tensors nor plain values need, or ``None``: what is to be opened has no other."""
    return next((name for name in names if not (_is_known(name) or _is_storage(name))), None)


def _is_known(name: str) -> bool:
    return name.startswith(WEIGHTS) or name.split(".", 1)[0] in HARMLESS or name in HARMLESS_NAMES


def _is_dangerous(name: str) -> bool:
    """Whether a name runs programs: one of Python's own, or a function of a package that makes no models."""
    root, _, path = name.partition(".")
    if _is_known(name) or _is_storage(name):
        return False
    if root in STANDARD:
        return True
    # Classes begin with a capital letter, and honest pickles name hardly anything else of a package.
    is_function = path.rpartition(".")[2].lstrip("_")[:1].islower()
    return is_function and not name.startswith((*MAKERS, *TORCH_MODULES))


def _is_storage(name: str) -> bool:
    module, _, last = name.rpartition(".")
    return module in {"torch", "torch.storage"} and (last.endswith("Storage") or last.islower())


def _walk(data: bytes) -> Iterator[str]:
    """Yield the imports of one pickle, following its stack and memo as far as strings go."""
    stack: list[object] = []
    memo: dict[object, object] = {}
    for opcode, argument, _ in pickletools.genops(io.BytesIO(data)):
        if opcode.name in {"PUT", "BINPUT", "LONG_BINPUT", "MEMOIZE"}:
            memo[len(memo) if opcode.name == "MEMOIZE" else argument] = stack[-1]
            continue
        taken = _take(stack, opcode)
        if opcode.name in {"GLOBAL", "INST"}:
            yield ".".join(str(argument).split(" ", 1))
        elif opcode.name == "STACK_GLOBAL":
            yield ".".join(taken) if all(isinstance(part, str) for part in taken) else UNRESOLVED
        stack.extend(_left(opcode, argument, memo))


def _take(stack: list[object], opcode: pickletools.OpcodeInfo) -> list[Any]:
    """Pop what the opcode consumes and return it; memo opcodes look at the top and leave it."""
    before = opcode.stack_before
    mark = pickletools.markobject
    if mark in before or (opcode.name == "POP" and stack and stack[-1] is mark):
        while stack.pop() is not mark:
            pass
        count = before.index(mark) if mark in before else 0
    else:
        count = len(before)
    if count > len(stack):
        raise IndexError("the pickle's stack is empty")
    taken = stack[len(stack) - count :]
    del stack[len(stack) - count :]
    return taken


def _left(opcode: pickletools.OpcodeInfo, argument: object, memo: dict[object, object]) -> list[object]:
    """Return what the opcode leaves on the stack: strings and marks as they are, the rest as ``None``."""
    if opcode.name in {"GET", "BINGET", "LONG_BINGET"}:
        return [memo[argument]]
    if isinstance(argument, str) and len(opcode.stack_after) == 1 and opcode.name not in {"GLOBAL", "INST"}:
        return [argument]
    return [kind if kind is pickletools.markobject else None for kind in opcode.stack_after]
