"""What ``show --promotions`` tells: every promotion and rollback of a model, as a document and in words. Pure."""

import textwrap
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from storage.jobs import OUTSIDE
from storage.promotion_records import FORMAL, LATENCY, PASSING, GateCheck, Promotion, ToldTarget
from storage.text import word
from storage.vocabulary import JobKind, PromotionOutcome, TargetState
from tui.commands.checks import LEAST_WIDTH
from tui.commands.model_documents import PromotionEntryDocument, PromotionsDocument, ToldTargetDocument

WORDS: Final = {JobKind.PROMOTE: "promoted", JobKind.ROLLBACK: "rolled back"}

ENDINGS: Final = {
    PromotionOutcome.INTENDED: "under way, or cut short",
    PromotionOutcome.DONE: "",
    PromotionOutcome.ABANDONED: "did not come about",
}

INDENT: Final = "    "


def promotions_document(model: str, current: int | None, entries: Sequence[Promotion]) -> PromotionsDocument:
    """Return what is printed of a model's promotions, the newest first."""
    return PromotionsDocument(
        model=model, current=current, promotions=tuple(_entry(promotion) for promotion in entries)
    )


def _entry(promotion: Promotion) -> PromotionEntryDocument:
    return PromotionEntryDocument(
        id=promotion.id,
        at=datetime.fromtimestamp(promotion.at, UTC),
        kind=promotion.kind,
        by=promotion.requested_by,
        from_version=promotion.from_version,
        to_version=promotion.to_version,
        outcome=promotion.outcome,
        problem=promotion.problem,
        verdict=promotion.verdict,
        checks=promotion.checks,
        forced=promotion.forced,
        reason=promotion.reason,
        targets=tuple(
            ToldTargetDocument(name=told.name, kind=told.kind, state=told.state, message=told.message)
            for told in promotion.told
        ),
    )


def promotions_text(model: str, current: int | None, entries: Sequence[Promotion], width: int) -> str:
    """Return a model's promotions in words, the newest first, no wider than the terminal."""
    if not entries:
        return f"Nothing of {model} was ever promoted. Promote its candidate with: modeltender promote {word(model)}"
    deployed = "nothing is deployed" if current is None else f"version {current} is deployed"
    done = [entry.kind for entry in entries if entry.outcome is PromotionOutcome.DONE]
    counted = (
        f"{_counted(done.count(JobKind.PROMOTE), 'promotion')}, "
        f"{_counted(done.count(JobKind.ROLLBACK), 'rollback')}"
    )
    lines = [f"{model}  {deployed}; {counted}, the newest first"]
    for entry in entries:
        lines += _lines(entry, max(width, LEAST_WIDTH))
    return "\n".join(lines)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _lines(entry: Promotion, width: int) -> list[str]:
    moved = f"{'nothing' if entry.from_version is None else entry.from_version} > {entry.to_version}"
    word = WORDS.get(entry.kind, str(entry.kind))
    parts = [
        f"{datetime.fromtimestamp(entry.at, UTC):%Y-%m-%d %H:%M:%S}",
        f"{word:<11}",
        f"{moved}",
        _by(entry),
        str(entry.verdict or ""),
        "FORCED" if entry.forced else "",
        ENDINGS[entry.outcome],
    ]
    lines = ["  ".join(part for part in parts if part).rstrip()]
    for name, told in _remarks(entry):
        head = f"{INDENT}{name}  "
        lines += textwrap.wrap(
            told, width, initial_indent=head, subsequent_indent=" " * len(head), break_on_hyphens=False
        )
    return lines


def _by(entry: Promotion) -> str:
    return entry.requested_by if entry.requested_by == OUTSIDE else f"by {entry.requested_by}"


def _remarks(entry: Promotion) -> list[tuple[str, str]]:
    """Return what is said below an entry, each with its name."""
    remarks = [("problem", entry.problem)] if entry.problem else []
    if entry.reason:
        remarks.append(("reason", entry.reason))
    remarks += [(f"{check.verdict}  {check.name}", check.detail) for check in _telling(entry.checks)]
    return remarks + [(f"told  {told.name}", _told(told)) for told in entry.told]


def _telling(checks: Sequence[GateCheck]) -> list[GateCheck]:
    """Return the checks of the figure that decided and of the latency, and those that did not pass.

    The others are in the document.
    """
    figure = next((check for check in checks if check.name not in FORMAL), None)
    return [
        check for check in checks if check is figure or check.name == LATENCY or check.verdict not in PASSING
    ]


def _told(told: ToldTarget) -> str:
    state = "" if told.state is TargetState.CONFIRMED else f"{told.state}: "
    return f"{state}{told.message or told.state}"
