"""Programs of owners' that train: told by their environment, heard line by line, ended with their children."""

import errno
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import psutil
import pytest

from engine.jobs.context import Context
from engine.processes.client import Hosts
from engine.processes.endings import CANCELLED
from engine.training import command
from engine.training import folder as training_folder
from engine.training.folder import TrainingFolder
from storage.database import Writer
from storage.errors import JobError
from storage.settings import Trust, WorkspaceSettings
from storage.tables import events
from storage.vocabulary import TrainingState, TrainTrigger
from storage.workspace import Workspace
from tests.unit.engine.jobs.training_bench import TrainingBench

PATIENT_S = 60.0


@pytest.fixture
def bench(workspace: Workspace, writer: Writer) -> Iterator[TrainingBench]:
    """Return a bench whose workspace runs its owner's programs; no framework's host is started for that."""
    settings = WorkspaceSettings(trust=Trust(commands=True))
    hosts = Hosts(scratch=workspace.scratch, limits=settings.limits)
    yield TrainingBench(Context(workspace, writer, settings, hosts, cast("Any", None), time.time))
    hosts.close()


def program(bench: TrainingBench, source: str) -> None:
    """Write the program, and name it in model.toml."""
    file = bench.context.workspace.root / "train.py"
    file.write_text(f"import json, os, subprocess, sys, time\n{source}")
    bench.settings(f'[train]\nepochs = 2\nseed = 7\ncommand = ["{sys.executable}", "train.py"]\n')


def ended(pid: int) -> bool:
    """Whether a process has ended, buried or not."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def until_ended(pid: int) -> None:
    """Wait until a process has ended."""
    deadline = time.monotonic() + PATIENT_S
    while not ended(pid):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_program_is_told_and_heard(bench: TrainingBench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It gets what it needs and no secret; its lines of JSON are epochs, the others its log; what it saves is delivered."""
    monkeypatch.setenv("SECRET_TOKEN", "hush")
    program(
        bench,
        "told = {k: v for k, v in os.environ.items() if k.startswith(('MODELTENDER', 'SECRET'))}\n"
        "print('began with', len(told), flush=True)\n"
        "for epoch in (1, 2):\n"
        "    print(json.dumps({'epoch': epoch, 'epochs': 2, 'loss': 1 / epoch, 'note': 'x'}), flush=True)\n"
        "print('{broken'); print(json.dumps({'loss': 3}))\n"
        "open(os.path.join(told['MODELTENDER_OUTPUT'], 'model.onnx'), 'w').write(json.dumps(told))\n",
    )
    outcome = bench.train()
    run = bench.runs()[0]
    assert (run.state, run.how, run.seed) == (TrainingState.SUCCEEDED, "command", 7)
    assert [(epoch.number, epoch.figures) for epoch in run.curve] == [(1, {"loss": 1.0}), (2, {"loss": 0.5})]
    assert bench.left() == [run.artefact] == ["trained-1.onnx"]
    said = bench.made().read_text()
    for words in (
        f'"MODELTENDER_TRAIN_DATA": "{bench.inbox}/train.npz"',
        f'"MODELTENDER_VALIDATION_DATA": "{bench.tested}/validation.npz"',
        '"MODELTENDER_SEED": "7"',
        '"MODELTENDER_EPOCHS": "2"',
        '"MODELTENDER_MODEL": "digits"',
    ):
        assert words in said
    assert "hush" not in said
    log = TrainingFolder(bench.context.workspace, run.id).log.read_text()
    assert "began with 9" in log
    assert "{broken" in log
    assert "epoch 2/2, loss 0.5" in bench.listener.heard
    assert "trained-1.onnx is the next version" in outcome.message


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("print('no data', file=sys.stderr); sys.exit(3)", "ended with exit status 3: no data"),
        ("os.abort()", "ended with signal 6"),
        ("pass", "left nothing in MODELTENDER_OUTPUT"),
        (
            "[open(os.environ['MODELTENDER_OUTPUT'] + f'/{n}', 'w') for n in 'ab']",
            "left 2 in MODELTENDER_OUTPUT",
        ),
    ],
    ids=["status", "signal", "nothing", "two"],
)
def test_what_goes_wrong_is_one_sentence(bench: TrainingBench, source: str, words: str) -> None:
    """How it ended and its last words; nothing lands in the inbox."""
    program(bench, source)
    with pytest.raises(JobError) as raised:
        bench.train()
    assert words in raised.value.message
    assert bench.left() == []
    assert bench.runs()[0].state is TrainingState.FAILED


def test_a_program_that_is_not_there_is_named(bench: TrainingBench) -> None:
    """The sentence says which program, and where it is written."""
    bench.settings('[train]\ncommand = ["no-such-trainer"]\n')
    with pytest.raises(JobError) as raised:
        bench.train()
    assert raised.value.message == "no-such-trainer cannot be started: No such file or directory."


def test_nothing_is_run_where_commands_are_not_trusted(workspace: Workspace, writer: Writer) -> None:
    """Without a word in modeltender.toml the program does not run, and the word is told."""
    none = cast("Any", None)
    bench = TrainingBench(Context(workspace, writer, WorkspaceSettings(), none, none, time.time))
    program(bench, "open('ran', 'w')")
    with pytest.raises(JobError) as raised:
        bench.train()
    assert "[trust] commands = true" in raised.value.hint
    assert not (workspace.root / "ran").exists()


