"""No class is forgotten: each is recognised as often as before, within ``gate.class_margin``.

Each class is tested for itself on its own examples, with Tango's score test, and Holm's procedure keeps the chance of
any wrong answer among them within the level. Without a margin in the settings nothing is asked.
"""

from typing import NamedTuple

import numpy as np

from engine.evaluation import sentences
from engine.evaluation.comparison import discordance
from engine.evaluation.facts import Facts
from engine.evaluation.figures import Setup
from engine.evaluation.paired import holm, mcnemar, needed, tango
from engine.evaluation.paired.figures import MOST_CLASSES
from engine.evaluation.paired.tango import Discordance
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict, Column

NAME = "classes"


class _Class(NamedTuple):
    name: str
    seen: Discordance


def check(facts: Facts) -> tuple[GateCheck, ...]:
    """Test each class that has examples."""
    margin = facts.gate.class_margin
    if margin is None:
        return ()
    found = _classes(facts)
    if not found:
        detail = (
            "what each class' examples came to is not on record for both versions, or there are more than "
            f"{MOST_CLASSES} classes; evaluate both again"
        )
        return (GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail),)
    return (_judged(found, margin, facts.level),)


def _judged(found: list[_Class], margin: float, level: float) -> GateCheck:
    worse = holm.adjusted([_p_worse(one.seen) for one in found])
    least = min(range(len(found)), key=worse.__getitem__)
    if worse[least] < level and _p_within(found[least].seen, margin) >= level:
        return GateCheck(NAME, CheckVerdict.FAIL, f"{_told(found[least], level)}: worse beyond chance")
    within = holm.adjusted([_p_within(one.seen, margin) for one in found])
    open_ones = [one for one, p in zip(found, within, strict=True) if p >= level]
    if not open_ones:
        lowest = min(found, key=lambda one: one.seen.advantage)
        detail = f"each of {len(found)} within {margin:g}; the least is {_told(lowest, level)}"
        return GateCheck(NAME, CheckVerdict.PASS, detail)
    last = min(open_ones, key=lambda one: tango.score(one.seen, -margin))
    detail = (
        f"a loss of {margin:g} is not ruled out for {_listed(open_ones)}; the least is {_told(last, level)}"
    )
    more = needed.examples(last.seen.share, margin, level / len(found), bounded=True)
    if more is not None and more > last.seen.n:
        detail += f"; if it is as good as before, about {more - last.seen.n:,} more examples of it decide"
    return GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail)


def _p_worse(seen: Discordance) -> float:
    return mcnemar.better(Discordance(seen.lost, seen.gained, seen.n)).mid


def _p_within(seen: Discordance, margin: float) -> float:
    return tango.p_not_inferior(seen, margin)


def _classes(facts: Facts) -> list[_Class]:
    old, new = facts.current, facts.candidate
    targets = new.values.get(Column.TARGET)
    if old is None or targets is None or targets.dtype.kind != "u" or old.right is None or new.right is None:
        return []
    before = old.values.get(Column.TARGET)
    if before is None or not np.array_equal(before, targets):
        return []
    numbers = np.unique(targets)
    if len(numbers) > MOST_CLASSES:
        return []
    labels = facts.settings.labels if isinstance(facts.settings.labels, tuple) else ()
    setup = Setup(labels)
    return [
        _Class(setup.slice_of(number).partition("=")[2], discordance(old.right[rows], new.right[rows]))
        for number in numbers.tolist()
        for rows in [targets == number]
    ]


def _told(one: _Class, level: float) -> str:
    low, high = tango.interval(one.seen, 1 - 2 * level)
    interval = f"[{sentences.signed(low)}, {sentences.signed(high)}]"
    return f"class {one.name}, {sentences.signed(one.seen.advantage)} {interval} (n={one.seen.n})"


def _listed(found: list[_Class]) -> str:
    if len(found) == 1:
        return f"class {found[0].name}"
    return f"{len(found)} classes"
