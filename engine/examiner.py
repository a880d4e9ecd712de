"""The thread that has strangers' files looked into, and keeps the process that does it.

It owns the order of the questions, the process' life, and what is said of a file that ends it. Nobody waits for a
thread of the engine here: who asks gets a promise and goes on.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Final, NamedTuple

from engine.processes.endings import CANCELLED, LOST, ModelProcessError
from engine.processes.examiner_process import ExaminerProcess, Suspect
from engine.processes.protocol import MAXIMUM_THINGS
from engine.repository.examine import Examined
from storage.text import NAME, clean

log = logging.getLogger(__name__)

FILES_TOGETHER: Final = 1000
"""Files of one question: their names fit into a message, however long they are."""

FIRST_RETRY_S: Final = 1.0
LAST_RETRY_S: Final = 60.0
"""An examiner that cannot be started (no memory, a full disk) is tried again after 1, 2, 4 ... 60 seconds."""

STOP_S: Final = 5.0


class Round(NamedTuple):
    """How something is asked about: nearly all is told in the first round, with others."""

    together: int
    deadline_s: float


ROUNDS: Final = (Round(MAXIMUM_THINGS, 2.0), Round(1, 2.0), Round(1, 60.0))
"""What ends the process is asked about again, alone, since it may have been a neighbour or the machine; and what takes
long last of all. An honest file takes milliseconds, a graph of a million nodes 8 s of a core: 60 s allow for a slow
disk and a busy machine."""

INTERRUPTIONS: Final = 3
"""So often the last round makes room for what is new, and begins again; then what is new waits, or it would never end.
So often, too, a host that was ended is held against nothing that was asked about: then it is that which ends it."""


class _Question:
    """A suspect, the promise to tell what it is, and how often that was tried."""

    def __init__(self, suspect: Suspect) -> None:
        self.suspect = suspect
        self.answer: Future[Examined] = Future()
        self.round = 0
        self.interrupted = 0

    def wanted(self) -> bool:
        """Whether anybody still waits; from here on the answer is promised."""
        return self.answer.running() or self.answer.set_running_or_notify_cancel()


class Examiner:
    """A part of the engine: answers what things are, out of a confined process that is started anew when it ends."""

    def __init__(
        self,
        open_: Callable[[tuple[Path, ...]], ExaminerProcess],
        folders: tuple[Path, ...],
        *,
        idle_s: float,
    ) -> None:
        """``open_`` starts a process that may read ``folders``; one without work for ``idle_s`` is let go."""
        self._open = open_
        self._folders = folders
        self._idle_s = idle_s
        self._rounds: tuple[deque[_Question], ...] = tuple(deque() for _ in ROUNDS)
        self._changed = threading.Condition()
        self._expected = True
        self._stopping = False
        self._process: ExaminerProcess | None = None
        self._sees: list[tuple[int, int]] = []
        self._retry_s = 0.0
        self._trouble = ""
        self._thread = threading.Thread(target=self._loop, name="examiner", daemon=True)

    @property
    def trouble(self) -> str:
        """Why nothing can be examined at the moment, or empty."""
        return self._trouble

    @property
    def process(self) -> ExaminerProcess | None:
        """The process, where one runs."""
        return self._process

    def start(self) -> None:
        """Begin, with a process at hand before the first file comes."""
        self._thread.start()

    def stop(self) -> None:
        """End, and return when ended; what is not answered yet never will be."""
        with self._changed:
            self._stopping = True
            self._changed.notify()
        process = self._process
        if process is not None:
            process.close()
        self._thread.join(STOP_S)

    def submit(self, suspect: Suspect) -> "Future[Examined]":
        """Return the promise to tell what ``suspect`` is; any thread may ask."""
        question = _Question(suspect)
        with self._changed:
            self._rounds[0].append(question)
            self._changed.notify()
        return question.answer

    def expect(self) -> None:
        """Have a process at hand: something is coming that will be asked about."""
        if self._process is None:
            with self._changed:
                self._expected = True
                self._changed.notify()

    def _loop(self) -> None:
        try:
            while self._await_work():
                self._work()
        finally:
            self._let_go()

    def _await_work(self) -> bool:
        """Return when there is something to do, and whether to go on."""
        with self._changed:
            if self._retry_s:
                self._changed.wait_for(lambda: self._stopping, self._retry_s)
            if not self._changed.wait_for(self._wanted, self._idle_s):
                self._let_go()
                self._changed.wait_for(self._wanted)
            self._expected = False
            return not self._stopping

    def _wanted(self) -> bool:
        return self._stopping or self._expected or any(self._rounds)

    def _work(self) -> None:
        """Ask about what is next, with a process that can be asked."""
        try:
            process = self._ready_process()
        except ModelProcessError as error:
            self._retry_s = min(max(2 * self._retry_s, FIRST_RETRY_S), LAST_RETRY_S)
            self._trouble = error.message
            log.warning("the examiner does not start: %s", error.message)
            return
        self._retry_s, self._trouble = 0.0, ""
        number, questions = self._take()
        if self._stopping or not questions:
            return
        patient = number < len(ROUNDS) - 1 or questions[0].interrupted >= INTERRUPTIONS
        try:
            found = process.examine(
                [question.suspect for question in questions],
                deadline_s=ROUNDS[number].deadline_s,
                cancelled=lambda: not patient and bool(self._rounds[0]),
            )
        except ModelProcessError as error:
            self._failed(questions, error)
            return
        for question, examined in zip(questions, found, strict=False):
            question.answer.set_result(examined)
        with self._changed:
            self._rounds[number].extendleft(reversed(questions[len(found) :]))

    def _ready_process(self) -> ExaminerProcess:
        """Return a process that lives and sees the folders as they are now, not as they were before they were replaced."""
        sees = [_identity(folder) for folder in self._folders]
        if self._process is None or not self._process.alive or sees != self._sees:
            self._let_go()
            self._process = self._open(self._folders)
            self._sees = sees
        return self._process

    def _take(self) -> tuple[int, list[_Question]]:
        """Return what is asked next, and in which round."""
        with self._changed:
            number = next((number for number, waiting in enumerate(self._rounds) if waiting), 0)
            waiting, taken, files = self._rounds[number], list[_Question](), 0
            while waiting and len(taken) < ROUNDS[number].together and files < FILES_TOGETHER:
                question = waiting.popleft()
                if question.wanted():
                    taken.append(question)
                    files += len(question.suspect.item.files)
            return number, taken

    def _failed(self, questions: Sequence[_Question], error: ModelProcessError) -> None:
        """Have those asked about again while there is doubt; of what ended the process alone, say so."""
        self._let_go()
        if self._stopping:
            return
        lost = error.code == LOST and questions[0].interrupted < INTERRUPTIONS
        if lost or error.code == CANCELLED:
            for question in questions:
                question.interrupted += 1
            with self._changed:
                self._rounds[-1].extend(questions)
            return
        log.warning("an examiner ended: %s", error.message)
        for question in questions:
            question.round += 1
            if question.round < len(ROUNDS):
                with self._changed:
                    self._rounds[question.round].append(question)
            else:
                question.answer.set_result(_harmful(question.suspect, error))

    def _let_go(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.close()


def _harmful(suspect: Suspect, error: ModelProcessError) -> Examined:
    words = error.message.removesuffix(".")
    reason = f"{clean(suspect.item.name, NAME)} cannot be examined: {words[:1].lower()}{words[1:]}"
    return Examined(reason=clean(reason), refused=True)


def _identity(folder: Path) -> tuple[int, int]:
    """Return what tells a folder from another one of the same path; walls stand around the folder, not the path."""
    try:
        status = folder.stat()
    except OSError:
        # Not there at the moment: nothing in it can be asked about either.
        return (0, 0)
    return status.st_dev, status.st_ino
