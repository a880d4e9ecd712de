"""NVIDIA's management library: one connection for the process, every question with a deadline.

Owns when the library is opened, and again after it broke. It must not know what is asked.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from engine.devices.deadline import Driver, NoAnswerError
from storage.text import clean

Answer = TypeVar("Answer")

SILENT = "the NVIDIA driver does not answer"

NO_BINDING = "its usage is not exposed: pip install 'modeltender[nvidia]'"


class NvmlError(Exception):
    """NVML cannot tell, in words for a person."""


class Session:
    """One connection to NVML, opened when first needed and again after it broke."""

    def __init__(self) -> None:
        self._driver = Driver()
        self._nvml: Any = None
        self.opening = 0
        """How often the library was opened: what belonged to an earlier opening is gone."""

    def ask(self, question: Callable[[Any], Answer], within_s: float) -> Answer:
        """Return the answer to a question that gets the opened NVML module.

        Raises:
            NvmlError: NVML is not there, does not answer in time, or answers with an error.
        """
        try:
            return self._driver.ask(lambda: self._put(question), within_s)
        except NoAnswerError:
            raise NvmlError(SILENT) from None
        except ImportError:
            raise NvmlError(NO_BINDING) from None

    def _put(self, question: Callable[[Any], Answer]) -> Answer:
        import pynvml

        try:
            if self._nvml is None:
                pynvml.nvmlInit()
                self._nvml = pynvml
                self.opening += 1
            return question(pynvml)
        except pynvml.NVMLError as error:
            self._break()
            raise NvmlError(f"NVML: {clean(str(error), 120)}") from None

    def _break(self) -> None:
        """After an error the next question opens NVML anew, which is how a reloaded driver comes back."""
        if self._nvml is not None:
            with suppress(self._nvml.NVMLError):  # the library may be beyond a proper farewell
                self._nvml.nvmlShutdown()
            self._nvml = None


def exposed(nvml: Any, read: Callable[[], Answer]) -> Answer | None:
    """Return a reading, or ``None`` where this card, driver or user does not get it; real trouble passes."""
    try:
        return read()
    except (
        nvml.NVMLError_NotSupported,
        nvml.NVMLError_NoPermission,
        nvml.NVMLError_FunctionNotFound,
        # No samples or no instances: there is nothing to tell at this moment.
        nvml.NVMLError_NotFound,
    ):
        return None


def optional(nvml: Any, read: Callable[[], Answer]) -> Answer | None:
    """Return what a card tells besides its main figures, or ``None`` whatever the error: they tell if it is in trouble."""
    try:
        return read()
    except nvml.NVMLError:
        return None


def text(value: str | bytes) -> str:
    """NVML's Python binding gave bytes until version 11.5."""
    return value.decode(errors="replace") if isinstance(value, bytes) else value
