"""Two versions beside each other, figure by figure, and what their difference comes to. Pure, as `tui.rows` is."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple

from rich.text import Text

from storage.comparisons import ComparedFigure
from storage.measured import LESS_IS_BETTER, Metric
from storage.paired import Pair
from storage.records import Version
from storage.settings import CLASS_SLICE
from storage.tables.evaluations import HEADLINE_METRICS
from storage.vocabulary import FINISHED, JobState, Verdict
from tui.commands.compare_text import UNPAIRED, UNPAIRED_MARK, WORDS, changed, interval, remarks, signed
from tui.commands.figures import NOT_KNOWN, size, with_interval
from tui.dialogs.promote import check_line
from tui.rows import fit
from tui.view import View
from tui.widgets.table import Row

VALUE_CELLS, CHANGE_CELLS, WORD_CELLS, INTERVAL_CELLS = 15, 9, 11, 20

BARE_CELLS = 9
BARE_BELOW = 72
"""Cells below which the two figures are shown without their intervals: what they come to has to be whole."""

INTERVAL_FROM = 94
"""Cells from which there is room for the interval of the difference; below that it is told of the chosen figure."""

NAME_LEAST, NAME_MOST = 14, 48
"""Cells of a figure's name: a class has a name of its own in it."""

PART_FIGURES = ("recall", *HEADLINE_METRICS, "mae")
"""What stands for a part of the examples: the first of these that both versions have."""

STYLES = {
    Verdict.SUPERIOR: "bold green",
    Verdict.NON_INFERIOR: "green",
    Verdict.INFERIOR: "bold red",
    Verdict.INCONCLUSIVE: "yellow",
}


class Line(NamedTuple):
    """One figure of both versions."""

    name: str
    before: str
    after: str
    change: str = ""
    word: str = ""
    style: str = ""
    compared: ComparedFigure | None = None


def lines(pair: Pair) -> list[Line]:
    """Return everything that both versions have: quality, speed, size, then the parts of the examples, the worst change first."""
    return [*_quality(pair), *_speed(pair), *_sizes(pair), *_parts(pair)]


def parts(line: Line) -> dict[str, str]:
    """Return what a filter looks at."""
    return {"figure": line.name, "verdict": line.word}


def heading(pair: Pair, width: int) -> Text:
    """Return the columns' titles."""
    room = f"{'':<{WORD_CELLS}}  INTERVAL" if width >= INTERVAL_FROM else ""
    value = _value_cells(width)
    interval = " ±95%" if value == VALUE_CELLS else ""
    old, new = f"V{pair.before.number}{interval}", f"V{pair.after.number}{interval}"
    return Text(
        f"{'FIGURE':<{_name_cells(width)}} {old:<{value}} {new:<{value}} {'ADVANTAGE':>{CHANGE_CELLS}}{room}",
        "dim",
    )


def rows(found: list[Line], width: int) -> list[Row]:
    """Return a row a figure."""
    return [Row(line.name, (partial(_row, line, width),)) for line in found]


def _name_cells(width: int) -> int:
    wide = INTERVAL_CELLS + 1 if width >= INTERVAL_FROM else 0
    return max(
        NAME_LEAST, min(NAME_MOST, width - 2 * _value_cells(width) - CHANGE_CELLS - WORD_CELLS - 4 - wide)
    )


def _value_cells(width: int) -> int:
    return BARE_CELLS if width < BARE_BELOW else VALUE_CELLS


def _row(line: Line, width: int) -> Text:
    value = _value_cells(width)
    before, after = line.before, line.after
    if value == BARE_CELLS:
        before, after = (told.partition(" ±")[0] for told in (before, after))
    name = Text(line.name)
    name.truncate(_name_cells(width), overflow="ellipsis", pad=True)
    text = Text.assemble(
        name,
        f" {before:<{value}.{value}} ",
        (f"{after:<{value}.{value}} ", "bold"),
        f"{line.change:>{CHANGE_CELLS}.{CHANGE_CELLS}} ",
    )
    text.append(f"{line.word:<{WORD_CELLS}}", line.style)
    if width >= INTERVAL_FROM and line.compared is not None:
        text.append(f" {interval(line.compared)}", "dim")
    text.rstrip()
    return fit(text, width)


def _quality(pair: Pair) -> Iterator[Line]:
    old, new = pair.before.evaluation, pair.after.evaluation
    compared = {one.name: one for one in pair.answer.figures} if pair.answer else {}
    names = [metric.name for one in (new, old) if one for metric in one.metrics]
    for name in dict.fromkeys([*compared, *names]):
        one = compared.get(name)
        told = (
            ("", "", "") if one is None else (signed(one.advantage), WORDS[one.verdict], STYLES[one.verdict])
        )
        mark = UNPAIRED_MARK if one is not None and one.method == UNPAIRED else ""
        before, after = (with_interval(each.metric(name)) if each else NOT_KNOWN for each in (old, new))
        yield Line(f"{name}{mark}", before, after, *told, compared=one)


