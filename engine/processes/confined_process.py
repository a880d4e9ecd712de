"""A confined process that answers questions, as the rest of the engine uses it.

It owns a process from its fork to its end: deadlines, cancelling, limits that the kernel does not keep, and
the judgement of every answer. A process runs only while it is asked something and is stopped in between, so
that an idle one can neither burn the machine nor disturb another one's measurement. Any failure but an
honest "that did not work" ends the process.
"""

import contextlib
import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeVar

import msgspec

from engine.processes import answers, endings, last_words, memory_killer, room, scratch
from engine.processes.conversation import Conversation, DeafError, GoneError
from engine.processes.endings import Activity, ModelProcessError
from engine.processes.framework_host import FrameworkHost
from engine.processes.host_messages import Profile
from engine.processes.lockdown import isolation
from engine.processes.memory_killer import Victim
from engine.processes.oversight import Oversight
from engine.processes.protocol import Confined, Failed, Progress
from engine.processes.wire import NonsenseError
from engine.training.requests import EpochDone
from storage.records import Metric
from storage.vocabulary import Layer, LayerState

log = logging.getLogger(__name__)

AnswerT = TypeVar("AnswerT", bound=msgspec.Struct)

PROGRESS_S: Final = 0.05
"""Progress is passed on at most this often, however often a process tells."""


def never() -> bool:
    """Say that nobody cancels."""
    return False


def unheard(_done: int, _total: int) -> None:
    """Take progress that nobody wants to see."""


def ignored(_figure: Metric) -> None:
    """Take a figure that nobody wants to see."""


def unexpected(_done: EpochDone) -> None:
    """Take an epoch where nothing is trained.

    Raises:
        NonsenseError: always.
    """
    raise NonsenseError("an epoch of no training")


class Terms(NamedTuple):
    """How a question is asked: what for, for how long, and who listens meanwhile."""

    activity: Activity
    deadline_s: float
    cancelled: Callable[[], bool] = never
    on_progress: Callable[[int, int], None] = unheard
    data_bytes: int = 0
    """Of the files that the process maps to answer."""
    on_figure: Callable[[Metric], None] = ignored
    on_epoch: Callable[[EpochDone], None] = unexpected


