"""NVML as it answered on a real machine: recordings made by tests/devices/record_nvml.py, played again.

``recordings/h200.json`` was recorded on a real NVIDIA H200 with driver 580.159.04, at rest, while torch multiplied
matrices on it, and afterwards.
"""

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml

RECORDINGS = Path(__file__).with_name("recordings")

AT_REST, AT_WORK, AFTER_WORK = "at rest", "at work", "after work"

VARYING = {"nvmlDeviceGetProcessUtilization"}
"""Questions whose arguments are of the moment at which they are put."""

LATER = {"nvmlDeviceGetSupportedEventTypes"}
"""Questions that are put only since the recordings were made: answered as by a driver that does not know them."""


class ReplayedNvml:
    """Stands in for the module ``pynvml``; a question that was not recorded fails the test that puts it."""

    def __init__(self, name: str) -> None:
        self.recording: dict[str, Any] = json.loads((RECORDINGS / name).read_text())
        self._answers: dict[tuple[Any, ...], dict[str, Any]] = {}
        self.go_to(AT_REST)

    def go_to(self, state: str, number: int = 0) -> None:
        """Answer from now on as at the given moment of a state."""
        moments = [one for one in self.recording["moments"] if one["state"] == state]
        self._answers = {
            (one["function"], one["card"], *map(_value, self._arguments(one))): one
            for one in moments[number]["answers"]
        }

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        """Open the library."""

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's name
        """Close the library."""

    def nvmlDeviceGetHandleByIndex(self, index: int) -> "_Handle":  # noqa: N802 - NVML's name
        """Return a card."""
        return _Handle(index)

    def __getattr__(self, name: str) -> Any:
        known = getattr(pynvml, name)
        return self._asks(name) if callable(known) and not isinstance(known, type) else known

    def _asks(self, name: str) -> Callable[..., Any]:
        def ask(*arguments: Any) -> Any:
            card = arguments[0].index if arguments and isinstance(arguments[0], _Handle) else None
            if name in LATER:
                raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)
            rest = () if name in VARYING else arguments[card is not None :]
            found = self._answers[name, card, *rest]
            if "error" in found:
                raise pynvml.NVMLError(found["error"])
            return _structure(found["answer"])

        return ask

    @staticmethod
    def _arguments(asked: dict[str, Any]) -> list[Any]:
        return [] if asked["function"] in VARYING else asked["arguments"]


class _Handle:
    def __init__(self, index: int) -> None:
        self.index = index


def _value(argument: Any) -> Any:
    return getattr(pynvml, argument) if isinstance(argument, str) else argument


def _structure(answer: Any) -> Any:
    """Return an answer in the shape of the binding: fields by their names."""
    if isinstance(answer, dict):
        return SimpleNamespace(**answer)
    if isinstance(answer, list):
        return [_structure(one) for one in answer]
    return answer
