"""What was asked about things in the folders, and which answers are there.

Owns the patience of a pass: an answer that is a moment away is waited for, one that takes longer is left to a later
pass. It must not know who answers.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYetError
from typing import Final, NamedTuple, Protocol

import msgspec

from engine.processes.examiner_process import Suspect
from engine.repository.examine import Examined
from engine.repository.settle import Key
from storage.text import NAME, clean

PATIENCE_S: Final = 0.25
"""How long the answers of one pass are waited for in all: a hundred times what one takes, and no stall of the engine."""


class Examines(Protocol):
    """Who tells what things are."""

    @property
    def trouble(self) -> str:
        """Why nothing can be examined at the moment, or empty."""
        ...

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Return the promise to tell what ``suspect`` is."""
        ...

    def expect(self) -> None:
        """Be prepared: something is coming that will be asked about."""
        ...


class _Asked(NamedTuple):
    suspect: Suspect
    answer: "Future[Examined]"


class Examinations:
    """The questions about the things of one kind."""

    def __init__(self, examiner: Examines, late: Callable[[], None]) -> None:
        """``late`` is called when an answer comes that a pass did not wait for."""
        self._examiner = examiner
        self._late = late
        self._asked: dict[Key, _Asked] = {}
        self._late_ones: set[Future[Examined]] = set()
        self._left_s = PATIENCE_S

    def ask(self, suspects: Mapping[Key, Suspect]) -> None:
        """Have these looked into, and forget all others; what is unchanged since it was asked about is not asked again."""
        self._left_s = PATIENCE_S
        for key, asked in self._asked.items():
            if key not in suspects:
                asked.answer.cancel()
        self._asked = {key: self._ask(key, suspect) for key, suspect in suspects.items()}
        self._late_ones &= {asked.answer for asked in self._asked.values()}

    def answer(self, key: Key) -> tuple[Suspect, Examined] | None:
        """Return what was asked about and what it is, or ``None`` where that takes longer than a pass should."""
        suspect, answer = self._asked[key]
        began = time.monotonic()
        try:
            return suspect, _with_files(answer.result(self._left_s), suspect)
        except NotYetError:
            if answer not in self._late_ones:
                self._late_ones.add(answer)
                answer.add_done_callback(lambda _answer: self._late())
            return None
        finally:
            self._left_s = max(self._left_s - (time.monotonic() - began), 0.0)

    def _ask(self, key: Key, suspect: Suspect) -> _Asked:
        before = self._asked.get(key)
        if before is not None:
            if before.suspect.item.stamp == suspect.item.stamp:
                return before
            before.answer.cancel()
        if suspect.item.problem:
            answer: Future[Examined] = Future()
            answer.set_result(Examined(reason=f"{clean(suspect.item.name, NAME)} {suspect.item.problem}"))
            return _Asked(suspect, answer)
        return _Asked(suspect, self._examiner.submit(suspect))


def _with_files(examined: Examined, suspect: Suspect) -> Examined:
    """Return what was refused with everything that was listed of it, where the examiner could not say which files it was."""
    if not examined.refused or examined.files:
        return examined
    return msgspec.structs.replace(examined, files=suspect.item.files)
