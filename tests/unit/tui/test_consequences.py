"""What a question about a switch says would change: the link, and what else would be told."""

import pytest
from rich.text import Text

from storage.promotion_records import PromotionTarget
from storage.records import Version
from storage.vocabulary import Format, Status, TargetKind, TargetState
from tui.dialogs.consequences import UNREAD, consequences

WIDTH = 68
"""Columns of a question in a terminal of eighty."""


def version(number: int) -> Version:
    """Return a version that is ready."""
    return Version(
        id=number,
        model="mnist",
        number=number,
        format=Format.KERAS,
        status=Status.READY,
        reason="",
        role=None,
        sha256="a" * 64,
        bytes=1,
        artefact="model.keras",
        source="",
        found_at=0.0,
        parameters=None,
    )


def target(state: TargetState, message: str = "", name: str = "stable") -> PromotionTarget:
    """Return a target whose last telling ended so."""
    told = state is not TargetState.UNTOLD
    return PromotionTarget(
        name=name,
        kind=TargetKind.TRITON,
        place="config.pbtxt",
        state=state,
        version=2 if told else None,
        message=message,
        at=1_750_000_000.0 if told else None,
    )


def said(targets: tuple[PromotionTarget, ...] | None, current: Version | None) -> list[str]:
    """Return the lines of a switch to version 3."""
    return [
        line.plain.rstrip() for line in consequences(current, version(3), targets, Text("u undoes it"), WIDTH)
    ]


def test_the_link_is_named_with_what_it_says_now() -> None:
    """A person reads which file changes, and from what to what."""
    assert said((), version(2)) == [
        "changes  models/mnist/current  2 -> 3",
        "u undoes it",
        "No other system is told: this model has no promotion targets.",
    ]
    assert said((), None)[0] == "changes  models/mnist/current  nothing -> 3"


@pytest.mark.parametrize(
    ("state", "message", "words"),
    [
        (TargetState.CONFIRMED, "label stable", "v2 confirmed 2025-06-15 15:06"),
        (TargetState.FAILED, "no answer", "FAILED 2025-06-15 15:06: no answer"),
        (TargetState.UNTOLD, "", "never told yet"),
        (TargetState.TELLING, "", "being told now, or was interrupted"),
    ],
)
def test_every_target_is_named_with_its_last_state(state: TargetState, message: str, words: str) -> None:
    """Each on a line, with its kind where its name does not say it."""
    lines = said((target(state, message), target(state, message, name="triton")), version(2))
    assert lines[2] == "Told next, in this order; if one fails, all is undone:"
    assert lines[3:] == [f"  stable (triton)  {words}", f"  triton  {words}"]


def test_long_reasons_are_wrapped() -> None:
    """A failure is read in full, within the dialog."""
    lines = said((target(TargetState.FAILED, "the server does not answer " * 8),), version(2))
    assert max(map(len, lines)) <= WIDTH
    assert " ".join(" ".join(lines).split()).count("the server does not answer") == 8


def test_what_is_not_read_yet_is_not_told_as_nothing() -> None:
    """Silence would say that nobody else learns of it."""
    assert said(None, version(2))[2] == UNREAD
