"""A workspace with its engine running, and the ways in which a benchmark asks it."""

import json
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from storage import jobs, launch
from storage.database import Reader
from storage.records import Job, JobParameters
from storage.vocabulary import FINISHED, JobKind
from storage.workspace import Workspace

COMMAND = str(Path(sys.executable).with_name("modeltender"))


class Stage:
    """A workspace whose engine runs while the stage is entered."""

    def __init__(self, root: Path) -> None:
        self.workspace = Workspace(root)

    def __enter__(self) -> Self:
        """Start the engine and wait until every sample is evaluated."""
        launch.start(self.workspace)
        self.run("evaluate", "--all")
        self.settle()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the engine."""
        launch.stop(self.workspace)

    def run(self, *arguments: str) -> Any:
        """Run a command and return its JSON document."""
        done = subprocess.run(
            [COMMAND, *arguments, "--json", "-w", str(self.workspace.root)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode not in {0, 1}:
            raise RuntimeError(
                f"modeltender {' '.join(arguments)} ended with {done.returncode}: {done.stdout}{done.stderr}"
            )
        return json.loads(done.stdout)

    def settle(self) -> None:
        """Wait until no job waits or runs."""
        reader = Reader(self.workspace.database)
        while True:
            with reader.transaction() as connection:
                if not any(jobs.counts(connection).values()):
                    break
            time.sleep(0.1)
        reader.close()

    def ask(
        self, kind: JobKind, model: str, version: int, parameters: JobParameters | None = None
    ) -> tuple[float, float, Job]:
        """Ask for a job as a key does; return the seconds until it ran and until its result was recorded, and the job."""
        reader = Reader(self.workspace.database)
        asked = time.perf_counter()
        job = jobs.submit(
            self.workspace, kind, model, version, requested_by="benchmark", parameters=parameters
        )
        running_s = None
        while True:
            with reader.transaction() as connection:
                found = jobs.read_one(connection, job.id)
            if found is None:
                raise RuntimeError(f"job {job.id} is gone")
            if running_s is None and found.started_at is not None:
                running_s = time.perf_counter() - asked
            if found.state in FINISHED:
                done_s = time.perf_counter() - asked
                reader.close()
                return running_s or done_s, done_s, found
            time.sleep(0.001)
