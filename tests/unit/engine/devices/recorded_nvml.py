"""A recorded fixture, not hardware: what NVML's documentation says an H100 and a small card answer.

Written by hand from the NVML API reference (units: utilisation in percent, memory in bytes, power in
milliwatts, clocks in MHz) in the shape of the ``pynvml`` module. The errors and constants are pynvml's own.
"""

from threading import Event
from types import SimpleNamespace
from typing import Any, NoReturn

import pynvml

GIB = 1 << 30


class Card:
    """One GPU, or an instance of one: what it answers, or which error it gives, to each question."""

    def __init__(self, name: str, uuid: str, *, total: int) -> None:
        self.parts: list[Card] = []
        """The instances that it is divided into."""
        self.listeners: list[list[int]] = []
        """Sets of events that its errors are put into."""
        self.answers: dict[str, Any] = {
            "nvmlDeviceGetName": name,
            "nvmlDeviceGetUUID": uuid,
            "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=total, used=total // 4, free=total - total // 4),
            "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=81, memory=40),
            "nvmlDeviceGetTemperature": 67,
            "nvmlDeviceGetPowerUsage": 412_500,
            "nvmlDeviceGetEnforcedPowerLimit": 700_000,
            "nvmlDeviceGetClockInfo": 1755,
            "nvmlDeviceGetMaxClockInfo": 1980,
            "nvmlDeviceGetCurrentClocksThrottleReasons": 0,
            "nvmlDeviceGetTotalEccErrors": 0,
            "nvmlDeviceGetMigMode": [0, 0],
            "nvmlDeviceGetMaxMigDeviceCount": 7,
            "nvmlDeviceGetComputeRunningProcesses": [],
            "nvmlDeviceGetGraphicsRunningProcesses": [],
            "nvmlDeviceGetProcessUtilization": [],
            "nvmlDeviceGetSupportedEventTypes": pynvml.nvmlEventTypeXidCriticalError,
            "nvmlDeviceRegisterEvents": None,
        }

    def report(self, *xids: int) -> None:
        """Have the driver report errors, to whoever listens by now: NVML documents that none is kept for later."""
        for events in self.listeners:
            events.extend(xids)

    def fail(self, error: int, *questions: str) -> None:
        """Let the questions, or all of them, end with one of NVML's errors."""
        for question in questions or list(self.answers):
            self.answers[question] = pynvml.NVMLError(error)

    def divide(self, number: int) -> None:
        """Divide it into instances of 10 GiB each (MIG)."""
        self.answers["nvmlDeviceGetMigMode"] = [1, 1]
        name = f"{self.answers['nvmlDeviceGetName']} MIG 1g.10gb"
        self.parts = [
            Card(name, f"MIG-{part}1111111-aaaa-bbbb-cccc-000000000000", total=10 * GIB)
            for part in range(number)
        ]


class RecordedNvml:
    """Stands in for the module ``pynvml`` with the given cards."""

    def __init__(self) -> None:
        self.cards = [
            Card("NVIDIA H100 80GB HBM3", "GPU-11111111-aaaa-bbbb-cccc-000000000001", total=80 * GIB),
            Card("NVIDIA T400 4GB", "GPU-22222222-aaaa-bbbb-cccc-000000000002", total=4 * GIB),
        ]
        self.going = Event()
        """Cleared while the driver hangs."""
        self.going.set()
        self.initialisation: pynvml.NVMLError | None = None
        self.sets: list[list[int]] = []
        """Sets of events that may be asked."""
        self.opened = 0

    def nvmlInit(self) -> None:  # noqa: N802 - NVML's name
        """Open the library."""
        self.going.wait()
        if self.initialisation is not None:
            raise self.initialisation
        self.opened += 1

    def nvmlShutdown(self) -> None:  # noqa: N802 - NVML's name
        """Close the library, and with it what belonged to this opening."""
        self.opened -= 1
        self.sets = []
        for card in self.cards:
            card.listeners = []

    def nvmlDeviceGetCount(self) -> int:  # noqa: N802 - NVML's name
        """Return how many cards there are."""
        self.going.wait()
        return len(self.cards)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Card:  # noqa: N802 - NVML's name
        """Return a card."""
        return self.cards[index]

    def nvmlDeviceGetMigDeviceHandleByIndex(self, card: Card, index: int) -> Card:  # noqa: N802 - NVML's name
        """Return an instance of a card; places that hold none are an error."""
        if index >= len(card.parts):
            raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_FOUND)
        return card.parts[index]

    def nvmlEventSetCreate(self) -> list[int]:  # noqa: N802 - NVML's name
        """Return a set that no card reports to yet."""
        self.sets.append([])
        return self.sets[-1]

    def nvmlDeviceRegisterEvents(self, card: Card, kinds: int, events: list[int]) -> None:  # noqa: N802 - NVML's name
        """Have a card report to a set."""
        assert kinds == pynvml.nvmlEventTypeXidCriticalError
        answer = card.answers["nvmlDeviceRegisterEvents"]
        if isinstance(answer, Exception):
            raise answer
        card.listeners.append(events)

    def nvmlEventSetWait_v2(self, events: list[int], timeout_ms: int) -> SimpleNamespace:  # noqa: N802 - NVML's name
        """Return the next event; that none came in time is an error, as NVML documents it."""
        assert any(events is one for one in self.sets), (
            "a set of an earlier opening, or one that was given back"
        )
        assert timeout_ms == 0, "a reading does not wait"
        if not events:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_TIMEOUT)
        return SimpleNamespace(eventType=pynvml.nvmlEventTypeXidCriticalError, eventData=events.pop(0))

    def nvmlEventSetFree(self, events: list[int]) -> None:  # noqa: N802 - NVML's name
        """Take a set back."""
        self.sets = [one for one in self.sets if one is not events]

    def nvmlSystemGetDriverVersion(self) -> str:  # noqa: N802 - NVML's name
        """Return the driver's version."""
        return "570.86.15"

    def nvmlSystemGetCudaDriverVersion_v2(self) -> int:  # noqa: N802 - NVML's name
        """Return the newest version of CUDA that the driver runs."""
        return 12080

    def __getattr__(self, name: str) -> Any:
        known = getattr(pynvml, name)
        if not callable(known) or isinstance(known, type):
            return known  # a constant, or an error's class

        def ask(card: Card, *_details: Any) -> Any:
            answer = card.answers[name]
            return _raise(answer) if isinstance(answer, Exception) else answer

        return ask


def _raise(error: Exception) -> NoReturn:
    raise error
