"""A recorded fixture, not hardware: what NVML's documentation says an H100 and a small card answer.

Written by hand from the NVML API reference (units: utilisation in percent, memory in bytes, power in
milliwatts) in the shape of the ``pynvml`` module. The errors are pynvml's own classes.
"""

from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn

import pynvml

GIB = 1 << 30


class Card:
    """One GPU: what it answers, or which error it gives, to each question."""

    def __init__(self, name: str, uuid: str, *, total: int) -> None:
        self.answers: dict[str, Any] = {
            "nvmlDeviceGetName": name,
            "nvmlDeviceGetUUID": uuid,
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=total, used=total // 4, free=total - total // 4),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=81, memory=40),
            "nvmlDeviceGetTemperature": 67,
            "nvmlDeviceGetPowerUsage": 412_500,
        }

    def fail(self, error: int, *questions: str) -> None:
        """Let the questions, or all of them, end with one of NVML's errors."""
        for question in questions or list(self.answers):
            self.answers[question] = pynvml.NVMLError(error)


class RecordedNvml:
    """Stands in for the module ``pynvml`` with the given cards."""

    NVML_TEMPERATURE_GPU = pynvml.NVML_TEMPERATURE_GPU
    NVMLError = pynvml.NVMLError
    NVMLError_NotSupported = pynvml.NVMLError_NotSupported
    NVMLError_NoPermission = pynvml.NVMLError_NoPermission
    NVMLError_FunctionNotFound = pynvml.NVMLError_FunctionNotFound

    def __init__(self) -> None:
        self.cards = [
            Card("NVIDIA H100 80GB HBM3", "GPU-11111111-aaaa-bbbb-cccc-000000000001", total=80 * GIB),
            Card("NVIDIA T400 4GB", "GPU-22222222-aaaa-bbbb-cccc-000000000002", total=4 * GIB),
        ]
        self.going = Event()
        """Cleared while the driver hangs."""
        self.going.set()
        self.initialisation: pynvml.NVMLError | None = None
        self.opened = 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        """Open the library."""
        self.going.wait()
        if self.initialisation is not None:
            raise self.initialisation
        self.opened += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's name
        """Close the library."""
        self.opened -= 1

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVML's name
        """Return how many cards there are."""
        self.going.wait()
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:  # noqa: N802 - NVML's name
        """Return a card."""
        return self.cards[index]

    def __getattr__(self, question: str) -> Any:
        def ask(card: Card, *_details: Any) -> Any:
            answer = card.answers[question]
            return _raise(answer) if isinstance(answer, Exception) else answer

        return ask


def _raise(error: Exception) -> NoReturn:
    raise error
