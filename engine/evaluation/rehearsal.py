"""What it means that a version answers differently in another environment: the same, moved, or broken. Pure.

Owns what counts as rounding, and what would break. Examples are the same, and so is the model: any difference is the
environment's, and chance decides only which examples it hits.
"""

from math import isfinite
from typing import Final, NamedTuple

from engine.evaluation import golden
from engine.evaluation.comparison import NotComparableError, Pair, Question, Side
from engine.evaluation.facts import deciding_metric
from engine.processes.probes import PlainArray
from storage.objectives import judge
from storage.records import Version
from storage.rehearsed import RehearsedFigure, RehearsedModel, RehearsedOutputs, RehearsedSide
from storage.settings import ModelSettings
from storage.vocabulary import Format, Rehearsal

ROUNDING: Final = 1e-6
"""Share of a figure (of 1, where it is smaller) by which it may differ without having moved: sums in another order."""

NOTEWORTHY: Final = 1e-4
"""The same for a figure that is worse in every example: what rounding does to a mean error is no reason not to upgrade."""


class Outcome(NamedTuple):
    """What became of a version in one environment."""

    told: RehearsedSide
    side: Side | None = None
    """``None`` where it was not evaluated."""
    inputs: tuple[PlainArray, ...] = ()
    outputs: tuple[PlainArray, ...] = ()
    """What it was asked and answered; empty where that is not known."""


def judged(version: Version, here: Outcome, there: Outcome, settings: ModelSettings | None) -> RehearsedModel:
    """Return what the other environment would make of a version."""
    figures: tuple[RehearsedFigure, ...] = ()
    outputs = None
    if settings is not None and here.side is not None and there.side is not None:
        figures = _figures(here.side, there.side, settings)
        outputs = _outputs(here.outputs, there.outputs)
    reasons = _reasons(here, there, figures, outputs, settings)
    return RehearsedModel(
        model=version.model,
        version=version.number,
        format=version.format or Format.KERAS,
        verdict=_verdict(here, there, figures, breaking=bool(reasons)),
        reasons=reasons or _remarks(here, there),
        here=here.told,
        there=there.told,
        figures=figures,
        outputs=outputs,
    )


def _works(outcome: Outcome, other: Outcome) -> bool:
    """Whether a version does all that it can be asked to: without data, loading is all there is."""
    return outcome.told.loads and (outcome.side is not None or other.side is None)


def _verdict(
    here: Outcome, there: Outcome, figures: tuple[RehearsedFigure, ...], *, breaking: bool
) -> Rehearsal:
    works_here, works_there = _works(here, there), _works(there, here)
    if not works_here:
        return Rehearsal.MENDS if works_there else Rehearsal.BROKEN
    if breaking:
        return Rehearsal.BREAKS
    if here.side is None:
        return Rehearsal.LOADS
    return Rehearsal.MOVES if any(figure.moved for figure in figures) else Rehearsal.SAME


def _reasons(
    here: Outcome,
    there: Outcome,
    figures: tuple[RehearsedFigure, ...],
    outputs: RehearsedOutputs | None,
    settings: ModelSettings | None,
) -> tuple[str, ...]:
    """Return what would break of a version that works here."""
    if not _works(here, there):
        return ()
    if not there.told.loads:
        return (f"it does not load there: {there.told.problem}",)
    if not _works(there, here):
        return (f"it cannot be evaluated there: {there.told.problem}",)
    found = []
    if outputs is not None and not outputs.alike:
        found.append(_apart(outputs))
    if settings is not None and here.side is not None and there.side is not None:
        found += _worse(here.side, figures, settings)
        found += _missed(here.side, there.side, settings)
    return tuple(found)


def _remarks(here: Outcome, there: Outcome) -> tuple[str, ...]:
    """Return why nothing could be compared, where that is so."""
    if here.told.problem:
        where = "here" if here.told.loads or not there.told.loads else "here, and loads there"
        return (f"{where}: {here.told.problem}",)
    return (f"there: {there.told.problem}",) if there.told.problem else ()


def _apart(outputs: RehearsedOutputs) -> str:
    if outputs.largest is None:
        return f"its answers to {outputs.n} examples have another form there, or are no numbers"
    turned = f", and {outputs.turned} of them get another class" if outputs.turned else ""
    return (
        f"its answers to {outputs.n} examples are apart by up to {outputs.largest:.2g} there, where rounding explains "
        f"{outputs.tolerance:.2g}{turned}"
    )


def _worse(here: Side, figures: tuple[RehearsedFigure, ...], settings: ModelSettings) -> list[str]:
    """Return that the figure that the gate decides by is worse, beyond chance and rounding."""
    name = deciding_metric(settings.gate, here.evaluation)
    return [
        f"{figure.name} is worse there beyond chance: {figure.there:.4f} instead of {figure.here:.4f}"
        for figure in figures
        if figure.name == name
        and figure.high is not None
        and figure.high < 0
        and abs(figure.there - figure.here) > NOTEWORTHY * max(1.0, abs(figure.here))
    ]


def _missed(here: Side, there: Side, settings: ModelSettings) -> list[str]:
    """Return the objectives that are met here and missed there."""
    if here.evaluation is None or there.evaluation is None:
        return []
    met = {one.name for one in judge(settings.objectives, here.evaluation) if one.met}
    return [
        f"{one.sentence()} there"
        for one in judge(settings.objectives, there.evaluation)
        if one.met is False and one.name in met
    ]


def _figures(here: Side, there: Side, settings: ModelSettings) -> tuple[RehearsedFigure, ...]:
    if here.evaluation is None or there.evaluation is None:
        return ()
    found, pair = [], Pair(here, there)
    for metric in here.evaluation.metrics:
        if there.evaluation.metric(metric.name) is None:
            continue
        try:
            one = pair.compare(Question(metric.name, 0.0, (1 - settings.gate.confidence) / 2))
        except NotComparableError:
            # What is kept of the examples is not enough for this figure; the others tell.
            continue
        moved = abs(one.after - one.before) > ROUNDING * max(1.0, abs(one.before))
        found.append(
            RehearsedFigure(
                one.metric,
                one.before,
                one.after,
                one.advantage,
                one.low if isfinite(one.low) else None,
                one.high if isfinite(one.high) else None,
                one.confidence,
                one.n,
                one.method,
                moved,
            )
        )
    return tuple(found)


def _outputs(here: tuple[PlainArray, ...], there: tuple[PlainArray, ...]) -> RehearsedOutputs | None:
    if not here or not there:
        return None
    found = golden.compare(here, there)
    return RehearsedOutputs(
        found.rows,
        found.identical,
        found.largest if isfinite(found.largest) else None,
        found.tolerance,
        found.turned,
        found.within,
    )
