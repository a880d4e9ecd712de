"""A workspace with real rows, its engine's lock held by the test, and a way to run a command and read what it said."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import msgspec
import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job
from storage.tables import engine
from storage.vocabulary import JobKind, JobState
from storage.workspace import Workspace, engine_lock
from tests.answer_schemas import conform
from tests.unit.tui.commands.rows import Answer, fill
from tui.command_line import main


class Said(NamedTuple):
    """How a command ended and what it said."""

    status: int
    out: str
    err: str
    words: tuple[str, ...] = ()

    @property
    def json(self) -> Any:
        """Its one JSON document, as the command's schema has it; anything beside it would not decode."""
        document = msgspec.json.decode(self.out)
        conform(self.words, document)
        return document


Run = Callable[..., Said]
Begin = Callable[[Answer], list[Job]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Return a function that runs a command of the real command line in this process."""
    monkeypatch.delenv("MODELTENDER_DEBUG", raising=False)

    def call(*words: str) -> Said:
        capsys.readouterr()
        status = main(words)
        captured = capsys.readouterr()
        return Said(status, captured.out, captured.err, words)

    return call


@pytest.fixture
def ask(run: Run, filled: Workspace) -> Run:
    """Return a function that runs a command on the filled workspace."""
    return lambda *words: run(*words, "--workspace", str(filled.root))


@pytest.fixture
def filled(workspace: Workspace, writer: Writer) -> Iterator[Workspace]:
    """Return a workspace whose database holds two models, and whose engine's lock this process holds."""
    with engine_lock(workspace):
        _describe(writer)
        fill(writer)
        yield workspace


@pytest.fixture
def stopped(workspace: Workspace, writer: Writer) -> Workspace:
    """Return the filled workspace as an engine leaves it that was stopped in good order."""
    _describe(writer)
    with writer.transaction() as connection:
        engine.stop(connection, now=time.time())
    fill(writer)
    return workspace


@pytest.fixture
def leaving(workspace: Workspace, writer: Writer) -> Iterator[Workspace]:
    """Return the filled workspace with an engine that ends as soon as a job waits for it."""
    _describe(writer)
    fill(writer)
    held, over = threading.Event(), threading.Event()

    def leave() -> None:
        with engine_lock(workspace):
            held.set()
            while not over.wait(0.005):
                with writer.transaction() as connection:
                    if jobs.counts(connection)[JobState.QUEUED]:
                        return

    thread = threading.Thread(target=leave)
    thread.start()
    held.wait()
    yield workspace
    over.set()
    thread.join()


@pytest.fixture
def working(writer: Writer) -> Iterator[Begin]:
    """Return a function that begins to do the jobs that are asked for, as an engine would, and lists them."""
    done: list[Job] = []
    stopping = threading.Event()
    threads: list[threading.Thread] = []

    def work(answer: Answer) -> None:
        while not stopping.wait(0.005):
            with writer.transaction() as connection:
                job = jobs.claim(connection, frozenset(JobKind), now=time.time())
            if job is not None:
                # Listed before it is answered: whoever reads the answer may look at the list.
                done.append(job)
                answer(writer, job)

    def begin(answer: Answer) -> list[Job]:
        threads.append(threading.Thread(target=work, args=(answer,)))
        threads[-1].start()
        return done

    yield begin
    stopping.set()
    for thread in threads:
        thread.join()


def _describe(writer: Writer) -> None:
    """Record what an engine says of itself once it has started and looked round."""
    with writer.transaction() as connection:
        now = time.time()
        engine.start(connection, pid=os.getpid(), version="0.1.0", now=now, sandbox={"files": "on"})
        engine.beat(connection, now=now + 0.001, rss_bytes=0, cpu_percent=0.0, hosts=())
        engine.scanned(connection, began=now)
