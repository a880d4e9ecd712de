"""What happens to a workspace in a soak: arrivals, mistakes, deletions, requests and kills, each chosen by chance.

Owns the acts and the account of every good content: which must be a version in the end, and which may be one. It
plays the people around the engine, so that it touches files as they do and asks as the console asks.
"""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

import psutil

from storage import jobs, launch
from storage.errors import Error
from storage.records import JobParameters
from storage.vocabulary import JobKind
from storage.workspace import Workspace, engine_pid, version_number

MODELS: Final = ("alpha", "beta", "gamma")

PAUSE_S: Final = (0.02, 0.8)
"""Between two acts: some fall into the work that the last one caused, some after it."""

PIECES: Final = 4
"""Pieces in which a slow copy arrives."""

KEPT: Final = 2
"""Every second version is left alone, so that what is deployed is never damaged by our own hand."""


class Acts:
    """A workspace, chance, and the account of what was done."""

    def __init__(self, workspace: Workspace, good: bytes, chance: random.Random) -> None:
        self.workspace = workspace
        self.counts: Counter[str] = Counter()
        self.must: set[tuple[str, bytes]] = set()
        """(model, content) that has to be one version in the end."""
        self.may: set[tuple[str, bytes]] = set()
        """What was taken away again, perhaps before the engine saw it."""
        self.family: dict[int, float] = {}
        """Every process that the engine ever had, with the time of its birth."""
        self._good = good
        self._made = 0
        self._chance = chance

    def content(self) -> bytes:
        """Return the model with content of its own: one more line of metadata (ModelProto.metadata_props)."""
        self._made += 1
        value = f"{self._made:08}".encode()
        pair = b"\x0a\x01k\x12" + bytes([len(value)]) + value
        return self._good + b"\x72" + bytes([len(pair)]) + pair

    def act(self, *, killing: bool) -> None:
        """Do one thing, then wait a little."""
        kills: dict[Callable[[], None], int] = {self.kill_engine: 2, self.kill_process: 3}
        acts = self._acts | (kills if killing else {})
        chosen = self._chance.choices(list(acts), list(acts.values()))[0]
        with suppress(FileNotFoundError, FileExistsError, NotADirectoryError):
            # The engine, or an act before, was quicker: so it goes among people too.
            chosen()
            self.counts[chosen.__name__] += 1
        time.sleep(self._chance.uniform(*PAUSE_S))
        self.meet_family()

    @property
    def _acts(self) -> dict[Callable[[], None], int]:
        return {
            self.drop: 8,
            self.copy_slowly: 3,
            self.drop_half: 3,
            self.drop_noise: 2,
            self.overwrite_in_inbox: 2,
            self.delete_in_inbox: 2,
            self.put_version: 3,
            self.overwrite_version: 2,
            self.corrupt_version: 2,
            self.delete_version: 2,
            self.promote: 3,
            self.roll_back: 1,
            self.evaluate: 2,
        }

    # What people do.

    def drop(self) -> None:
        """Save a new version by rename, as a careful training job does."""
        model, content = self._model(), self.content()
        inbox, name = self.workspace.train / model, f"{self._made}.onnx"
        (inbox / f".{name}.tmp").write_bytes(content)
        os.rename(inbox / f".{name}.tmp", inbox / name)  # noqa: PTH104 - as the job does it
        self.must.add((model, content))

    def copy_slowly(self) -> None:
        """Copy a new version in pieces, as over a network."""
        model, content = self._model(), self.content()
        with (self.workspace.train / model / f"{self._made}.onnx").open("wb", buffering=0) as file:
            size = len(content) // PIECES + 1
            for start in range(0, len(content), size):
                file.write(content[start : start + size])
                time.sleep(self._chance.uniform(0, 0.2))
        self.must.add((model, content))

    def drop_half(self) -> None:
        """Leave half a model, as a copy that was broken off does."""
        content = self.content()
        self._inbox_file("half").write_bytes(content[: len(content) // 2])

    def drop_noise(self) -> None:
        """Leave what is no model."""
        self._inbox_file("noise").write_bytes(self._chance.randbytes(5000))

    def overwrite_in_inbox(self) -> None:
        """Save another model under a name that is there."""
        file = self._some(self.workspace.train.glob("*/*.onnx"))
        self._gone(file)
        content = self.content()
        file.write_bytes(content)
        self.must.add((file.parent.name, content))

    def delete_in_inbox(self) -> None:
        """Clear away a file of the inbox."""
        file = self._some(self.workspace.train.glob("*/*.onnx"))
        self._gone(file)
        file.unlink()

    def put_version(self) -> None:
        """Put a version folder in place by hand."""
        model, content = self._model(), self.content()
        home = self.workspace.models / model
        made = home / ".by-hand.tmp"
        made.mkdir(exist_ok=True)
        (made / "model.onnx").write_bytes(content)
        number = max((version_number(path.name) or 0 for path in home.iterdir()), default=0) + 1
        with suppress(OSError):
            # The engine has taken the number meanwhile; the next one tries again.
            os.rename(made, home / str(number))  # noqa: PTH104 - never over what is there
            self.must.add((model, content))

    def overwrite_version(self) -> None:
        """Replace what a version holds by another good model."""
        file = self._version()
        self._gone(file)
        content = self.content()
        file.write_bytes(content)
        self.must.add((file.parent.parent.name, content))

    def corrupt_version(self) -> None:
        """Cut a version's file in half."""
        file = self._version()
        self._gone(file)
        os.truncate(file, file.stat().st_size // 2)

    def delete_version(self) -> None:
        """Remove a version's folder, in one step."""
        file = self._version()
        self._gone(file)
        aside = self.workspace.root / f"removed-{self.counts['delete_version']}"
        os.rename(file.parent, aside)  # noqa: PTH104 - a folder, in one step

    # What people ask for.

    def promote(self) -> None:
        """Ask for a version that is left alone to be deployed."""
        model = self._model()
        numbers = [version_number(path.name) for path in (self.workspace.models / model).iterdir()]
        kept = [number for number in numbers if number and number % KEPT == 0]
        if kept:
            parameters = JobParameters(force=True, reason="soak")
            self._ask(JobKind.PROMOTE, model, self._chance.choice(kept), parameters)

    def roll_back(self) -> None:
        """Ask for the deployed version before."""
        self._ask(JobKind.ROLLBACK, self._model())

    def evaluate(self) -> None:
        """Ask for an evaluation."""
        self._ask(JobKind.EVALUATE, self._model())

    # What machines do.

    def kill_engine(self) -> None:
        """Kill -9 the engine, wait a little, and start it again."""
        self.meet_family()
        pid = engine_pid(self.workspace)
        if pid:
            os.kill(pid, signal.SIGKILL)
        while engine_pid(self.workspace) is not None:
            time.sleep(0.01)
        time.sleep(self._chance.uniform(0, 1))
        launch.start(self.workspace)

    def kill_process(self) -> None:
        """Kill -9 a host or a model process."""
        alive = [pid for pid, born in self.meet_family().items() if is_alive(pid, born)]
        others = [pid for pid in alive if pid != engine_pid(self.workspace)]
        if others:
            with suppress(ProcessLookupError):
                # It has ended by itself.
                os.kill(self._chance.choice(others), signal.SIGKILL)

    def meet_family(self) -> dict[int, float]:
        """Note the engine and every process below it; return all that were ever noted."""
        with suppress(psutil.NoSuchProcess):
            # It ends while it is asked.
            pid = engine_pid(self.workspace)
            if pid:
                engine = psutil.Process(pid)
                for process in (engine, *engine.children(recursive=True)):
                    self.family[process.pid] = process.create_time()
        return self.family

    def _ask(
        self, kind: JobKind, model: str, version: int | None = None, parameters: JobParameters | None = None
    ) -> None:
        with suppress(Error):
            # There is no such version yet.
            jobs.submit(self.workspace, kind, model, version, requested_by="soak", parameters=parameters)

    def _gone(self, file: Path) -> None:
        """Take what a file holds off the list of what must become a version."""
        known = (file.relative_to(self.workspace.root).parts[1], file.read_bytes())
        if known in self.must:
            self.must.discard(known)
            self.may.add(known)

    def _model(self) -> str:
        return self._chance.choice(MODELS)

    def _inbox_file(self, kind: str) -> Path:
        """Return a new name in some inbox; those of good models are numbers."""
        return self.workspace.train / self._model() / f"{kind}-{sum(self.counts.values())}.onnx"

    def _some(self, files: Iterable[Path]) -> Path:
        found = sorted(files)
        if not found:
            raise FileNotFoundError
        return self._chance.choice(found)

    def _version(self) -> Path:
        """Return the file of a version that is not among those left alone."""
        files = self.workspace.models.glob("*/[0-9]*/*.onnx")
        return self._some(file for file in files if (version_number(file.parent.name) or 0) % KEPT)


def is_alive(pid: int, born: float) -> bool:
    """Whether a process of this number and birth runs and is no zombie."""
    try:
        process = psutil.Process(pid)
        return bool(process.create_time() == born and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
