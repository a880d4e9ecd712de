"""The sandbox: which of its walls this machine can build around a model process, tried out in a process of its own."""

import subprocess

from engine.doctor.report import Check, fine, problem, warning
from engine.processes import lockdown
from engine.processes.environment import SANDBOX_OFF
from engine.processes.protocol import Confined
from storage.text import clean
from storage.vocabulary import Layer, LayerState

REMEDY = "Use Linux 6.2 or newer; in a container, allow Landlock and seccomp in its security profile."


def probe() -> tuple[Confined, str]:
    """Return which walls stood, and why the trial itself failed, if it did."""
    try:
        return lockdown.probe(), ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return Confined(layers=dict.fromkeys(Layer, LayerState.UNAVAILABLE), notes={}), clean(str(error), 200)


def check(confined: Confined, failure: str, *, required: bool) -> Check:
    """Return whether models can be confined; ``required`` says that none is opened otherwise."""
    if failure:
        return problem(
            "sandbox", f"it could not be tried: {failure}", "Look whether this user may start processes."
        )
    words = lockdown.isolation(confined.layers)
    notes = "".join(
        _note(layer, state, confined.notes.get(layer, "")) for layer, state in confined.layers.items()
    )
    missing = [state for state in confined.layers.values() if state is not LayerState.ON]
    if not missing:
        return fine("sandbox", f"{words}{notes}")
    fix = f"unset {SANDBOX_OFF}" if LayerState.OFF in missing else REMEDY
    if required:
        return problem("sandbox", f"{words}{notes}; no model is loaded, as require_sandbox says", fix)
    return warning("sandbox", f"{words}{notes}", fix)


def _note(layer: Layer, state: LayerState, note: str) -> str:
    """Say why a wall does not stand, or what weakens one that does."""
    if state is LayerState.ON:
        return f"; {layer}: {clean(note)}" if note else ""
    return f"; {layer} {state}: {clean(note) or 'no reason is known'}"
