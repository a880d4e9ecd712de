"""The account that a process gives of its own confinement: which walls stand, and why one does not.

Gathering only: it builds nothing, and a mechanism that a kernel lacks is an entry here, never an error.
"""

from collections.abc import Callable

from engine.processes.environment import SANDBOX_OFF
from storage.vocabulary import Layer, LayerState


class Report:
    """Gathers which walls stand, and why one does not."""

    def __init__(self, off: frozenset[Layer]) -> None:
        self.off = off
        self.layers = dict.fromkeys(Layer, LayerState.UNAVAILABLE)
        self.notes: dict[Layer, str] = {}
        for layer in off:
            self.layers[layer] = LayerState.OFF
            self.notes[layer] = f"switched off by {SANDBOX_OFF}"

    def wanted(self, layer: Layer) -> bool:
        """Whether the wall should be built."""
        return layer not in self.off

    def on(self, layer: Layer, note: str = "") -> None:
        """Record that a wall stands, with what weakens it, if anything."""
        self.layers[layer] = LayerState.ON
        if note:
            self.notes[layer] = note
        else:
            self.notes.pop(layer, None)

    def missing(self, layer: Layer, why: str) -> None:
        """Record why a wall does not stand, unless another mechanism already holds it."""
        if self.layers[layer] is LayerState.UNAVAILABLE:
            self.notes[layer] = why

    def attempt(self, layer: Layer, what: str, step: Callable[[], None]) -> bool:
        """Do one step of a wall; a kernel that refuses is an entry in the report, not an error."""
        try:
            step()
        except OSError as error:
            self.missing(layer, f"{what}: {error.strerror}")
            return False
        return True
