"""Errors of NVIDIA's driver (Xid) as NVML tells of them: exact, by card, and without rights on the kernel's log.

Owns listening. One set of events a card, asked with each reading and never waited for; events wait in it until then. What
happened before the engine listened is not told. What a number means is `storage.xids`'s.
"""

from contextlib import suppress
from typing import Any

import msgspec

from storage.device_details import DeviceDetails, DriverError
from storage.text import clean
from storage.xids import TOLD_S

MOST = 64
"""Events that one reading takes out: a card in trouble may make them faster than they are read."""

UNTOLD = "its driver tells NVML of none"


def deaf(nvml: Any, handle: Any) -> str:
    """Return why a card's errors cannot be heard of here, or nothing."""
    try:
        told = nvml.nvmlDeviceGetSupportedEventTypes(handle)
    except nvml.NVMLError as error:
        return f"NVML: {clean(str(error), 80)}"
    return "" if told & nvml.nvmlEventTypeXidCriticalError else UNTOLD


class Listener:
    """Hears of the errors of one card."""

    def __init__(self) -> None:
        self._events: Any = None
        self._opening = 0
        self._since = 0.0
        self._heard: dict[int, DriverError] = {}

    def told(self, nvml: Any, handle: Any, details: DeviceDetails, opening: int, now: float) -> DeviceDetails:
        """Return a card's details with what was heard; ``opening`` counts how often NVML was opened."""
        if details.deaf:
            return details
        if self._events is None or self._opening != opening:
            # A set of an earlier opening is gone with it, and must not be touched.
            try:
                self._events = _listening(nvml, handle)
            except nvml.NVMLError as error:
                self._events = None
                return msgspec.structs.replace(details, deaf=f"NVML: {clean(str(error), 80)}")
            self._opening, self._since = opening, now
        for number in self._waiting(nvml):
            before = self._heard.get(number)
            self._heard[number] = DriverError(number, (before.count if before else 0) + 1, now)
        self._heard = {number: one for number, one in self._heard.items() if one.at > now - TOLD_S}
        return msgspec.structs.replace(
            details, driver_errors=tuple(self._heard.values()), listening_since=self._since
        )

    def _waiting(self, nvml: Any) -> list[int]:
        found = []
        with suppress(nvml.NVMLError):
            # That none waits is an error of NVML's, too; a card that is lost has its note.
            for _ in range(MOST):
                event = nvml.nvmlEventSetWait_v2(self._events, 0)
                if event.eventType == nvml.nvmlEventTypeXidCriticalError:
                    found.append(int(event.eventData))
        return found

    def close(self, nvml: Any, opening: int) -> None:
        """Give the set back, where NVML was not closed since."""
        if self._events is not None and self._opening == opening:
            with suppress(nvml.NVMLError):  # nobody asks it any more
                nvml.nvmlEventSetFree(self._events)
        self._events = None


def _listening(nvml: Any, handle: Any) -> Any:
    events = nvml.nvmlEventSetCreate()
    try:
        nvml.nvmlDeviceRegisterEvents(handle, nvml.nvmlEventTypeXidCriticalError, events)
    except nvml.NVMLError:
        nvml.nvmlEventSetFree(events)
        raise
    return events