def test_cancelling_ends_the_program_with_its_children(bench: TrainingBench) -> None:
    """Also a child that has left the program's group goes."""
    program(
        bench,
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'], start_new_session=True)\n"
        "print(json.dumps({'epoch': 1, 'pid': child.pid, 'own': os.getpid()}), flush=True)\n"
        "time.sleep(600)\n",
    )

    def stop(message: str) -> None:
        bench.listener.stop = bench.listener.stop or message.startswith("epoch 1/2")

    bench.listener.meanwhile = stop
    with pytest.raises(JobError) as raised:
        bench.train()
    assert raised.value.code == CANCELLED
    figures = bench.runs()[0].curve[0].figures
    for pid in (int(figures["pid"]), int(figures["own"])):
        until_ended(pid)


def test_a_program_that_outlived_its_engine_is_ended(bench: TrainingBench) -> None:
    """Before a cut-off training begins again, what still works at it goes; another process of that number stays."""
    program(bench, "open(os.path.join(os.environ['MODELTENDER_OUTPUT'], 'model.onnx'), 'w').write('x')\n")
    folder = bench.context.workspace.training / "1"
    folder.mkdir(parents=True)
    command = [sys.executable, "-c", "import time; time.sleep(600)"]
    with subprocess.Popen(command) as left, subprocess.Popen(command) as other:
        try:
            (folder / "process").write_text(f"{left.pid} {psutil.Process(left.pid).create_time()!r}")
            bench.train()
            until_ended(left.pid)
            second = Path(bench.context.workspace.training / "2")
            second.mkdir()
            (second / "process").write_text(f"{other.pid} 1.0")
            bench.train()
            assert not ended(other.pid)
        finally:
            left.kill()
            other.kill()
    assert not (folder / "process").exists()


@pytest.mark.parametrize("where", ["log", "output", "process", "inbox"])
def test_a_training_that_could_not_be_kept_is_gone_on_with(
    bench: TrainingBench, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """For want of room it is cut off, as by the engine's end: with room the same training goes on, and what it made is not lost."""
    program(
        bench,
        "open('ran', 'a').write('x')\n"
        "print(json.dumps({'epoch': 1, 'loss': 1.0}), flush=True)\n"
        "open(os.path.join(os.environ['MODELTENDER_OUTPUT'], 'model.onnx'), 'w').write('x')\n",
    )

    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        folder = TrainingFolder(bench.context.workspace, 1)
        folder.make()
        if where == "log":
            folder.log.mkdir()
        elif where == "output":
            (folder.path / "output").write_text("in the way")
        elif where == "process":
            patch.setattr(command, "_remember", full)
        else:
            patch.setattr(training_folder, "_sync", full)
        with pytest.raises(JobError) as raised:
            bench.train()
    kept = "train/digits" if where == "inbox" else ".modeltender/training"
    assert kept in raised.value.message
    assert "train again: it goes on" in raised.value.hint
    [cut] = bench.runs()
    assert (cut.state, bench.left()) == (TrainingState.RUNNING, [])
    if where == "log":
        folder.log.rmdir()
    elif where == "output":
        (folder.path / "output").unlink()
    bench.train()
    [run] = bench.runs()
    assert (run.id, run.state) == (cut.id, TrainingState.SUCCEEDED)
    assert bench.left() == ["trained-1.onnx"]
    # What was whole is delivered as it is; of a program that was ended at once nobody knows how far it came.
    if where != "process":
        assert (bench.context.workspace.root / "ran").read_text() == "x"


SAVES = "open(os.path.join(os.environ['MODELTENDER_OUTPUT'], 'model.onnx'), 'w').write('x')\n"


def test_a_training_that_was_delivered_and_cut_off_is_not_delivered_twice(
    bench: TrainingBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the inbox under its name is what it made: all that is left is to say so."""
    program(bench, SAVES)

    def full(*_given: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(training_folder, "fsync_folder", full)
        with pytest.raises(JobError, match="cannot be put into train/digits"):
            bench.train()
    assert bench.left() == ["trained-1.onnx"]
    bench.train()
    [run] = bench.runs()
    assert (run.state, bench.left()) == (TrainingState.SUCCEEDED, ["trained-1.onnx"])


def test_what_was_cut_off_is_given_up_when_something_else_is_trained(bench: TrainingBench) -> None:
    """Other settings are another training: the first one is over, and its name stays its own."""
    program(bench, SAVES)
    folder = TrainingFolder(bench.context.workspace, 1)
    folder.make()
    folder.log.mkdir()
    with pytest.raises(JobError):
        bench.train()
    (bench.inbox / "trained-2.onnx").write_text("a person's own")
    bench.train(epochs=3)
    second, first = bench.runs()
    assert (first.state, first.message) == (TrainingState.CANCELLED, "cut off, and another one was begun")
    assert second.state is TrainingState.SUCCEEDED
    assert second.artefact == f"trained-2-{second.sha256[:8]}.onnx"
    assert bench.left() == sorted(["trained-2.onnx", second.artefact])
    assert (bench.inbox / "trained-2.onnx").read_text() == "a person's own"


def test_that_a_training_by_itself_came_to_nothing_is_in_the_log(bench: TrainingBench) -> None:
    """Nobody waits for its error; that of a person's training is the job's alone."""
    program(bench, "sys.exit(3)")
    with pytest.raises(JobError):
        bench.train()
    with pytest.raises(JobError) as raised:
        bench.train(trigger=TrainTrigger.NEW_DATA, reason="there are new data")
    with bench.context.writer.transaction() as connection:
        told = [
            event.message for event in events.read(connection, limit=9) if event.code == "retraining-failed"
        ]
    assert told == [f"the automatic training came to nothing: {raised.value.message}"]
