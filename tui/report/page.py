"""The page: what was gathered about a model, in the order in which a reader asks for it. Pure.

It holds no script and refers to nothing outside itself, so that it can be mailed, kept and printed. What is drawn is
`tui.report.curves`', what stands in tables `tui.report.listings`'.
"""

from storage.durations import rough
from storage.jobs import OUTSIDE
from storage.vocabulary import JobKind, PromotionOutcome
from tui import health
from tui.commands.figures import NOT_KNOWN, clock, milliseconds, number
from tui.report import curves, listings
from tui.report.facts import Facts
from tui.report.markup import Html, element, join
from tui.report.style import STYLE

POLICY = "default-src 'none'; style-src 'unsafe-inline'"
"""A browser runs no script of this page and fetches nothing for it, whatever should ever get into it."""

LEVELS = {health.OK: "good", health.CANDIDATE: "good", health.ATTENTION: "warn", health.ERROR: "bad"}
"""Classes of the style sheet for a model's state; the others are plain."""


def page(facts: Facts, *, now: float, remark: str = "") -> Html:
    """Return the whole page; ``remark`` says that the figures are old, where they are."""
    title = f"{facts.model.name}: report of {clock(now)} UTC"
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=POLICY),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", title),
        element("style", Html(STYLE)),
    )
    body = element("body", _header(facts, now, remark), _main(facts, now), _footer(facts, now))
    return join([Html("<!doctype html>\n"), element("html", head, body, lang="en"), Html("\n")])


def _header(facts: Facts, now: float, remark: str) -> Html:
    state = health.of_model(facts.model, ())
    # The sentence that the console has names keys to press; here is nobody who could.
    told = health.on_probation(facts.model, now)
    return element(
        "header",
        element("h1", facts.model.name),
        element(
            "p",
            element("span", f"{state.glyph} {state.word}", class_=LEVELS.get(state.level, "dim")),
            element("span", f" · {_task(facts)}as of {clock(now)} UTC", class_="dim"),
        ),
        *(element("p", words, class_="note") for words in (facts.model.problem, remark) if words),
        element("p", told) if told else Html(),
        element("div", *_tiles(facts, now), class_="tiles"),
    )


def _task(facts: Facts) -> str:
    return f"{facts.model.task} · " if facts.model.task else ""


def _tiles(facts: Facts, now: float) -> list[Html]:
    current = facts.model.current
    evaluation = current.evaluation if current else None
    figure = evaluation.metric(facts.metric) if evaluation else None
    interval = (
        f"95 % interval {number(figure.low)} to {number(figure.high)}, n = {figure.n:,}"
        if figure and figure.low is not None
        else f"n = {figure.n:,}"
        if figure
        else "not evaluated yet"
    )
    latency = evaluation.latency if evaluation else None
    open_ = len(facts.faults)
    return [
        _tile("deployed", f"version {current.number}" if current else "nothing", _since(facts, now)),
        _tile(facts.metric, number(figure.value if figure else None), interval),
        _tile(
            "median latency",
            milliseconds(latency.p50_ms if latency else None),
            f"p99 {milliseconds(latency.p99_ms)}" if latency else "not measured yet",
        ),
        _tile("open problems", str(open_), _objectives(facts)),
    ]


def _tile(name: str, value: str, below: str) -> Html:
    return element("div", element("span", name), element("b", value), element("span", below), class_="tile")


def _since(facts: Facts, now: float) -> str:
    current = facts.model.current
    if current is None:
        return ""
    done = (one for one in facts.promotions if one.outcome is PromotionOutcome.DONE)
    last = next((one for one in done if one.to_version == current.number), None)
    if last is None:
        return str(current.format or "")
    by = last.requested_by if last.requested_by == OUTSIDE else f"by {last.requested_by}"
    return f"for {rough(now - last.at)}, {by}"


def _objectives(facts: Facts) -> str:
    if not facts.objectives:
        return "no objectives are set"
    missed = sum(one.met is False for one in facts.judgements)
    unknown = len(facts.objectives) - sum(one.met is not None for one in facts.judgements)
    told = f"{missed} of {len(facts.objectives)} objectives missed"
    return told + (f", {unknown} not measured" if unknown else "")


def _main(facts: Facts, now: float) -> Html:
    sections = [
        _charts(facts),
        _section("Objectives", listings.objectives(facts)),
        _section("Figures of what is deployed", listings.figures(facts)),
        _section("Versions", listings.versions(facts)),
        _section("Open problems", listings.faults(facts, now)),
        _section("Checks", listings.checks(facts)),
        _section("Problems that ended", listings.past_faults(facts)),
        _section("Promotions and rollbacks", listings.promotions(facts)),
        _section("Latency measurements", listings.latencies(facts)),
        _section("Devices", listings.devices(facts)),
    ]
    return element("main", *sections)


def _charts(facts: Facts) -> Html:
    drawn = [
        element("h3", f"{facts.metric}, with its 95 % interval"),
        element("figure", curves.quality(facts)),
        element("h3", "Latency of single queries in ms: median, and broken the 99th percentile"),
        element("figure", curves.latency(facts)),
    ]
    legend = (
        "In colour the deployed version, in grey the others; upright lines are promotions, dotted ones rollbacks, "
        "level ones objectives. Times are UTC. Pointing at a dot tells its value."
    )
    return element("section", element("h2", "Over time"), *drawn, element("p", legend, class_="dim"))


def _section(title: str, content: Html) -> Html:
    """Return a section, or nothing where it would be empty."""
    return element("section", element("h2", title), content) if content else Html()


def _footer(facts: Facts, now: float) -> Html:
    promoted = sum(
        one.kind is JobKind.PROMOTE and one.outcome is PromotionOutcome.DONE for one in facts.promotions
    )
    since = f"What happened since {clock(facts.since)} UTC. " if facts.since else ""
    told = (
        f"{since}{_counted(len(facts.versions), 'version')}, {_counted(len(facts.quality), 'evaluation')}, "
        f"{_counted(promoted, 'promotion')}. "
        f"Written by modeltender at {clock(now)} UTC. What is not known is {NOT_KNOWN}."
    )
    return element("footer", told)


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
