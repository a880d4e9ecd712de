"""A fault opens once, is counted, and ends: so many of so many looks, and none twice at the same figures."""

import pytest
from msgspec.structs import replace

from engine.faults.finding import FaultSpec, Finding, found, healthy, unknown
from engine.faults.steadiness import Step, decide
from storage.fault_records import CheckAnswer
from storage.vocabulary import Severity

ONCE = FaultSpec(
    code="x", severity=Severity.WARNING, means="It is.", advice="Look", urgent="Today.", otherwise="Wait."
)
SLOW = replace(ONCE, opens=(2, 3), closes=2)

NAMES = {
    "1": found("it is", version=1),
    "0": healthy("it is not", version=1),
    "?": unknown("who knows", version=1),
}


def after(spec: FaultSpec, looks: "list[Finding]") -> list[Step]:
    """Return what follows from each of some looks, as the check job remembers them."""
    before: CheckAnswer | None = None
    is_open, steps = False, []
    for look in looks:
        decided = decide(spec, look, before, is_open=is_open)
        steps.append(decided.step)
        is_open = decided.step is Step.OPEN or (is_open and decided.step is not Step.CLOSE)
        before = CheckAnswer(
            model="m",
            code="x",
            version=look.version,
            answer=look.answer,
            detail=look.detail,
            basis=look.basis,
            recent=decided.recent,
            at=0.0,
        )
    return steps


@pytest.mark.parametrize(
    ("spec", "looks", "steps"),
    [
        (ONCE, "0", "-"),
        (ONCE, "1", "o"),
        (ONCE, "110", "ooc"),
        (ONCE, "1?0", "o-c"),
        (SLOW, "1", "-"),
        (SLOW, "11", "-o"),
        (SLOW, "101", "--o"),
        (SLOW, "1001", "----"),
        (SLOW, "110", "-o-"),
        (SLOW, "1100", "-o-c"),
        (SLOW, "110100", "-o-o-c"),
        (SLOW, "11?0?0", "-o---c"),
    ],
)
def test_looks_open_and_close(spec: FaultSpec, looks: str, steps: str) -> None:
    """What is not known changes nothing; an open fault is counted at every look that finds it."""
    words = {Step.NOTHING: "-", Step.OPEN: "o", Step.CLOSE: "c"}
    assert "".join(words[step] for step in after(spec, [NAMES[look] for look in looks])) == steps


def test_the_same_figures_are_one_look() -> None:
    """A check that is repeated before the next evaluation says nothing new, however often."""
    same = found("it is", version=1, basis="7")
    assert after(SLOW, [same, same, same]) == [Step.NOTHING] * 3
    assert after(SLOW, [same, same, found("it is", version=1, basis="8")])[-1] is Step.OPEN
    calm = healthy("it is not", version=1, basis="9")
    steps = after(SLOW, [same, found("it is", version=1, basis="8"), calm, calm])
    assert steps[-1] is Step.NOTHING


def test_the_same_figures_may_be_judged_anew() -> None:
    """Who asks for more of them in model.toml hears of it at once, and of the end as well."""
    kept, missed = healthy("it is not", version=1, basis="7"), found("it is", version=1, basis="7")
    assert after(ONCE, [kept, missed, missed, kept]) == [Step.NOTHING, Step.OPEN, Step.OPEN, Step.CLOSE]


def test_another_version_begins_anew() -> None:
    """What was seen of one version says nothing about the next."""
    assert after(SLOW, [NAMES["1"], found("it is", version=2)]) == [Step.NOTHING, Step.NOTHING]


def test_a_look_that_verifies_a_repair_decides_alone() -> None:
    """Nobody waits for a second one to hear whether it helped."""
    decided = decide(SLOW, NAMES["0"], None, is_open=True, verifying=True)
    assert decided.step is Step.CLOSE
    assert decide(SLOW, NAMES["0"], None, is_open=True).step is Step.NOTHING
