"""What a candidate must show before it may be promoted: decided from two versions' records alone.

Owns which checks are asked, in which order, and the verdict of them together. It reads no clock, file or database,
and must not know how a promotion is done. The statistics are explained in ``docs/gate.md``.
"""

from collections.abc import Callable, Iterable

from engine.evaluation import sentences
from engine.evaluation.checks import COMPARED, FIRST
from engine.evaluation.comparison import NotComparableError, Side, compare
from engine.evaluation.facts import Facts
from storage.promotion_records import EVALUATED, SAME_DATA, GateCheck, GateReport
from storage.records import Evaluation, Version
from storage.text import word
from storage.vocabulary import CheckVerdict, GateMode, Verdict

PASSING = frozenset({Verdict.SUPERIOR, Verdict.NON_INFERIOR})


def judge(facts: Facts) -> GateReport:
    """Return what the gate says about promoting the candidate over the version that is deployed."""
    against = None if facts.current is None else facts.current.version.number
    evaluated = evaluated_check(facts.candidate.version)
    if evaluated.verdict is not CheckVerdict.PASS:
        return GateReport(against, Verdict.INCONCLUSIVE, (evaluated,))
    if facts.current is None:
        checks = (evaluated, *(made for check in FIRST for made in check(facts)))
        return GateReport(None, _together(Verdict.NON_INFERIOR, checks), checks)
    same = same_data(facts.current.version, facts.candidate.version)
    if same.verdict is not CheckVerdict.PASS:
        return GateReport(against, Verdict.INCONCLUSIVE, (evaluated, same))
    verdict, compared = _figure(facts.current, facts)
    guards = (made for check in COMPARED for made in check(facts))
    checks = (evaluated, same, compared, *guards)
    return GateReport(against, _together(verdict, checks), checks, unmeasured=facts.unmeasured)


def comparable(current: Version | None, candidate: Version) -> bool:
    """Whether the gate would hold the two against each other: a use of the test set."""
    return (
        current is not None
        and evaluated_check(candidate).verdict is CheckVerdict.PASS
        and same_data(current, candidate).verdict is CheckVerdict.PASS
    )


def _together(verdict: Verdict, checks: tuple[GateCheck, ...]) -> Verdict:
    """Return the verdict of all checks: the figure's own where every guard passes."""
    found = {check.verdict for check in checks}
    if verdict is Verdict.INFERIOR or CheckVerdict.FAIL in found:
        return Verdict.INFERIOR
    return Verdict.INCONCLUSIVE if found & {CheckVerdict.INCONCLUSIVE, CheckVerdict.ERROR} else verdict


def _figure(current: Side, facts: Facts) -> tuple[Verdict, GateCheck]:
    """Return what the figure that decides says."""
    question = facts.question
    try:
        found = compare(current, facts.candidate, question)
    except NotComparableError as error:
        return Verdict.INCONCLUSIVE, GateCheck(question.metric, CheckVerdict.ERROR, str(error))
    told = f"{sentences.figures(found)}; {sentences.conclusion(found, question)}"
    outcome = {Verdict.INCONCLUSIVE: CheckVerdict.INCONCLUSIVE, Verdict.INFERIOR: CheckVerdict.FAIL}
    verdict = outcome.get(found.verdict, CheckVerdict.PASS)
    if facts.gate.mode is GateMode.SUPERIORITY and found.verdict is Verdict.NON_INFERIOR:
        told += ", but gate.mode asks for a better one"
        verdict = CheckVerdict.INCONCLUSIVE
    return found.verdict, GateCheck(question.metric, verdict, told)


def unevaluated(candidate: Version, others: Iterable[Version]) -> tuple[Version, ...]:
    """Return the versions that have to be evaluated before a candidate can be held against others, each once.

    Of two that were evaluated with different things it is the one whose figures are older.
    """
    known = evaluated_check(candidate).verdict is CheckVerdict.PASS
    wanted = {} if known else {candidate.number: candidate}
    for other in others:
        if evaluated_check(other).verdict is not CheckVerdict.PASS:
            wanted[other.number] = other
        elif known and same_data(other, candidate).verdict is not CheckVerdict.PASS:
            older = _older(other, candidate)
            wanted[older.number] = older
    return tuple(wanted.values())


def evaluated_check(candidate: Version) -> GateCheck:
    """Whether the candidate's figures are its own."""
    evaluation = candidate.evaluation
    if evaluation is None:
        detail = f"version {candidate.number} has not been evaluated"
        return GateCheck(EVALUATED, CheckVerdict.FAIL, detail)
    if evaluation.artefact_sha256 != candidate.sha256:
        changed = f"version {candidate.number} changed after it was evaluated; evaluate it again"
        return GateCheck(EVALUATED, CheckVerdict.FAIL, changed)
    detail = f"version {candidate.number} was evaluated on {_data(evaluation)}"
    return GateCheck(EVALUATED, CheckVerdict.PASS, detail)


def same_data(current: Version, candidate: Version) -> GateCheck:
    """Two figures mean something together only when they come from the same examples, prepared the same way."""
    old, new = current.evaluation, candidate.evaluation
    name = f"{current.model}@{current.number}"
    if old is None or new is None or old.artefact_sha256 != current.sha256:
        missing = (
            f"version {current.number} has no evaluation to compare with: modeltender evaluate {word(name)}"
        )
        return GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, missing)
    compared: tuple[tuple[str, Callable[[Evaluation], str | int]], ...] = (
        ("data", lambda seen: seen.dataset_sha256),
        ("data", lambda seen: seen.dataset_rows),
        ("preprocessing", lambda seen: seen.preprocessing_sha256),
    )
    for what, fingerprint in compared:
        if fingerprint(old) != fingerprint(new):
            older = _older(current, candidate)
            detail = (
                f"version {current.number} was evaluated with other {what} than version {candidate.number}: "
                f"modeltender evaluate {word(older.model)}@{older.number}"
            )
            return GateCheck(SAME_DATA, CheckVerdict.INCONCLUSIVE, detail)
    detail = f"versions {current.number} and {candidate.number}: {_data(new)}"
    return GateCheck(SAME_DATA, CheckVerdict.PASS, detail)


def _older(one: Version, other: Version) -> Version:
    """Return which of two evaluated versions was evaluated first."""
    old, new = one.evaluation, other.evaluation
    return one if old is not None and new is not None and old.at <= new.at else other


def _data(evaluation: Evaluation) -> str:
    return f"{evaluation.dataset_name}, {evaluation.dataset_rows} rows, {evaluation.dataset_sha256[:8]}"