def _speed(pair: Pair) -> Iterator[Line]:
    old, new = (
        version.evaluation.latency if version.evaluation else None for version in (pair.before, pair.after)
    )
    for name in ("p50_ms", "p90_ms", "p95_ms", "p99_ms", "throughput"):
        before, after = getattr(old, name, None), getattr(new, name, None)
        if (before, after) != (None, None):
            title = "examples/s" if name == "throughput" else f"{name.removesuffix('_ms')} latency ms"
            words = ("more", "fewer") if name == "throughput" else ("longer", "shorter")
            yield Line(title, _speed_text(before), _speed_text(after), *changed(before, after, *words))


def _speed_text(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:,.3g}" if value < 1000 else f"{value:,.0f}"


def _sizes(pair: Pair) -> Iterator[Line]:
    for title, value, text, words in SIZES:
        before, after = value(pair.before), value(pair.after)
        if (before, after) != (None, None):
            yield Line(title, text(before), text(after), *changed(before, after, *words))


def _bytes(value: float | None) -> str:
    return size(None if value is None else int(value))


def _count(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:,.0f}"


def _seconds(value: float | None) -> str:
    return NOT_KNOWN if value is None else f"{value:.3g} s"


class Size(NamedTuple):
    """A figure of a version itself."""

    title: str
    value: Callable[[Version], float | None]
    text: Callable[[float | None], str]
    words: tuple[str, str]
    """What more of it is called, and less."""


SIZES = (
    Size("size", lambda version: version.bytes, _bytes, ("larger", "smaller")),
    Size("parameters", lambda version: version.parameters, _count, ("more", "fewer")),
    Size(
        "loading",
        lambda version: version.loading.load_s if version.loading else None,
        _seconds,
        ("longer", "shorter"),
    ),
    Size(
        "peak memory",
        lambda version: version.loading.peak_rss_bytes if version.loading else None,
        _bytes,
        ("more", "less"),
    ),
)


def _parts(pair: Pair) -> list[Line]:
    before, after = _by_part(pair.before_parts), _by_part(pair.after_parts)
    found = []
    for part, figures in after.items():
        name = next((one for one in PART_FIGURES if one in figures and one in before.get(part, {})), None)
        if name is not None:
            old, new = before[part][name], figures[name]
            column, _, value = part.partition("=")
            title = f"class {value}" if column == CLASS_SLICE else part
            change = old.value - new.value if name in LESS_IS_BETTER else new.value - old.value
            line = Line(f"{title} {name}", with_interval(old), with_interval(new), signed(change))
            found.append((change, line))
    return [line for _, line in sorted(found, key=lambda each: each[0])]


def _by_part(metrics: tuple[Metric, ...]) -> Mapping[str, Mapping[str, Metric]]:
    found: dict[str, dict[str, Metric]] = {}
    for metric in metrics:
        found.setdefault(metric.slice, {})[metric.name] = metric
    return found


def about(view: View, pair: Pair, chosen: Line | None) -> list[Text]:
    """Return what the difference comes to: the verdict, the chosen figure's interval, and what the gate says of it."""
    said = [Text(sentence) for sentence in remarks(pair.answer)] if pair.answer else []
    if said:
        # The verdict is what everything else explains: it comes first.
        said = [said[-1], *said[:-1]]
        said[0].stylize("bold")
    else:
        said = [Text(_why_not(view, pair), "bold yellow")]
    if chosen is not None and chosen.compared is not None:
        one = chosen.compared
        said.append(
            Text.assemble(
                (f"{one.name} ", "bold"),
                f"{signed(one.advantage)} {interval(one)} at {one.confidence * 100:.3g}%, n={one.n}",
            )
        )
    return [*said, *_gate(pair)]


def _why_not(view: View, pair: Pair) -> str:
    """Return why there is no comparison of the two on record."""
    if pair.unmeasured:
        names = " and ".join(f"v{version.number}" for version in pair.unmeasured)
        if view.replay is not None:
            return f"not compared: {names} had no figures then"
        return f"not compared: no figures of {names} (r on the model's screen evaluates)"
    job = pair.job
    if job is not None and job.state not in FINISHED:
        return f"J{job.id} compares them: {'running' if job.state is JobState.RUNNING else 'it waits for its turn'}"
    if job is not None and job.state is not JobState.SUCCEEDED:
        return f"J{job.id} {job.state}: {job.error} {job.hint}".strip()
    return _why_not_asked(view)


def _why_not_asked(view: View) -> str:
    if view.replay is not None:
        return "not compared then"
    if view.read_only:
        return "not compared yet, and a read-only console cannot ask for it"
    return "not compared yet" if view.news.engine_running else "not compared yet, and no engine is running"


def _gate(pair: Pair) -> list[Text]:
    gate = pair.after.gate
    if gate is None or gate.against != pair.before.number:
        return [Text(f"gate: it has not judged v{pair.after.number} against v{pair.before.number}", "dim")]
    return [Text.assemble(("gate  ", "bold dim"), (str(gate.verdict), "bold")), *map(check_line, gate.checks)]
