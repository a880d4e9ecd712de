"""How comparisons are put into words: one clear sentence with the figures that decided."""

from typing import Final

from engine.evaluation.comparison import UNPAIRED, Comparison, Question
from engine.evaluation.rounding import number, signed
from engine.evaluation.unpaired import higher_is_better
from storage.vocabulary import Verdict

METHODS: Final = {UNPAIRED: "; compared as if on different examples"}
"""What is said of a method beyond its interval."""


def figures(found: Comparison) -> str:
    """Return both figures and the advantage with its interval."""
    return (
        f"{number(found.before)} -> {number(found.after)}: {_word(found.metric)}{advantage(found)} "
        f"({found.confidence * 100:.3g}% interval, n={found.n}{METHODS.get(found.method, '')})"
    )


def _word(metric: str) -> str:
    """Return what says whose sign a difference has, where a figure that falls is an advantage."""
    return "" if higher_is_better(metric) else "advantage "


def advantage(found: Comparison) -> str:
    """Return the advantage with its interval."""
    return f"{signed(found.advantage)} [{signed(found.low)}, {signed(found.high)}]"


def conclusion(found: Comparison, question: Question) -> str:
    """Return what the comparison says about the candidate."""
    margin = f"{question.margin:g}"
    if found.verdict is Verdict.SUPERIOR:
        return f"better beyond chance{_p('mid-p', found.p_mid)}"
    if found.verdict is Verdict.NON_INFERIOR:
        return f"a loss of {margin} is ruled out{_p('p', found.p_not_inferior)}"
    if found.verdict is Verdict.INFERIOR:
        return f"worse beyond chance{_p('mid-p', found.p_mid)}"
    return f"a loss of {margin} is not ruled out{_p('p', found.p_not_inferior)}; {_remedy(found, question)}"


def _remedy(found: Comparison, question: Question) -> str:
    if question.margin <= 0:
        return "with a margin of 0 only a better candidate passes"
    if found.needed is None:
        return "the two are so far apart that more examples alone may not decide"
    return f"if they are equally good, about {found.needed - found.n:,} more labelled examples would decide"


def _p(name: str, value: float | None) -> str:
    return "" if value is None else f" ({name} {value:.2g})"


def ordinal(place: int) -> str:
    """Return 1st, 2nd, 3rd, 4th and so on."""
    if place % 100 in {11, 12, 13}:
        return f"{place}th"
    return f"{place}{ {1: 'st', 2: 'nd', 3: 'rd'}.get(place % 10, 'th') }"
