"""Which runtimes can use a kind of device here, and for each other why not and what helps.

Owns the question for all families: whether a runtime's loader knows the kind, whether its framework is installed and
built for it, and whether this process may open the device's nodes. What a build can do is for each kind's judges,
who look at a distribution without importing it.
"""

import getpass
import os
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import Distribution
from pathlib import Path
from typing import NamedTuple

from engine.devices import support
from engine.protocols import RuntimeSpec
from engine.runtimes import RUNTIMES
from storage.device_details import Obstacle
from storage.text import clean

NOT_INSTALLED = "not installed"
"""How the reason ends where a framework is missing."""


class Verdict(NamedTuple):
    """Why something cannot be used, and the command that helps, where one does."""

    reason: str
    remedy: str = ""


Judge = Callable[[Distribution], Verdict | None]
"""Returns why a build of a framework cannot use a kind of device, or ``None`` where it can."""


class Use(NamedTuple):
    """What can be done with a device."""

    usable_by: tuple[str, ...]
    obstacles: tuple[Obstacle, ...]


def use(
    kind: str,
    judges: Mapping[str, Judge],
    *,
    nodes: Iterable[Path] = (),
    specs: Iterable[RuntimeSpec] | None = None,
) -> Use:
    """Return which runtimes can use devices of a kind (``cuda``, ``npu``, ...) that are opened through ``nodes``."""
    closed = next((found for node in nodes if (found := access(node))), None)
    usable: list[str] = []
    obstacles: list[Obstacle] = []
    for spec in RUNTIMES if specs is None else specs:
        verdict = _verdict(spec, kind, judges) or closed
        if verdict is None:
            usable.append(spec.name)
        else:
            obstacles.append(Obstacle(spec.name, *verdict))
    return Use(tuple(usable), tuple(obstacles))


def _verdict(spec: RuntimeSpec, kind: str, judges: Mapping[str, Judge]) -> Verdict | None:
    if kind not in (*spec.accelerators, "cpu"):
        return Verdict(f"its models are run on {' and '.join(('cpu', *spec.accelerators))} only")
    found = support.installed(spec)
    missing = [name for name in spec.distributions if name not in found]
    if missing:
        words = f"{' and '.join(missing)} {NOT_INSTALLED}"
        return Verdict(words, f"pip install 'modeltender[{spec.extra}]'")
    if kind == "cpu":
        return None
    judge = judges.get(spec.distributions[0])
    return judge(found[spec.distributions[0]]) if judge else None


def access(node: Path) -> Verdict | None:
    """Return why this process cannot open a device's node: a container that lacks it, or missing rights."""
    if not node.exists():
        return Verdict(
            f"{node} is not here, so this container or machine hides the device",
            f"docker run --device {node} ...",
        )
    if os.access(node, os.R_OK | os.W_OK):
        return None
    return Verdict(
        f"this user may not open {node}", f"sudo usermod -aG {_group(node)} {_user()}, and log in again"
    )


def _group(node: Path) -> str:
    try:
        return clean(node.group(), 40)
    except (OSError, KeyError):  # gone meanwhile, or a group without a name
        return "render"


def _user() -> str:
    try:
        return clean(getpass.getuser(), 40)
    except (OSError, KeyError):  # a container's user without a name
        return "$USER"
