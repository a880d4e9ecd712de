"""The records of one model to lines of text: its versions, its confusion, its evaluations. Pure, as `tui.rows` is."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.text import Text

from storage.records import Arrival, Evaluation, Version
from storage.snapshot import Detail
from storage.tables.evaluations import headline
from storage.vocabulary import Role, Status
from tui import format as form
from tui import health
from tui.commands.figures import number
from tui.rows import cell, fit

WORST = 5
"""Classes beyond which a whole matrix is not shown."""

NARROW = 34
"""Cells below which what explains a figure gives way, so that the figure and its state are whole."""

WHEN_CELLS = 6

DATED_FROM = 64
"""Cells from which an evaluation of another day has room for its date and its hour."""

ROOMY = 44
"""Cells from which a version's line has room for its latency beside its state."""

FIGURE_CELLS, VALUE_CELLS = 26, 17
"""Of a figure's name, and of its value with its interval."""

LEAST_FIGURES = 4
"""Rows below a confusion from which other figures are told there: a gap, a heading and two of them."""

CLASS_CELLS = 15
"""Of a class's name beside its recall, and of longer ones up to a third of the width: a cut name may be that of its neighbour."""

GOOD_RECALL = 0.9
"""Below it a class is marked: one example in ten is taken for something else."""


def version_lines(detail: Detail, width: int, height: int, selected: int | None) -> list[Text]:
    """Return a heading and a line a version, the newest first, then what in the inbox is no version, and why.

    They are as many as fit, the selected version's among them.
    """
    versions = detail.versions
    others = [_arrival(arrival, width) for arrival in detail.arrivals]
    others += [
        # Most reasons begin with the name, which stands before them here.
        _beside(entry.name, f"quarantined: {entry.reason.removeprefix(entry.name).strip()}", width)
        for entry in detail.quarantined
    ]
    numbers = versions.numbers
    row = numbers.index(selected) if selected in numbers else 0
    first, end = _in_sight(len(versions) + len(others), row, height - 1)
    latency = f" {'P95ms':>6}" if width >= ROOMY else ""
    interval = f" {'±95%':>5}" if width >= NARROW else ""
    score = _score(version.evaluation for version in versions)
    lines = [fit(Text(f"  {'VER':<5}{score:>6}{interval}{latency}  STATE", "dim"), width)]
    lines += [_version(version, width, chosen=version.number == selected) for version in versions[first:end]]
    return lines + others[max(0, first - len(versions)) : max(0, end - len(versions))]


def _in_sight(rows: int, row: int, height: int) -> tuple[int, int]:
    """Return the first of as many rows as fit, with ``row`` among them, and the first one after them."""
    if height < 1:
        return 0, rows
    first = max(0, min(row - (height - 1), rows - height))
    return first, first + height


def _score(evaluations: Iterable[Evaluation | None]) -> str:
    """Return the title of the column with the figure that stands for each evaluation."""
    found = (metric for evaluation in evaluations if (metric := headline(evaluation)))
    first = next(found, None)
    return "SCORE" if first is None else form.SCORES.get(first.name, "SCORE")


def _version(version: Version, width: int, *, chosen: bool) -> Text:
    metric = headline(version.evaluation)
    latency = version.evaluation.latency if version.evaluation else None
    interval = form.half_width(metric.low, metric.high) if metric else ""
    line = Text.assemble(
        ("> " if chosen else "  ", "bold cyan"),
        (f"v{version.number:<4}", "bold" if version.role is Role.CURRENT else ""),
        f"{form.figure(metric.value if metric else None):>6} ",
        (f"{interval:>5} " if width >= NARROW else "", "dim"),
        f"{form.short_ms(latency.p95_ms if latency else None):>6}  " if width >= ROOMY else " ",
    )
    line.append_text(_state(version, width - line.cell_len))
    return fit(line, width)


