"""Who looks on while a workspace is soaked: a console in a terminal that somebody uses, and looks at what processes take.

Owns the thread that reads the terminal, presses its keys, and looks every few seconds at the engine, the console, the
jobs, and for zombies. It must not touch the workspace.
"""

import sys
import threading
import time
from contextlib import suppress
from itertools import cycle
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import psutil

from storage.workspace import Workspace, engine_pid
from tests.soak.ledger import Ledger
from tests.soak.lives import Lives, Promise
from tests.terminal import Terminal

COMMAND: Final = str(Path(sys.executable).with_name("modeltender"))

ENGINE: Final = Promise("engine", most_mib=80, growth=0.05, more_descriptors=8, more_threads=4)
"""Without its hosts. Their number varies, and with it a few descriptors each."""

CONSOLE: Final = Promise("console", most_mib=50, growth=0.02, more_descriptors=2, more_threads=2)

READ_S: Final = 0.2
KEY_S: Final = 7.0
KEYS: Final = cycle(("4", "1", "\r", "\x1b", "6", "1", "3", "1"))
"""Somebody who looks around: jobs, overview, a model, devices."""

PATIENT_S: Final = 60.0

ZOMBIE_S: Final = 30.0
"""A process that has ended and is not buried after this long never will be; its host may stand still for some seconds."""


class Watch:
    """A console and looks, from its beginning to its end."""

    def __init__(self, workspace: Workspace, every_s: float) -> None:
        self.engine, self.console = Lives(ENGINE), Lives(CONSOLE)
        self.ledger = Ledger()
        self._workspace = workspace
        self._every_s = every_s
        self._problems: list[str] = []
        self._dead: dict[tuple[int, float], float] = {}
        self._over = threading.Event()
        self._failed: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="watch")
        self._terminal = Terminal([COMMAND, str(workspace.root)], columns=80, rows=24)

    def __enter__(self) -> Self:
        """Begin to watch."""
        self._terminal.wait_for("alpha", PATIENT_S)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it; what went wrong in it is raised here."""
        self._over.set()
        self._thread.join()
        with self._terminal:
            if self._failed is None:
                self._say_goodbye()
        if self._failed is not None and error is None:
            raise self._failed

    def problems(self) -> list[str]:
        """Return what is wrong with what was seen."""
        return [*self._problems, *self.engine.problems(), *self.console.problems()]

    def account(self) -> str:
        """Return what was seen, for a person."""
        return f"{self.engine.account()}\n{self.console.account()}\n{self.ledger.account()}"

    def _run(self) -> None:
        try:
            self._watch()
        except Exception as error:  # noqa: BLE001 - raised where the watch ends, in the thread that waits for it
            self._failed = error

    def _watch(self) -> None:
        look_at = key_at = time.monotonic()
        while not self._over.is_set():
            if not self._terminal.read(READ_S):
                raise RuntimeError(f"the console has ended:\n{self._terminal.text()}")
            now = time.monotonic()
            if now >= key_at:
                key_at = now + KEY_S
                self._terminal.send(next(KEYS))
            if now >= look_at:
                look_at = now + self._every_s
                self._look(now)
        self._look(time.monotonic())

    def _look(self, now: float) -> None:
        pid = engine_pid(self._workspace)
        self.engine.look(pid, now)
        self.console.look(self._terminal.pid, now)
        self.ledger.look(self._workspace.database)
        self._look_for_zombies([self._terminal.pid, *([pid] if pid else [])], now)

    def _look_for_zombies(self, heads: list[int], now: float) -> None:
        """Note every process of the family that has ended and was not buried for too long."""
        seen: dict[tuple[int, float], float] = {}
        for head in heads:
            with suppress(psutil.NoSuchProcess):
                # It ends while it is asked; its children end with it, or are looked at the next time.
                for child in psutil.Process(head).children(recursive=True):
                    if child.status() == psutil.STATUS_ZOMBIE:
                        key = (child.pid, child.create_time())
                        seen[key] = self._dead.get(key, now)
        self._problems += [
            f"process {pid} is a zombie for {ZOMBIE_S:.0f} s"
            for (pid, _), since in seen.items()
            if now - since > ZOMBIE_S
        ]
        self._dead = {key: since for key, since in seen.items() if now - since <= ZOMBIE_S}

    def _say_goodbye(self) -> None:
        """See that the console still shows the models, and end it by its key."""
        self._terminal.send("1")
        self._terminal.wait_for(lambda text: "alpha" in text and "quit" in text, PATIENT_S)
        self._terminal.send("q")
        status = self._terminal.wait_closed(PATIENT_S)
        if status:
            self._problems.append(f"the console ended with status {status}:\n{self._terminal.text()}")