class ConfinedProcess:
    """A process behind its walls, asked one thing at a time."""

    def __init__(
        self,
        host: FrameworkHost,
        pid: int,
        conversation: Conversation,
        profile: Profile,
        *,
        memory_bytes: int,
        on_closed: "Callable[[ConfinedProcess], None]",
    ) -> None:
        self.host: Final = host
        self.pid: Final = pid
        self._conversation = conversation
        self._profile = profile
        self._memory_bytes = memory_bytes
        self._on_closed = on_closed
        self._confined = Confined({}, {})
        self._talking = threading.Lock()
        self._closing = False
        self._closed = False
        self._kept_until_closed: list[Callable[[], None]] = []
        self._oversight = Oversight(pid, profile, memory_bytes=memory_bytes)
        self._killed_before = memory_killer.kills()

    @property
    def scratch(self) -> str:
        """The only folder that it may write."""
        return self._profile.scratch

    @property
    def readable(self) -> tuple[str, ...]:
        """The files and folders that it may read, beside the framework's own."""
        return self._profile.readable

    @property
    def layers(self) -> dict[Layer, LayerState]:
        """Which walls stand around the process."""
        return self._confined.layers

    @property
    def notes(self) -> dict[Layer, str]:
        """Why a wall does not stand, or what weakens one that does."""
        return self._confined.notes

    @property
    def isolation(self) -> str:
        """How well the process is confined, in a few words: ``full`` or ``partial: no network wall``."""
        return isolation(self._confined.layers)

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._conversation.alive

    def await_confined(self, *, deadline_s: float) -> None:
        """Hear the process' first word: which walls stand."""
        self._confined = self.ask(
            None, Confined, Terms(Activity.STARTING, deadline_s), lambda answer, _wall_s: answer
        )

    def rss_bytes(self) -> int | None:
        """Return the resident memory of the process, or ``None`` where it has ended."""
        return self._oversight.rss_bytes() if self.alive else None

    def peak_rss_bytes(self) -> int | None:
        """Return the most resident memory that the process ever had, or ``None`` where it has ended."""
        return self._oversight.peak_rss_bytes() if self.alive else None

    def own_bytes(self) -> int | None:
        """Return the resident memory that the process made itself, or ``None`` where it has ended."""
        return (self._oversight.own_bytes() or None) if self.alive else None

    def pin(self, cores: Collection[int]) -> None:
        """Keep the process and the threads that it will start on some cores.

        Raises:
            ModelProcessError: the kernel does not allow that.
        """
        try:
            os.sched_setaffinity(self.pid, cores)
        except OSError as error:
            raise endings.not_pinned(sorted(cores), error) from None

    def end(self) -> None:
        """End the process and leave what it wrote: nothing changes it any more."""
        self._conversation.end()

    def close(self) -> None:
        """End the process and remove what it left; a request under way in another thread is cancelled."""
        self._closing = True
        self._conversation.signal(signal.SIGKILL)
        with self._talking:
            if self._closed:
                return
            self._closed = True
            self._conversation.end()
            self._conversation.close()
        try:
            scratch.sweep(Path(self._profile.scratch))
        except OSError:
            # The next start of the engine tries again; a process that cannot be tidied up is still ended.
            log.warning("%s could not be removed", self._profile.scratch, exc_info=True)
        for let_go in self._kept_until_closed:
            let_go()
        self._on_closed(self)

    def keep_until_closed(self, let_go: Callable[[], None]) -> None:
        """Have ``let_go`` called when the process is closed, because it needs until then what that lets go of."""
        with self._talking:
            if not self._closed:
                self._kept_until_closed.append(let_go)
                return
        let_go()

    def ask(
        self,
        request: msgspec.Struct | None,
        kind: type[AnswerT],
        terms: Terms,
        checked: Callable[[AnswerT, float], AnswerT],
    ) -> AnswerT:
        """Return the checked answer to a question; ``None`` asks nothing and waits for a first word.

        Raises:
            ModelProcessError: it did not work; its message says how.
        """
        with self._talking, self._judging(terms):
            if request is not None:
                self._conversation.say(request)
                self._oversight.allow_cpu(terms.deadline_s)
                self._oversight.allow_mapping(terms.data_bytes)
            self._conversation.signal(signal.SIGCONT)
            began = time.monotonic()
            answer = self._hear(kind, terms, began + terms.deadline_s)
            wall_s = time.monotonic() - began
            self._conversation.signal(signal.SIGSTOP)
            if not isinstance(answer, Failed):
                return checked(answer, wall_s)
        raise _own_doing(endings.failed(answer), terms.activity)

    def _hear(self, kind: type[AnswerT], terms: Terms, deadline: float) -> AnswerT | Failed:
        def tick() -> None:
            if terms.cancelled():
                raise endings.cancelled(terms.activity)
            self._oversight.look(terms.activity, self.layers)

        told_at = 0.0
        while True:
            message = answers.decode(self._conversation.hear(deadline, tick))
            if isinstance(message, kind | Failed):
                return message
            if isinstance(message, EpochDone):
                terms.on_epoch(answers.checked_epoch(message))
                continue
            if not isinstance(message, Progress):
                raise NonsenseError(f"{type(message).__name__} instead of {kind.__name__}")
            message = answers.checked_progress(message)
            now = time.monotonic()
            if now - told_at >= PROGRESS_S or message.done == message.total:
                told_at = now
                if message.figure is not None:
                    terms.on_figure(message.figure)
                terms.on_progress(message.done, message.total)

    @contextlib.contextmanager
    def _judging(self, terms: Terms) -> Iterator[None]:
        """Turn whatever goes wrong into one sentence, and end a process that can no longer be trusted."""
        if self._closing:
            raise endings.cancelled(terms.activity)
        try:
            yield
        except GoneError:
            if self._closing:
                raise endings.cancelled(terms.activity) from None
            said = last_words.lines(self._conversation.printed)
            ended = self._ending(terms.activity, said[-1] if said else "")
            raise last_words.logged(_own_doing(ended, terms.activity), said) from None
        except DeafError:
            raise endings.deaf(terms.activity) from None
        except NonsenseError as error:
            self._conversation.end()
            raise endings.nonsense(terms.activity, str(error)) from None
        except TimeoutError:
            self._conversation.end()
            raise endings.late(terms.activity, terms.deadline_s) from None
        except BaseException:
            # Cancelled, over a limit, or a listener's own failure: the process is in the middle of something.
            self._conversation.end()
            raise

    def _ending(self, activity: Activity, last_line: str) -> ModelProcessError:
        """Return how the process ended by itself, or by the kernel's or anybody else's doing."""
        ending = self.host.ending(self.pid)
        if ending is None:
            return endings.ended(None, activity, last_line, self._memory_bytes)
        if ending.exit_code == -signal.SIGKILL and memory_killer.kills() != self._killed_before:
            victim = Victim(ending.peak_rss_bytes, memory_killer.memory_bytes())
            return endings.short_of_memory(activity, victim)
        return endings.ended(ending.exit_code, activity, last_line, self._memory_bytes)


def _own_doing(error: ModelProcessError, activity: Activity) -> ModelProcessError:
    """Return why a process failed: by what it told, unless there is no room for threads here, by which any model fails.

    What says already that the model is not to blame, or is refused before it is opened, stays as it is.
    """
    if error.code in {endings.LOST, endings.REFUSED, endings.UNCONFINED} or error.proposal is not None:
        return error
    return endings.crowded(activity) if room.is_crowded() else error