def _state(version: Version, room: int) -> Text:
    if version.status is not Status.READY:
        style = "cyan" if version.status in {Status.SETTLING, Status.CHECKING} else "bold yellow"
        deployed = "current, " if version.role is Role.CURRENT else ""
        reason = f" {version.reason}" if version.reason else ""
        return Text.assemble((f"{deployed}{version.status}", style), reason)
    if version.role is Role.CURRENT:
        return Text("● current", "green")
    if version.role is Role.CANDIDATE:
        glyph, style = ("▲", "bold cyan") if version.gate is None or version.gate.passed else ("△", "dim")
        said = Text(f"{glyph} candidate", style)
        if version.gate is None:
            return said
        whole = Text.assemble(said, (f" {version.gate.verdict}", "dim"))
        # Where both have no room, the glyph stands for the one and the verdict for itself.
        return whole if whole.cell_len <= room else Text(f"{glyph} {version.gate.verdict}", style)
    return Text(version.role.value if version.role else "kept", "dim")


def _beside(name: str, why: str, width: int) -> Text:
    """Return the line of what is in quarantine."""
    return fit(Text.assemble(("  ! ", "bold yellow"), (name, "bold"), f" {why}"), width)


def _arrival(arrival: Arrival, width: int) -> Text:
    glyph, colour = health.of_arrival(arrival)
    said = arrival.reason if arrival.status is Status.SETTLING else f"{arrival.status}: {arrival.reason}"
    return fit(Text.assemble((f"  {glyph} ", colour), (arrival.name, "bold"), f" {said}"), width)


def confused(evaluation: Evaluation | None, width: int) -> str:
    """Return what a heading says of a confusion: on how many examples, and what its mark means."""
    if evaluation is None or not evaluation.confusion:
        return ""
    mark = f"  ! below {GOOD_RECALL:.0%}" if width >= NARROW else ""
    return f"  n={evaluation.dataset_rows}{mark}"


def confusion_lines(
    evaluation: Evaluation | None, labels: Sequence[str], width: int, height: int
) -> list[Text]:
    """Return which classes are recognised how well: the matrix where it fits, else the worst classes."""
    matrix = None if evaluation is None else evaluation.confusion
    if not matrix:
        return [Text("nothing is measured yet: r evaluates", "dim")]
    names = [labels[index] if index < len(labels) else str(index) for index in range(len(matrix))]
    whole = len(matrix) <= WORST and width >= 16 + 9 * len(matrix) + 9 and height > len(matrix) + 1
    lines = _matrix(matrix, names, width) if whole else _worst(matrix, names, width, height)
    left = height - len(lines)
    if evaluation is None or left < LEAST_FIGURES:
        return lines
    return [*lines, Text(), *figure_lines(evaluation, width, left - 1)]


def _matrix(matrix: Sequence[Sequence[int]], names: Sequence[str], width: int) -> list[Text]:
    lines = [Text.assemble("true / predicted", *(_above(name) for name in names), "  recall", style="dim")]
    for row, name in zip(matrix, names, strict=True):
        index = len(lines) - 1
        line = cell(name, 15).append(" ").append("".join(f"{count:>9}" for count in row))
        lines.append(fit(line.append_text(_recall(row, index)), width))
    return lines


def _above(name: str) -> Text:
    """Return a class's name above its column of counts."""
    title = fit(Text(name), 8)
    title.pad_left(9 - title.cell_len)
    return title


