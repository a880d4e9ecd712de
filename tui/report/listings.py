"""The tables of a report: from records to rows. Pure; an empty table is nothing at all."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from storage.fault_records import Fault
from storage.promotion_records import Promotion
from storage.records import Version
from storage.tables.evaluations import headline
from storage.vocabulary import Answer, CheckVerdict, JobKind, PromotionOutcome, Severity, Status
from tui.commands.figures import NOT_KNOWN, age, clock, milliseconds, number, percent, size, with_interval
from tui.report.facts import Facts
from tui.report.markup import Html, element, join

SHOWN_SHA256: Final = 12
"""Digits by which people tell contents apart."""

COLOURS: Final = {Severity.ERROR: "bad", Severity.WARNING: "warn"}

ANSWERS: Final = {
    Answer.FAULT: ("✗ fault", "bad"),
    Answer.UNKNOWN: ("? not known yet", "dim"),
    Answer.HEALTHY: ("✓ well", "good"),
}

ENDINGS: Final = {
    PromotionOutcome.INTENDED: "under way, or cut short",
    PromotionOutcome.DONE: "done",
    PromotionOutcome.ABANDONED: "did not come about",
}

KINDS: Final = {JobKind.PROMOTE: "promotion", JobKind.ROLLBACK: "rollback"}

PASSING: Final = frozenset({CheckVerdict.PASS, CheckVerdict.SKIPPED})


class Column(NamedTuple):
    """A column: its heading, and whether it holds numbers."""

    name: str
    number: bool = False


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Html:
    """Return a table, or nothing where it has no rows."""
    body = [_row(columns, row) for row in rows]
    if not body:
        return Html()
    head = element(
        "tr",
        *(
            element("th", column.name, scope="col", class_="number" if column.number else None)
            for column in columns
        ),
    )
    return element(
        "div",
        element("table", element("thead", head), element("tbody", *body)),
        class_="scroll",
    )


def _row(columns: Sequence[Column], cells: Sequence[str]) -> Html:
    return element(
        "tr",
        *(
            element("td", cell, class_="number" if column.number else None)
            for column, cell in zip(columns, cells, strict=True)
        ),
    )


def objectives(facts: Facts) -> Html:
    """Return what was asked of the deployed version, and whether it is so."""
    told = {one.name: one for one in facts.judgements}
    rows = []
    for name, wanted in facts.objectives.items():
        judged = told.get(name)
        met = judged.met if judged else None
        word, colour = {True: ("✓ met", "good"), False: ("✗ missed", "bad"), None: ("not measured", "dim")}[
            met
        ]
        value = number(judged.value) if judged else NOT_KNOWN
        rows.append([name, wanted, value, element("span", word, class_=colour)])
    return table([Column("Objective"), Column("Limit"), Column("Value", number=True), Column("")], rows)


def figures(facts: Facts) -> Html:
    """Return every figure of the deployed version, and what it was measured on and with."""
    version = facts.model.current
    evaluation = version.evaluation if version else None
    if evaluation is None:
        return Html()
    shown = table(
        [
            Column("Figure"),
            Column("Value", number=True),
            Column("95 % interval", number=True),
            Column("Examples", number=True),
        ],
        [
            [
                metric.name,
                number(metric.value),
                NOT_KNOWN if metric.low is None else f"{number(metric.low)} to {number(metric.high)}",
                f"{metric.n:,}",
            ]
            for metric in evaluation.metrics
        ],
    )
    how = (
        f"{evaluation.dataset_rows:,} examples of {evaluation.dataset_name} "
        f"(SHA-256 {evaluation.dataset_sha256[:SHOWN_SHA256]}) at {clock(evaluation.at)} UTC, with "
        f"{evaluation.runtime} {evaluation.runtime_version} on {evaluation.device}; isolation {evaluation.isolation}."
    )
    notes = [element("p", note, class_="note") for note in evaluation.notes]
    return join([shown, element("p", how, class_="dim"), *notes])


def versions(facts: Facts) -> Html:
    """Return a row for each version."""
    columns = [
        Column("Version", number=True),
        Column("State"),
        Column("Format"),
        Column(facts.metric, number=True),
        Column("Median", number=True),
        Column("Size", number=True),
        Column("Gate"),
        Column("Found (UTC)"),
        Column("SHA-256"),
    ]
    return table(columns, [_version(one, facts.metric) for one in facts.versions])


def _version(version: Version, metric: str) -> list[str]:
    evaluation = version.evaluation
    latency = evaluation.latency if evaluation else None
    figure = (evaluation.metric(metric) or headline(evaluation)) if evaluation else None
    state = str(version.role or version.status)
    if version.status is not Status.READY:
        why = f": {version.reason}" if version.reason else ""
        state = element("span", f"{version.status}{why}", class_="warn")
    return [
        str(version.number),
        state,
        str(version.format or NOT_KNOWN),
        with_interval(figure),
        milliseconds(latency.p50_ms if latency else None),
        size(version.bytes),
        str(version.gate.verdict) if version.gate else "",
        clock(version.found_at),
        element("code", (version.sha256 or NOT_KNOWN)[:SHOWN_SHA256]),
    ]


def faults(facts: Facts, now: float) -> Html:
    """Return the open problems, with what ends each."""
    columns = [
        Column("Severity"),
        Column("Problem"),
        Column("Since"),
        Column("Times", number=True),
        Column("What to do"),
    ]
    return table(
        columns,
        [
            [
                element("span", str(fault.severity), class_=COLOURS.get(fault.severity, "dim")),
                _problem(fault),
                f"{clock(fault.first_at)} ({age(fault.first_at, now)})",
                str(fault.count),
                fault.repair + (f" (known to {fault.acknowledged_by})" if fault.acknowledged_by else ""),
            ]
            for fault in facts.faults
        ],
    )


def past_faults(facts: Facts) -> Html:
    """Return the problems that ended, the latest first."""
    columns = [Column("Severity"), Column("Problem"), Column("From (UTC)"), Column("To (UTC)")]
    return table(
        columns,
        [
            [str(fault.severity), _problem(fault), clock(fault.first_at), clock(fault.last_at)]
            for fault in facts.past
        ],
    )


def _problem(fault: Fault) -> Html:
    where = f" (version {fault.version})" if fault.version is not None else ""
    return join([element("code", fault.code), f"{where}: {fault.message}"])


def checks(facts: Facts) -> Html:
    """Return what each check last said, what is wrong first."""
    ordered = sorted(facts.answers, key=lambda one: (list(ANSWERS).index(one.answer), one.code))
    return table(
        [Column("Check"), Column("Answer"), Column("What it found"), Column("At (UTC)")],
        [
            [
                element("code", one.code),
                element("span", ANSWERS[one.answer][0], class_=ANSWERS[one.answer][1]),
                one.detail,
                clock(one.at),
            ]
            for one in ordered
        ],
    )


def promotions(facts: Facts) -> Html:
    """Return every change of what is deployed, the newest first."""
    columns = [
        Column("At (UTC)"),
        Column("What"),
        Column("By"),
        Column("Gate"),
        Column("Outcome"),
        Column("Remarks"),
    ]
    return table(columns, [_promotion(one) for one in facts.promotions])


def _promotion(one: Promotion) -> list[str]:
    before = "nothing" if one.from_version is None else f"version {one.from_version}"
    failed = [
        f"{check.name} {check.verdict}: {check.detail}"
        for check in one.checks
        if check.verdict not in PASSING
    ]
    told = [f"told {target.name}: {target.state}" for target in one.told]
    remarks = [one.problem, one.reason, *failed, *told]
    return [
        clock(one.at),
        f"{KINDS.get(one.kind, one.kind)}: {before} to version {one.to_version}",
        one.requested_by,
        f"{one.verdict or ''}{' (forced)' if one.forced else ''}".strip(),
        ENDINGS[one.outcome],
        "; ".join(remark.rstrip(".") for remark in remarks if remark),
    ]


def latencies(facts: Facts) -> Html:
    """Return the latest measurement of each version, scenario, batch size and device."""
    columns = [
        Column("Version", number=True),
        Column("Scenario"),
        Column("Batch", number=True),
        Column("Device"),
        *(Column(name, number=True) for name in ("p50", "p90", "p99", "Examples/s")),
        Column("At (UTC)"),
        Column("Remarks"),
    ]
    return table(
        columns,
        [
            [
                str(one.version),
                str(one.scenario),
                str(one.batch_size),
                one.device,
                milliseconds(one.p50_ms),
                milliseconds(one.p90_ms),
                milliseconds(one.p99_ms),
                f"{one.throughput:,.0f}",
                clock(one.at),
                one.noisy or ("" if one.stable else "not stable"),
            ]
            for one in facts.measured
        ],
    )


def devices(facts: Facts) -> Html:
    """Return the devices of the machine, and what of the versions was evaluated on each."""
    used: dict[str, list[str]] = {}
    for version in facts.versions:
        if version.evaluation is not None:
            used.setdefault(version.evaluation.device, []).append(str(version.number))
    columns = [
        Column("Device"),
        Column("Name"),
        Column("In use", number=True),
        Column("Memory", number=True),
        Column("Runtimes"),
        Column("Versions evaluated on it"),
    ]
    return table(
        columns,
        [
            [
                device.id,
                device.name + (f" ({device.note})" if device.note else ""),
                percent(device.utilisation),
                size(device.memory_total_bytes),
                ", ".join(device.usable_by),
                ", ".join(used.get(device.id, ())),
            ]
            for device in facts.devices
        ],
    )
