"""What `rehearse` says of another environment, and how it ends."""

import time
from pathlib import Path

import msgspec
import pytest

from storage import jobs
from storage.database import Writer
from storage.records import Job
from storage.rehearsed import Rehearsed, RehearsedFigure, RehearsedModel, RehearsedSide
from storage.vocabulary import ExitCode, Format, JobKind, JobState, Rehearsal
from tests.unit.tui.commands.conftest import Begin, Run

THERE = RehearsedSide(loads=True, versions={"keras": "4.0.0"}, load_s=0.3, isolation="full")
HERE = RehearsedSide(loads=True, versions={"keras": "3.15.0"}, load_s=0.2, isolation="full")
FIGURE = RehearsedFigure("accuracy", 0.95, 0.94, -0.01, -0.02, -0.001, 0.95, 2000, "Tango", moved=True)
STEADY = RehearsedFigure("log_loss", 0.1, 0.1, 0.0, None, None, 0.95, 2000, "unpaired", moved=False)


def answer(verdict: Rehearsal, *reasons: str) -> Rehearsed:
    """Return what an engine found."""
    one = RehearsedModel(
        model="mnist",
        version=1,
        format=Format.KERAS,
        verdict=verdict,
        reasons=reasons,
        here=HERE,
        there=RehearsedSide(loads=False, problem="x") if verdict is Rehearsal.BREAKS else THERE,
        figures=() if verdict is Rehearsal.SAME else (FIGURE, STEADY),
        outputs=None,
    )
    return Rehearsed(
        interpreter="/next/bin/python",
        python_here="3.11.7",
        python_there="3.13.1",
        breaks=verdict is Rehearsal.BREAKS,
        models=(one,),
    )


@pytest.mark.parametrize(
    ("found", "status", "words"),
    [
        (
            answer(Rehearsal.SAME),
            ExitCode.DONE,
            ("keras 3.15.0", "keras 4.0.0", "no figure moves (1 deployed"),
        ),
        (
            answer(Rehearsal.MOVES),
            ExitCode.DONE,
            (
                "accuracy",
                "0.9500",
                "0.9400",
                "-0.0100 [-0.0200, -0.0010]",
                "Nothing would break. Figures of 1 of 1",
            ),
        ),
        (
            answer(Rehearsal.BREAKS, "it does not load there: " + "no such layer " * 12),
            ExitCode.NO,
            ("✗  mnist@1", "it does not load there", "would break: mnist@1. Do not upgrade"),
        ),
        (
            answer(Rehearsal.MENDS, "here, and loads there: unknown layer"),
            ExitCode.DONE,
            ("+  mnist@1", "would work again: mnist@1", "--by convert", "/next/bin/python"),
        ),
    ],
)
def test_it_says_what_would_happen(
    ask: Run, working: Begin, tmp_path: Path, found: Rehearsed, status: int, words: tuple[str, ...]
) -> None:
    """Within 80 columns; the exit status answers whether anything would break, and the document is the engine's."""

    def reply(writer: Writer, job: Job) -> None:
        with writer.transaction() as connection:
            jobs.finish(
                connection,
                job.id,
                JobState.SUCCEEDED,
                now=time.time(),
                result=msgspec.json.encode(found).decode(),
            )

    done = working(reply)
    interpreter = tmp_path / "bin" / "python"
    interpreter.parent.mkdir()
    interpreter.symlink_to("/bin/true")
    said = ask("rehearse", "--python", str(tmp_path), "--model", "mnist")
    assert said.status == status
    for word in words:
        assert word in said.out
    assert "log_loss" not in said.out
    assert all(len(line) <= 80 for line in said.out.splitlines())
    assert (done[0].kind, done[0].model) == (JobKind.REHEARSE, "mnist")
    # The link of an environment is what makes it one: it is not followed.
    assert done[0].parameters.interpreter == str(interpreter)
    said = ask("rehearse", "--python", str(interpreter), "--json")
    assert (said.status, said.json["breaks"], done[1].model) == (status, found.breaks, "")


def test_what_is_not_there_is_said_before_anything_is_asked(ask: Run, tmp_path: Path) -> None:
    """An unknown model, and no such file."""
    assert ask("rehearse", "--python", str(tmp_path / "none")).status == ExitCode.USAGE
    said = ask("rehearse", "--python", "/bin/true", "--model", "mnits")
    assert said.status == ExitCode.USAGE
    assert "Did you mean 'mnist'?" in said.err
