"""What machines and disks do to an engine in a soak: kills, stops, locks, flipped bytes, settings that break.

Owns the mishaps, the engine that is to run, and the account of every process that it ever had. It mends what it broke
itself where nothing but a person could (settings), and leaves the rest to the engine.
"""

import os
import random
import signal
import sqlite3
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import Final

import numpy as np
import psutil

from storage import launch, upkeep
from storage.database import Reader
from storage.errors import DatabaseError
from storage.vocabulary import JobKind
from storage.workspace import engine_pid
from tests.soak.acts import Act, Acts
from tests.tiny_models import digits

LEAST_ROWS: Final = 600
"""Of the test examples: fewer, and an honest figure might leave the range that the reckoning asks for."""

ASKS: Final = 0.3
"""How often a person asks for the repair of a flipped byte; otherwise a check has to find it."""

BROKEN: Final = 'task = "classification\n[preprocess'
"""No TOML."""

LOCKED: Final = "locked"

WARM: Final = ("warm_processes = 4", "warm_processes = 3")
"""What a mended ``modeltender.toml`` says in turns: the engine puts itself together anew each time."""


class Mishaps:
    """Chance, the people whose things are broken, and what must not happen meanwhile."""

    def __init__(self, acts: Acts, chance: random.Random, hold_s: tuple[float, float], backups: Path) -> None:
        self.family: dict[int, float] = {}
        """Every process that the engine ever had, with the time of its birth."""
        self.problems: list[str] = []
        self.engines = 0
        self._acts = acts
        self._workspace = acts.workspace
        self._chance = chance
        self._hold_s = hold_s
        self._backups = backups

    def weighed(self, *, killing: bool) -> dict[Act, int]:
        """Return the mishaps and how often each comes; without killing the engine lives on."""
        kills: dict[Act, int] = {self.kill_engine: 2} if killing else {}
        return kills | {
            self.kill_process: 3,
            self.stop_process: 1,
            self.stop_engine: 1,
            self.lock_database: 1,
            self.flip_byte: 2,
            self.change_data: 1,
            self.break_settings: 1,
            self.break_model_settings: 1,
            self.back_up: 1,
        }

    def start(self) -> None:
        """Start the engine."""
        launch.start(self._workspace)
        self.engines += 1
        self.meet_family()

    def see_to_engine(self) -> None:
        """Note it where the engine has ended and nobody ended it, and go on with another one."""
        if engine_pid(self._workspace) is None:
            said = self._workspace.log.read_text(errors="replace").splitlines()[-3:]
            self.problems.append(f"the engine ended by itself: {' / '.join(said)}")
            self.start()
        self.meet_family()

    def kill_engine(self) -> None:
        """Kill -9 the engine, wait a little, and start it again."""
        self.meet_family()
        pid = engine_pid(self._workspace)
        if pid:
            os.kill(pid, signal.SIGKILL)
        while engine_pid(self._workspace) is not None:
            time.sleep(0.01)
        time.sleep(self._chance.uniform(0, 1))
        self.start()

    def kill_process(self) -> None:
        """Kill -9 a host or a model process."""
        if others := self._others():
            with suppress(ProcessLookupError):
                # It has ended by itself.
                os.kill(self._chance.choice(others), signal.SIGKILL)

    def stop_process(self) -> None:
        """Have a host or a model process stand still for a while."""
        if others := self._others():
            self._stop(self._chance.choice(others))

    def stop_engine(self) -> None:
        """Have the engine stand still for a while, as a machine does that is suspended."""
        if pid := engine_pid(self._workspace):
            self._stop(pid)

    def lock_database(self) -> None:
        """Hold the database locked for a while, as a tool does that somebody opened it with; readers go on."""
        with closing(sqlite3.connect(self._workspace.database, timeout=30, isolation_level=None)) as holder:
            holder.execute("BEGIN IMMEDIATE")
            self._hold()
            holder.execute("ROLLBACK")

    def flip_byte(self) -> None:
        """Change a bit of what is deployed, as a failing disk does; the file's time tells of it only sometimes."""
        model = self._chance.choice(sorted(path.name for path in self._workspace.models.iterdir()))
        file = next(self._workspace.current_link(model).resolve().glob("*.onnx"), None)
        if file is None:
            return
        before, content = file.stat(), bytearray(file.read_bytes())
        self._acts.gone(file)
        content[self._chance.randrange(len(content))] ^= 1 << self._chance.randrange(8)
        with file.open("r+b") as stream:
            stream.write(content)
        self._acts.damaged.add((model, bytes(content)))
        if self._chance.random() < 0.5:
            os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        if self._chance.random() < ASKS:
            self._acts.ask(JobKind.REPAIR, model)

    def change_data(self) -> None:
        """Put other test data in place of a model's."""
        file = self._chance.choice(sorted(self._workspace.test.glob("*/test.npz")))
        images, targets = digits()
        end = 1000 + self._chance.randint(LEAST_ROWS, len(targets) - 1000)
        whole = file.with_name(".new.npz")
        np.savez(whole, x=images[1000:end], y=targets[1000:end])
        whole.rename(file)

    def break_settings(self) -> None:
        """Write nonsense into ``modeltender.toml``, and mend it after a while to something slightly else."""
        file = self._workspace.settings_file
        said = file.read_text()
        file.write_text(BROKEN)
        self._hold()
        first, second = WARM
        file.write_text(said.replace(first, second) if first in said else said.replace(second, first))

    def break_model_settings(self) -> None:
        """Write nonsense into a model's settings, and mend them after a while."""
        file = self._chance.choice(sorted(self._workspace.models.glob("*/model.toml")))
        said = file.read_text()
        file.write_text(BROKEN)
        self._hold()
        file.write_text(said)

    def back_up(self) -> None:
        """Copy the database while it is in use, look whether the copy is whole, and compact the database."""
        copy = self._backups / f"{self._acts.counts['back_up']}.db"
        with closing(Reader(self._workspace.database)) as reader:
            upkeep.back_up(reader, copy)
        self.problems += [
            f"a copy of the database is damaged: {problem}" for problem in upkeep.problems(copy)
        ]
        copy.unlink()
        try:
            upkeep.compact(self._workspace.database)
        except DatabaseError as error:
            # On a busy machine a write may take the engine seconds; a person is told so, and tries again another time.
            if error.code != LOCKED:
                raise
            self._acts.counts["compact_refused"] += 1

    def meet_family(self) -> dict[int, float]:
        """Note the engine and every process below it; return all that were ever noted."""
        with suppress(psutil.NoSuchProcess):
            # It ends while it is asked.
            pid = engine_pid(self._workspace)
            if pid:
                engine = psutil.Process(pid)
                for process in (engine, *engine.children(recursive=True)):
                    self.family[process.pid] = process.create_time()
        return self.family

    def _others(self) -> list[int]:
        """Return the processes that the engine has at the moment."""
        alive = [pid for pid, born in self.meet_family().items() if is_alive(pid, born)]
        return [pid for pid in alive if pid != engine_pid(self._workspace)]

    def _stop(self, pid: int) -> None:
        with suppress(ProcessLookupError):
            # It has ended by itself, or was ended while it stood still.
            os.kill(pid, signal.SIGSTOP)
            self._hold()
            os.kill(pid, signal.SIGCONT)

    def _hold(self) -> None:
        time.sleep(self._chance.uniform(*self._hold_s))


def is_alive(pid: int, born: float) -> bool:
    """Whether a process of this number and birth runs and is no zombie."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
