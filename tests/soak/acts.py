"""What people do to a workspace in a soak: arrivals, mistakes, deletions and requests, each chosen by chance.

Owns the acts and the account of every good content: which must be a version in the end, and which may be one. It
plays the people around the engine, so that it touches files as they do and asks as the console asks.
"""

import os
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from storage import jobs
from storage.errors import Error
from storage.records import JobParameters
from storage.vocabulary import JobKind
from storage.workspace import Workspace, version_number

MODELS: Final = ("alpha", "beta", "gamma")

Act = Callable[[], None]

PIECES: Final = 4
"""Pieces in which a slow copy arrives."""

KEPT: Final = 2
"""Every second version is left alone by people, so that what is deployed is damaged only where that is meant."""

PROMOTED: Final = 8
"""Only the latest are deployed, as people do, so that what is cleared away was not just asked for."""

MOST: Final = 40
"""Versions and files in an inbox that a model has before its owner clears the oldest away: a workspace of constant size."""


class Acts:
    """A workspace, chance, and the account of what was done."""

    def __init__(self, workspace: Workspace, good: bytes, chance: random.Random) -> None:
        self.workspace = workspace
        self.counts: Counter[str] = Counter()
        self.must: set[tuple[str, bytes]] = set()
        """(model, content) that has to be one version in the end."""
        self.may: set[tuple[str, bytes]] = set()
        """What was taken away again, perhaps before the engine saw it."""
        self.damaged: set[tuple[str, bytes]] = set()
        """What a good content became where a byte of it was changed; it may still be a model, and a worse one."""
        self.asked: set[int] = set()
        """Numbers of the jobs that we asked for."""
        self._good = good
        self._made = 0
        self._chance = chance

    def content(self) -> bytes:
        """Return the model with content of its own: one more line of metadata (ModelProto.metadata_props)."""
        self._made += 1
        value = f"{self._made:08}".encode()
        pair = b"\x0a\x01k\x12" + bytes([len(value)]) + value
        return self._good + b"\x72" + bytes([len(pair)]) + pair

    def act(self, others: Mapping[Act, int], pause_s: tuple[float, float]) -> None:
        """Do one thing, of ours or of the others, then wait a little."""
        acts = self._acts | dict(others)
        chosen = self._chance.choices(list(acts), list(acts.values()))[0]
        with suppress(FileNotFoundError, FileExistsError, NotADirectoryError):
            # The engine, or an act before, was quicker: so it goes among people too.
            chosen()
            self.counts[chosen.__name__] += 1
        self._clear_away(self._model())
        time.sleep(self._chance.uniform(*pause_s))

    @property
    def _acts(self) -> dict[Act, int]:
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
        self.gone(file)
        content = self.content()
        file.write_bytes(content)
        self.must.add((file.parent.name, content))

    def delete_in_inbox(self) -> None:
        """Clear away a file of the inbox."""
        file = self._some(self.workspace.train.glob("*/*.onnx"))
        self.gone(file)
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
        self.gone(file)
        content = self.content()
        file.write_bytes(content)
        self.must.add((file.parent.parent.name, content))

    def corrupt_version(self) -> None:
        """Cut a version's file in half."""
        file = self._version()
        self.gone(file)
        os.truncate(file, file.stat().st_size // 2)

    def delete_version(self) -> None:
        """Remove a version's folder, in one step."""
        file = self._version()
        self.gone(file)
        self._remove(file.parent)

    # What people ask for.

    def promote(self) -> None:
        """Ask for a version that is left alone to be deployed."""
        model = self._model()
        numbers = [version_number(path.name) for path in (self.workspace.models / model).iterdir()]
        kept = [number for number in numbers if number and number % KEPT == 0]
        if kept:
            kept = sorted(kept)[-PROMOTED:]
            parameters = JobParameters(force=True, reason="soak")
            self.ask(JobKind.PROMOTE, model, self._chance.choice(kept), parameters)

    def roll_back(self) -> None:
        """Ask for the deployed version before."""
        self.ask(JobKind.ROLLBACK, self._model())

    def evaluate(self) -> None:
        """Ask for an evaluation."""
        self.ask(JobKind.EVALUATE, self._model())

    def ask(
        self, kind: JobKind, model: str, version: int | None = None, parameters: JobParameters | None = None
    ) -> None:
        """Ask the engine for work, as a viewer does."""
        with suppress(Error):
            # Nobody was told that it will be done: the database is locked.
            job = jobs.submit(
                self.workspace, kind, model, version, requested_by="soak", parameters=parameters
            )
            self.asked.add(job.id)

    def gone(self, file: Path) -> None:
        """Take what a file holds off the list of what must become a version."""
        known = (file.relative_to(self.workspace.root).parts[1], file.read_bytes())
        if known in self.must:
            self.must.discard(known)
            self.may.add(known)

    def _clear_away(self, model: str) -> None:
        """Remove the oldest of a model where there are too many: versions that are not deployed, and files of its inbox."""
        with suppress(FileNotFoundError):
            # Something was removed between the listing and the look.
            deployed = self.workspace.current_link(model).readlink().name
            folders = [
                path for path in (self.workspace.models / model).iterdir() if version_number(path.name)
            ]
            oldest = sorted(folders, key=lambda path: int(path.name))[:-MOST]
            for folder in oldest:
                if folder.name != deployed:
                    for file in folder.glob("*.onnx"):
                        self.gone(file)
                    self._remove(folder)
            for file in sorted((self.workspace.train / model).glob("*.onnx"), key=_age)[:-MOST]:
                self.gone(file)
                file.unlink()

    def _remove(self, folder: Path) -> None:
        """Remove a version's folder, in one step."""
        aside = self.workspace.root / f"removed-{folder.parent.name}-{folder.name}"
        os.rename(folder, aside)  # noqa: PTH104 - a folder, in one step
        shutil.rmtree(aside)

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


def _age(file: Path) -> float:
    return file.stat().st_mtime
