"""No class is forgotten: each is recognised as often as before, within ``gate.class_margin``.

Each class is tested for itself on its own examples, with Tango's score test. All have to pass, so that none needs a
stricter level than it has alone (Berger 1982, Technometrics 24:295). Without a margin in the settings nothing is asked.
"""

import operator
from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np

from engine.evaluation import rounding
from engine.evaluation.comparison import discordance
from engine.evaluation.facts import Facts
from engine.evaluation.figures import Setup
from engine.evaluation.guard import Guard, told
from engine.evaluation.paired import mcnemar, needed, tango
from engine.evaluation.paired.counted import MOST_CLASSES
from engine.evaluation.paired.tango import Discordance
from storage.promotion_records import GateCheck
from storage.vocabulary import CheckVerdict, Column

NAME = "classes"


class _Class(NamedTuple):
    name: str
    seen: Discordance


def guard(facts: Facts) -> Guard | None:
    """Test each class that has examples."""
    margin, level = facts.gate.class_margin, facts.level
    if margin is None:
        return None
    found = _classes(facts)
    if not found:
        detail = (
            "what each class' examples came to is not on record for both versions, or there are more than "
            f"{MOST_CLASSES} classes; evaluate both again"
        )
        return told(GateCheck(NAME, CheckVerdict.INCONCLUSIVE, detail))
    losses = tuple(partial(operator.lt, _p_worse(one.seen)) for one in found)
    return Guard(losses, lambda clear: _judged(found, clear, margin, level))


def _judged(found: list[_Class], clear: Sequence[bool], margin: float, level: float) -> GateCheck:
    open_ones = [one for one in found if _p_within(one.seen, margin) >= level]
    if not open_ones:
        lowest = min(found, key=lambda one: one.seen.advantage)
        detail = f"each of {len(found)} within {margin:g}; the least is {_told(lowest, level)}"
        return GateCheck(NAME, CheckVerdict.PASS, detail)
    lost = [one for one, worse in zip(found, clear, strict=True) if worse and one in open_ones]
    if lost:
        least = min(lost, key=lambda one: _p_worse(one.seen))
        return GateCheck(NAME, CheckVerdict.FAIL, f"{_told(least, level)}: worse beyond chance")
    last = min(open_ones, key=lambda one: tango.score(one.seen, -margin))
    detail = (
        f"a loss of {margin:g} is not ruled out for {_listed(open_ones)}; the least is {_told(last, level)}"
    )
    more = needed.examples(last.seen.share, margin, level, bounded=True)
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
    interval = f"[{rounding.signed(low)}, {rounding.signed(high)}]"
    return f"class {one.name}, {rounding.signed(one.seen.advantage)} {interval} (n={one.seen.n})"


def _listed(found: list[_Class]) -> str:
    if len(found) == 1:
        return f"class {found[0].name}"
    return f"{len(found)} classes"
