"""Two readings of a model one after the other: what is held of the first one."""

import pytest
from msgspec.structs import replace

from storage import snapshot
from storage.database import Reader, Writer
from storage.snapshot import Detail
from tests.unit.tui.commands.rows import fill
from tui import readings


@pytest.fixture
def filled(writer: Writer, reader: Reader) -> Reader:
    """Return the reader of a workspace with two models."""
    fill(writer)
    return reader


def detail(reader: Reader) -> Detail:
    """Return what is known of one model."""
    found = snapshot.read_detail(reader, "mnist")
    assert found is not None
    return found


def test_evaluations_and_points_are_held_once(filled: Reader) -> None:
    """Those that are as they were are the very ones of before, the others what was read now."""
    before, read = detail(filled), detail(filled)
    newest, *rest = before.evaluations
    *known, latest = before.history
    found = readings.with_same(
        read,
        replace(
            before,
            evaluations=(replace(newest, requested_by="other"), *rest),
            history=(*known, replace(latest, value=0.5)),
        ),
    )
    assert found == read
    assert found is not None
    assert rest
    assert known
    assert found.evaluations[0] is read.evaluations[0]
    assert [id(each) for each in found.evaluations[1:]] == [id(each) for each in rest]
    assert found.history[-1] is read.history[-1]
    assert [id(each) for each in found.history[:-1]] == [id(each) for each in known]
    assert [id(each) for each in found.latency] == [id(each) for each in before.latency]


def test_there_may_be_nothing_before_and_nothing_now(filled: Reader) -> None:
    """A model that has just been chosen, and one that is gone."""
    read = detail(filled)
    assert readings.with_same(read, None) is read
    assert readings.with_same(None, read) is None
