"""A change of settings that would make data fit a model: for a person to judge and write down, never applied.

Owns how it is told, in a sentence and as lines for model.toml. Framework-free and numpy-free: the process that found it
says it in these terms, and the engine writes it out.
"""

import re
from typing import Final

import msgspec

from storage.errors import OWN_SETTINGS, JobError
from storage.settings import Preprocess

BYTE_SCALE: Final = 1 / 255

COLOURS: Final = 3

DTYPE: Final = re.compile(r"(bfloat|float|u?int)\d{1,2}|bool|")
LAYOUTS: Final = frozenset({"", "NHWC", "NCHW"})


class Proposal(msgspec.Struct, frozen=True):
    """What ``[preprocess]`` would have to be."""

    preprocess: Preprocess
    from_bytes: bool = False
    """Whether numbers from 0 to 255 become floats: only who trained the model knows whether it took them like that."""

    @property
    def plausible(self) -> bool:
        """Whether it says nothing that settings could not hold: a model process may claim anything."""
        return DTYPE.fullmatch(self.preprocess.dtype) is not None and self.preprocess.layout in LAYOUTS

    def sentence(self, now: Preprocess) -> str:
        """Return it as a hint, where the settings are ``now``."""
        pairs = ", ".join(self._pairs())
        if now == Preprocess():
            line = f"Put this line at the top of {OWN_SETTINGS}: preprocess = {{ {pairs} }}"
        else:
            line = f"Change [preprocess] in {OWN_SETTINGS} to: {pairs}"
        if self.from_bytes:
            line += f" (and scale = {BYTE_SCALE!r} where it was trained on 0 to 1)"
        return line

    def lines(self) -> str:
        """Return the whole table for model.toml."""
        lines = ["[preprocess]", *self._pairs()]
        if self.from_bytes:
            lines.append(f"# scale = {BYTE_SCALE!r}   # where it was trained on 0 to 1")
        reshape = self.preprocess.reshape
        if len(reshape) == COLOURS and COLOURS in {reshape[0], reshape[-1]}:
            lines.append(
                "# where the colours of a pixel stand together the last number is 3, else the first one is"
            )
        return "\n".join(lines)

    def _pairs(self) -> list[str]:
        said = msgspec.to_builtins(self.preprocess)
        return [
            f"{key} = {_toml(value)}" for key, value in said.items() if value not in ("", None, [], (), False)
        ]


class MismatchError(JobError):
    """Data do not fit a model; ``proposal`` would change that."""

    def __init__(self, message: str, hint: str, proposal: Proposal | None) -> None:
        super().__init__(message, hint)
        self.proposal = proposal


def _toml(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (list, tuple)):
        return f"[{', '.join(map(_toml, value))}]"
    return f'"{value}"' if isinstance(value, str) else repr(value)
