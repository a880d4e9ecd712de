"""Files that attack whoever opens them as models, each in one known way, with a payload that does no harm.

One module for each family of attack, and the list of them all. What would be an intruder's code creates an empty file,
the canary, and nothing else; a canary that exists after a test says that the attack went through. Nothing here opens
what it writes, and nothing is put into a sample workspace.
"""

from pathlib import Path

from sample_models.hostile import (
    archives,
    graphs,
    keras_files,
    litert_files,
    onnx_files,
    pickles,
    texts,
    torch_files,
)
from sample_models.hostile.attack import Attack, Stop

__all__ = ["ATTACKS", "Attack", "Stop", "write_all"]

ATTACKS: tuple[Attack, ...] = tuple(
    sorted(
        (
            attack
            for family in (
                pickles,
                torch_files,
                keras_files,
                graphs,
                onnx_files,
                litert_files,
                archives,
                texts,
            )
            for attack in family.ATTACKS
        ),
        key=lambda attack: attack.row,
    )
)
"""Every attack, in the order of the table of threats."""


def write_all(folder: Path, canary: Path) -> tuple[Path, ...]:
    """Write every attack into a folder of its own below ``folder``, aimed at ``canary``."""
    written = []
    for number, attack in enumerate(ATTACKS):
        home = folder / str(number)
        home.mkdir(parents=True)
        written.append(attack.write(home / attack.name, canary))
    return tuple(written)