def _worst(matrix: Sequence[Sequence[int]], names: Sequence[str], width: int, height: int) -> list[Text]:
    ranked = sorted(range(len(matrix)), key=lambda index: _share(matrix[index], index))
    others = width >= NARROW
    named = max(CLASS_CELLS, min(max(map(cell_len, names)) + 1, width // 3))
    heading = f"{'WORST CLASSES':<{named + 1}}{'RECALL':>6}{'    TAKEN FOR' if others else ''}"
    lines = [fit(Text(heading, "dim"), width)]
    for index in ranked[: max(1, height - 1)]:
        row = matrix[index]
        line = cell(names[index], named).append_text(_recall(row, index)).append("  ")
        if others:
            confused = sorted(
                (other for other in range(len(row)) if other != index and row[other]),
                key=lambda other: -row[other],
            )
            line.append(
                _taken_for([(names[other], row[other]) for other in confused[:3]], width - line.cell_len),
                "dim",
            )
        lines.append(fit(line, width))
    return lines


def _taken_for(confused: Sequence[tuple[str, int]], room: int) -> str:
    """Return what a class was taken for and how often, as far as there is room for whole ones."""
    if not confused:
        return "nothing else"
    (name, count), *others = confused
    # Of a name without room its end gives way: how often it was is what is looked for.
    said = f"{fit(Text(name), room - len(f' ({count})')).plain} ({count})"
    for name, count in others:
        if cell_len(f"{said}, {name} ({count})") > room:
            break
        said += f", {name} ({count})"
    return said


def _recall(row: Sequence[int], index: int) -> Text:
    share = _share(row, index)
    return Text(
        f"{share:>7.1%}" + (" !" if share < GOOD_RECALL else "  "),
        "bold yellow" if share < GOOD_RECALL else "",
    )


def _share(row: Sequence[int], index: int) -> float:
    total = sum(row)
    return row[index] / total if total else 1.0


def figure_lines(evaluation: Evaluation, width: int, height: int) -> list[Text]:
    """Return every figure of an evaluation, as many as fit."""
    name_cells = max(12, min(FIGURE_CELLS, width - VALUE_CELLS))
    lines = [fit(Text(f"{'FIGURE':<{name_cells}}{'VALUE':>9}   ±95%", "dim"), width)]
    for metric in evaluation.metrics[: max(1, height - 1)]:
        name = Text(metric.name.replace("_", " "))
        name.truncate(name_cells - 1, overflow="ellipsis")
        name.pad_right(name_cells - name.cell_len)
        interval = form.half_width(metric.low, metric.high)
        lines.append(
            fit(Text.assemble(name, f"{_whole(metric.value):>9} ", (f"{interval:>6}", "dim")), width)
        )
    return lines


def _whole(value: float) -> str:
    """Return a figure, a very large one in the units of its interval beside it."""
    told = number(value)
    return form.placed(value, 7) if "e" in told else told


def took(seconds: float) -> str:
    """Return how long something took in at most seven cells: ``67ms``, ``7.2s``, ``4:06min``."""
    if seconds < 1:
        return f"{seconds * 1e3:.0f}ms"
    if seconds >= 3600:
        return f"{seconds / 3600:.1f}h"
    return f"{seconds:.1f}s" if seconds < 60 else f"{form.left(seconds)}min"


def evaluation_lines(detail: Detail, width: int, now: float) -> list[Text]:
    """Return a heading and a line an evaluation, the newest first."""
    numbers = {version.id: version.number for version in detail.versions.packed}
    oldest = min((evaluation.at for evaluation in detail.evaluations), default=now)
    when = WHEN_CELLS if width < DATED_FROM else form.when_cells(oldest, now, WHEN_CELLS)
    lines = [
        Text(
            f"{'WHEN':<{when}}{'VER':<5}{_score(detail.evaluations):>6} {'±95%':>5} {'N':>6} {'P50ms':>6} {'TOOK':>7}  BY",
            "dim",
        )
    ]
    for evaluation in detail.evaluations:
        metric = headline(evaluation)
        latency = evaluation.latency
        line = Text.assemble(
            (f"{form.when(evaluation.at, now, when):<{when}}", "dim"),
            f"v{numbers.get(evaluation.version_id, 0):<4}",
            f"{form.figure(metric.value if metric else None):>6} ",
            (f"{form.half_width(metric.low, metric.high) if metric else '':>5} ", "dim"),
            f"{evaluation.dataset_rows:>6} {form.short_ms(latency.p50_ms if latency else None):>6} ",
            f"{took(evaluation.duration_s):>7}  ",
            (evaluation.requested_by, "dim"),
        )
        lines.append(fit(line, width))
    return lines
