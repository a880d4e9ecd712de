"""Promises about two versions beside each other: an answer is shown only while it is about what is shown."""

import msgspec
import pytest

from storage import jobs, paired
from storage.comparisons import Compared
from storage.database import Reader, Writer
from storage.paired import Wanted
from storage.records import JobParameters
from storage.vocabulary import JobKind, JobState, Verdict
from tests.unit.tui.commands.rows import NOW, add_evaluation, fill

WANTED = Wanted("mnist", 1, 2)

ANSWER = Compared(
    model="mnist",
    from_version=1,
    to_version=2,
    verdict=Verdict.SUPERIOR,
    metric="accuracy",
    margin=0.01,
    gained=9,
    lost=2,
    figures=(),
    latency=None,
)

EVALUATED = NOW + 120
"""When the latest of the two was evaluated that `fill` records."""


def compare(
    writer: Writer, *, against: int = 1, at: float, state: JobState = JobState.SUCCEEDED, answer: str = ""
) -> int:
    """Record a comparison of version 2 that was asked for and begun at a time, and what became of it."""
    with writer.transaction() as connection:
        job = jobs.add(
            connection,
            JobKind.COMPARE,
            "mnist",
            2,
            requested_by="test",
            now=at,
            parameters=JobParameters(against=against),
        )
        assert jobs.claim(connection, frozenset({JobKind.COMPARE}), now=at) is not None
        jobs.finish(connection, job.id, state, now=at + 1, result=answer)
    return job.id


def told(answer: Compared = ANSWER) -> str:
    """Return an answer as a job keeps it."""
    return msgspec.json.encode(answer).decode()


def test_an_answer_is_that_of_the_latest_comparison_that_gave_one(reader: Reader, writer: Writer) -> None:
    """One that failed since is named as the latest, and takes no answer away; one against another version is none of this pair."""
    fill(writer)
    compare(writer, at=EVALUATED + 1, answer=told(msgspec.structs.replace(ANSWER, lost=7)))
    compare(writer, at=EVALUATED + 2, answer=told())
    failed = compare(writer, at=EVALUATED + 3, state=JobState.FAILED)
    compare(writer, against=3, at=EVALUATED + 4, answer=told(msgspec.structs.replace(ANSWER, lost=5)))
    found = paired.read(reader, WANTED)
    assert found is not None
    assert found.answer == ANSWER
    assert found.job is not None
    assert (found.job.id, found.job.state) == (failed, JobState.FAILED)
    assert found.wanted == WANTED
    assert found.unmeasured == ()


def test_an_answer_about_older_figures_is_none(reader: Reader, writer: Writer) -> None:
    """Once one of the two was evaluated again, what was said of them before is not shown beside their figures."""
    fill(writer)
    compare(writer, at=EVALUATED + 1, answer=told())
    before = paired.read(reader, WANTED)
    assert before is not None
    assert before.answer == ANSWER
    with writer.transaction() as connection:
        add_evaluation(connection, before.after.id, None, accuracy=0.97, at=EVALUATED + 5)
    found = paired.read(reader, WANTED)
    assert found is not None
    assert found.answer is None
    assert found.job is not None


def test_a_moment_knows_nothing_of_what_came_later(reader: Reader, writer: Writer) -> None:
    """Seen from before a comparison was asked for, there was none; from after its end, there is its answer."""
    fill(writer)
    compare(writer, at=EVALUATED + 10, answer=told())
    before, after = (paired.read(reader, WANTED, at=EVALUATED + later) for later in (5, 20))
    assert before is not None
    assert after is not None
    assert (before.job, before.answer) == (None, None)
    assert after.answer == ANSWER


def test_a_version_without_figures_is_told_apart(reader: Reader, writer: Writer) -> None:
    """Whatever a comparison said, a version that was never evaluated is unmeasured, and there is no answer about it."""
    fill(writer)
    found = paired.read(reader, Wanted("mnist", 1, 3))
    assert found is not None
    assert [version.number for version in found.unmeasured] == [3]
    assert (found.answer, found.after_parts) == (None, ())


@pytest.mark.parametrize("wanted", [Wanted("mnist", 1, 9), Wanted("mnist", 9, 2), Wanted("other", 1, 2)])
def test_what_is_not_there_makes_no_pair(reader: Reader, writer: Writer, wanted: Wanted) -> None:
    """Where either of the two is unknown, there is nothing to show."""
    fill(writer)
    assert paired.read(reader, wanted) is None
