"""Promote a version? What would change, what the gate says of it, and the way to overrule a gate.

Everything shown was read when the key was pressed, and the same is asked of the engine. What the gate
demands is the engine's; here its report is shown as it was stored.
"""

from collections.abc import Sequence
from functools import partial
from typing import ClassVar, NamedTuple

from rich.text import Text
from textual import on
from textual.widgets import Input

from storage.measured import LESS_IS_BETTER
from storage.promotion_records import PASSING, GateCheck, GateReport, PromotionTarget
from storage.records import Evaluation, Version
from storage.vocabulary import CheckVerdict
from tui.about import wrapped
from tui.commands.compare_text import changed
from tui.commands.figures import milliseconds, number, size, with_interval
from tui.dialogs.consequences import consequences
from tui.dialogs.reasoned import REASON, Reasoned

SHOWN_METRICS = 3
"""Quality figures compared in the dialog: the whole list is on the model's screen."""


class Cells(NamedTuple):
    """The columns of the comparison."""

    name: int
    old: int
    new: int
    change: int

    @property
    def roomy(self) -> bool:
        """Whether what is deployed is told with its interval and its words, too."""
        return self.old >= ROOMY_OLD


ROOMY_OLD = 16


def cells(width: int) -> Cells:
    """Return the columns that fit: where there is little room, the interval of what is known already gives way."""
    if width >= sum(roomy := Cells(21, ROOMY_OLD, 16, 15)):
        return roomy
    narrow = Cells(0, 11, 15, 13)
    return narrow._replace(name=width - sum(narrow))


GLYPHS = {
    CheckVerdict.PASS: "✓",
    CheckVerdict.FAIL: "✗",
    CheckVerdict.INCONCLUSIVE: "?",
    CheckVerdict.SKIPPED: "-",
    CheckVerdict.ERROR: "✗",
}


class Change(NamedTuple):
    """What a promotion would change."""

    current: Version | None
    candidate: Version
    targets: tuple[PromotionTarget, ...] | None = ()
    """What else would be told, or ``None`` where that is not read yet."""
    labels: tuple[str, ...] = ()
    """The names of the classes, where the settings list them."""

    @property
    def gate(self) -> GateReport | None:
        """What the gate said about the candidate against what is deployed now; ``None`` where it said nothing of that."""
        report = self.candidate.gate
        against = None if self.current is None else self.current.number
        return report if report is not None and report.against == against else None

    @property
    def passed(self) -> bool:
        """Whether the gate lets the candidate pass."""
        return self.gate is not None and self.gate.passed

    @property
    def measures(self) -> bool:
        """Whether nothing but its latency is open, which the promotion measures before it decides."""
        return self.gate is not None and self.gate.lacks_ratio

    @property
    def needs_reason(self) -> bool:
        """Whether promoting it is overruling the gate."""
        return not (self.passed or self.measures)

    @property
    def verb(self) -> str:
        """What the key of a yes does."""
        if self.needs_reason:
            return "⏎  promote anyway"
        return "y  measure, then promote" if self.measures else "y  promote"


MEASURED_FIRST = (
    "Both versions are run in turns first, for about ten seconds; it is promoted if its latency passes. "
    "You are not asked again; if it does not pass, nothing changes."
)


NAME = ("name", "To overrule, type its name")


class Promote(Reasoned):
    """Asks whether to promote; `reason` is set where the gate is to be overruled."""

    BINDINGS: ClassVar = []

    def __init__(self, change: Change) -> None:
        verdict = "The gate did not pass." if change.gate else "There is no gate report yet."
        super().__init__(
            f"Promote {change.candidate.model} v{change.candidate.number}?",
            partial(body, change),
            change.verb,
            fields=(NAME, REASON) if change.needs_reason else (),
            note=f"{verdict}  tab goes to the fields",
            subtitle=_passed(change),
        )
        self._change = change

    def objection(self) -> str:
        """Return that what was typed is not the candidate's name, where it is not."""
        name = self._change.candidate.model
        return "" if self.typed("name") == name else f"The name is not {name}."

    @on(Input.Submitted, "#name")
    def _named(self) -> None:
        self.query_one("#reason", Input).focus()


def body(change: Change, width: int) -> list[Text]:
    """Return what the question shows, in lines that fit: the comparison, the gate's checks, and what would change."""
    changes = consequences(change.current, change.candidate, change.targets, _way_back(change), width)
    first = wrapped([Text(MEASURED_FIRST)], width) if change.measures else []
    return [*_comparison(change, cells(width)), Text(), *_checks(change, width), Text(), *first, *changes]


def _passed(change: Change) -> str:
    if change.gate is None:
        return "no gate report yet"
    good = sum(check.verdict in PASSING for check in change.gate.checks)
    return f"{good} of {len(change.gate.checks)} checks passed"


