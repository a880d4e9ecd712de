"""A person who copies a model and asks for the candidate at once means the one that was copied."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from storage.database import Writer
from storage.tables import engine
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace
from tests.unit.tui.commands.conftest import Begin, Run
from tests.unit.tui.commands.rows import add_version, evaluated, failed
from tui.commands import arrivals

AHEAD_S = 3600.0
"""How far the time of a file is behind a listing that surely has it, or ahead of one that surely has not."""


@pytest.fixture
def copied(filled: Workspace, writer: Writer) -> Workspace:
    """Return the workspace with a file in an inbox that no listing has seen."""
    inbox = filled.train / "mnist"
    inbox.mkdir(parents=True)
    inbox.joinpath("model.onnx").write_bytes(b"a model")
    listed(writer, -AHEAD_S, ())
    return filled


def listed(writer: Writer, ahead_s: float, undecided: tuple[str, ...]) -> None:
    """Record a listing, and what it left undecided."""
    with writer.transaction() as connection:
        engine.scanned(connection, began=time.time() + ahead_s, undecided=undecided)


def in_steps(*steps: Callable[[], None]) -> threading.Thread:
    """Begin to do one thing after another, with a pause before each, as an engine would."""

    def work() -> None:
        for step in steps:
            time.sleep(0.1)
            step()

    thread = threading.Thread(target=work)
    thread.start()
    return thread


@contextmanager
def repeated(step: Callable[[], None]) -> Iterator[None]:
    """Do something again and again meanwhile."""
    over = threading.Event()

    def work() -> None:
        while not over.wait(0.02):
            step()

    thread = threading.Thread(target=work)
    thread.start()
    yield
    over.set()
    thread.join()


@pytest.mark.parametrize("words", [("evaluate", "mnist@candidate"), ("evaluate", "digits")])
def test_what_was_copied_just_now_is_meant(
    words: tuple[str, str], copied: Workspace, ask: Run, writer: Writer, working: Begin
) -> None:
    """The candidate is asked for once the engine has decided about the inbox, not before it has even listed it."""
    model = words[1].partition("@")[0]
    copied.train.joinpath("mnist").rename(copied.train / model)

    def decide() -> None:
        with writer.transaction() as connection:
            add_version(connection, model, 4, Status.READY)
            engine.scanned(connection, began=time.time() + AHEAD_S)

    engine_at_work = in_steps(lambda: listed(writer, AHEAD_S, (model,)), decide)
    done = working(evaluated)
    assert ask(*words).status == ExitCode.DONE
    engine_at_work.join()
    assert [(job.model, job.version) for job in done] == [(model, 4)]


def test_a_training_is_asked_for_once_what_was_copied_just_now_is_known(
    copied: Workspace, ask: Run, writer: Writer, working: Begin
) -> None:
    """A first model and its training are handed in together: nobody is told that there is nothing to begin from."""
    copied.train.joinpath("mnist").rename(copied.train / "digits")
    decided: list[float] = []

    def decide() -> None:
        decided.append(time.time())
        listed(writer, AHEAD_S, ())

    engine_at_work = in_steps(lambda: listed(writer, AHEAD_S, ("digits",)), decide)
    done = working(failed)
    ask("train", "digits")
    engine_at_work.join()
    assert done[0].requested_at >= decided[0]


def test_what_is_deployed_is_asked_for_at_once(copied: Workspace, ask: Run, working: Begin) -> None:
    """Whatever arrives, the deployed version is another one: nothing is waited for."""
    del copied
    done = working(evaluated)
    assert ask("evaluate", "mnist").status == ExitCode.DONE
    assert [job.version for job in done] == [1]


def test_what_is_still_being_written_is_not_waited_for(
    copied: Workspace, ask: Run, writer: Writer, working: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A copy may go on for hours: the candidate that is there is asked for, and that is said."""
    monkeypatch.setattr(arrivals, "NOTICE_S", 0.05)

    def write() -> None:
        with copied.train.joinpath("mnist", "model.onnx").open("ab") as stream:
            stream.write(b"more")
        listed(writer, -AHEAD_S, ("mnist",))

    done = working(evaluated)
    with repeated(write):
        said = ask("evaluate", "mnist@candidate")
    assert "What is still being written to train/mnist is not waited for." in said.err
    assert (said.status, [job.version for job in done]) == (ExitCode.DONE, [2])


def test_times_of_another_clock_are_waited_for_only_so_long(
    copied: Workspace, ask: Run, writer: Writer, working: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file whose time lies ahead of every listing, as a server's may, holds no command back for good."""
    del copied
    monkeypatch.setattr(arrivals, "NOTICE_S", 0.05)
    done = working(evaluated)
    with repeated(lambda: listed(writer, -AHEAD_S, ())):
        assert ask("evaluate", "mnist@candidate").status == ExitCode.DONE
    assert [job.version for job in done] == [2]