def _comparison(change: Change, room: Cells) -> list[Text]:
    old, new = change.current, change.candidate
    before, after = None if old is None else old.evaluation, new.evaluation
    heading = [
        _examples(after),
        f"current v{old.number}" if old else "none deployed" if room.roomy else "none",
        f"candidate v{new.number}",
        "change",
    ]
    rows = [
        [name.replace("_", " "), *_figures(before, after, name, room), _difference(before, after, name, room)]
        for name in _names(before, after)
    ]
    rows += _worst_class(before, after, change.labels, room)
    slower = changed(_p95(before), _p95(after), "longer", "shorter")
    rows.append(
        ["p95 latency", milliseconds(_p95(before)), milliseconds(_p95(after)), " ".join(slower).strip()]
    )
    bytes_ = old.bytes if old else None
    larger = changed(bytes_, new.bytes, "larger", "smaller")
    rows.append(["size", size(bytes_), size(new.bytes), " ".join(larger).strip()])
    told = _row(heading, room)
    told.stylize("bold dim")
    return [told, *(_row(row, room) for row in rows)]


def _row(row: Sequence[str], room: Cells) -> Text:
    name, before, after, change = (Text(cell) for cell in row)
    for cell, columns in ((name, room.name), (before, room.old), (after, room.new)):
        cell.truncate(columns - 1, overflow="ellipsis")
        cell.pad_right(columns - cell.cell_len)
    name.stylize("dim")
    after.stylize("bold")
    change.truncate(room.change, overflow="ellipsis")
    change.pad_left(room.change - change.cell_len)
    return Text.assemble(name, before, after, change, no_wrap=True, overflow="ellipsis")


def _names(before: Evaluation | None, after: Evaluation | None) -> list[str]:
    known = [metric.name for evaluation in (after, before) if evaluation for metric in evaluation.metrics]
    return list(dict.fromkeys(known))[:SHOWN_METRICS]


def _examples(evaluation: Evaluation | None) -> str:
    return f"n={evaluation.dataset_rows}" if evaluation else ""


def _figures(before: Evaluation | None, after: Evaluation | None, name: str, room: Cells) -> list[str]:
    old, new = (evaluation.metric(name) if evaluation else None for evaluation in (before, after))
    known = with_interval(old) if room.roomy else number(old.value if old else None)
    return [known, with_interval(new)]


def _difference(before: Evaluation | None, after: Evaluation | None, name: str, room: Cells) -> str:
    old = before.metric(name) if before else None
    new = after.metric(name) if after else None
    if old is None or new is None:
        return ""
    difference = new.value - old.value
    # Whether it is beyond chance is the gate's to say; here is which way it goes.
    return _way(difference, better=(difference < 0) is (name in LESS_IS_BETTER), room=room)


def _way(difference: float, *, better: bool, room: Cells) -> str:
    """Return a difference with its word; where there is little room the word alone says which way it goes."""
    if not difference:
        return "the same"
    sign = ("+" if difference > 0 else "-") if room.roomy else ""
    return f"{sign}{number(abs(difference))} {'better' if better else 'worse'}"


def _p95(evaluation: Evaluation | None) -> float | None:
    return evaluation.latency.p95_ms if evaluation and evaluation.latency else None


def _worst_class(
    before: Evaluation | None, after: Evaluation | None, labels: Sequence[str], room: Cells
) -> list[list[str]]:
    """Return the class whose recall falls most, or gains least: what is better on the whole can be worse for some."""
    old = before.confusion if before else None
    new = after.confusion if after else None
    if not old or not new or len(old) != len(new):
        return []
    known = [index for index in range(len(new)) if sum(old[index]) and sum(new[index])]
    if not known:
        return []
    worst = min(known, key=lambda index: _recall(new, index) - _recall(old, index))
    was, is_ = _recall(old, worst), _recall(new, worst)
    told = _way(is_ - was, better=is_ > was, room=room)
    name = labels[worst] if worst < len(labels) else f"class {worst}"
    return [[f"worst: {name}", f"{was:.4f}{' recall' if room.roomy else ''}", f"{is_:.4f} recall", told]]


def _recall(confusion: Sequence[Sequence[int]], index: int) -> float:
    return confusion[index][index] / sum(confusion[index])


def _checks(change: Change, width: int) -> list[Text]:
    gate = change.gate
    if gate is None:
        what = "these two versions" if change.current else "it"
        return wrapped([Text(f"? gate  has not judged {what} yet; r evaluates the candidate")], width)
    heading = Text.assemble(("gate  ", "bold dim"), (str(gate.verdict), "bold"))
    held = [check_line(check) for check in gate.checks if check.verdict not in PASSING]
    passed = [check_line(check) for check in gate.checks if check.verdict in PASSING]
    # What holds it back is read in full; of what passed a line each, whose figures come first.
    for line in passed:
        line.truncate(width, overflow="ellipsis")
    return [heading, *wrapped(held, width), *passed]


def check_line(check: GateCheck) -> Text:
    """Return one check of a gate: its glyph, its name and its figures."""
    style = "bold" if check.verdict in {CheckVerdict.FAIL, CheckVerdict.ERROR} else ""
    return Text.assemble((f"{GLYPHS[check.verdict]} {check.name}  ", "bold"), (check.detail, style))


def _way_back(change: Change) -> Text:
    if change.current is None:
        return Text("Nothing is deployed yet, so there is nothing to roll back to.", "dim")
    return Text(f"v{change.current.number} stays on disk: u brings it back.", "dim")
