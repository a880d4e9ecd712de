"""Exports and optimisations in words: pure, 80 columns wide."""

from collections.abc import Sequence

from storage.exported import Exported, Parity
from storage.optimised import Optimised, Variant
from storage.records import Version
from tui.commands.export_documents import ExportDocument
from tui.commands.figures import NOT_KNOWN, number, quality, size
from tui.commands.tables import table


def parity_text(parity: Parity) -> str:
    """Return how well outputs agree, as the end of a sentence."""
    limit = "" if parity.tolerance is None else f" ({parity.tolerance:.2g} allowed)"
    agree = (
        ""
        if parity.agreement is None
        else f", with the same top class on {_percent(parity.agreement)} of them"
    )
    return f"outputs differ by at most {parity.max_difference:.2g}{limit} on {parity.n} examples of {parity.dataset}{agree}"


def parentage(versions: Sequence[Version], exports: dict[str, Exported], *, single: bool) -> list[str]:
    """Return a line for each version that an export has made; one on its own page has its parity in full."""
    found = ((version, exports.get(version.sha256 or "")) for version in versions)
    return [
        f"version {version.number}: {made.verb} from version {made.parent} ({made.way}), "
        + (
            parity_text(made.parity)
            if single
            else f"outputs within {made.parity.max_difference:.2g} of "
            + ("its own" if made.temperature is None else "what they should be")
        )
        for version, made in found
        if made is not None and made.parent != version.number
    ]


def export_text(document: ExportDocument, version: Version) -> str:
    """Return what an export came to."""
    what = document.target if document.quantize is None else f"{document.target} {document.quantize}"
    name = f"{document.model}@{document.to_version}"
    made = (
        f"{document.model}@{document.from_version} ({document.source}) is now {what} as version {document.to_version}: "
        f"{size(document.bytes)}{_than(document.bytes, document.source_bytes)}"
    )
    lines = [
        made,
        parity_text(document.parity),
        f"{name} {document.status.fate}: {quality(version.evaluation)}"
        if version.evaluation
        else f"{name} {document.status.fate}" + (f": {document.reason}" if document.reason else ""),
    ]
    return "\n".join(lines)


def optimisation_text(document: Optimised) -> str:
    """Return every variant as a row, what could not be made, and the recommendation."""
    points = 0 <= document.original.value <= 1
    rows = [_row(one, points=points) for one in (*document.variants, document.original)]
    headings = ["VARIANT", document.metric.upper(), "P50 MS", "SPEED", "SIZE", "MEMORY", "LOAD S"]
    lines = [
        f"{document.model}@{document.version} and what can be made of it, on {document.n} examples of {document.dataset}",
        table(headings, rows, right=headings[1:]),
        f"variants: the advantage over the original{', in points' if points else ''}, at {document.confidence * 100:.3g}% confidence",
        f"* no other one is at least as good in {document.metric}, speed and size, and better in one of them",
    ]
    lines += [f"{one.name}: {sentence}" for one in document.variants for sentence in one.missed]
    lines += [f"{one.name} could not be tried: {one.reason}" for one in document.failed]
    lines += document.notes
    noisy = [one for one in document.variants if one.noisy]
    if noisy:
        lines.append(f"the speeds are not to be relied on: beside {noisy[0].name} {noisy[0].noisy}")
    lines += [f"kept: {one.name} as {one.file}" for one in document.variants if one.file]
    return "\n".join([*lines, document.recommendation])


def _row(one: Variant, *, points: bool) -> list[str]:
    scale = 100 if points else 1
    advantage, form = number(one.value), "+.1f" if points else "+.2g"
    if one.advantage is not None and one.low is not None and one.high is not None:
        a, low, high = (format(value * scale, form) for value in (one.advantage, one.low, one.high))
        advantage = f"{a} [{low}, {high}]"
    return [
        one.name + ("*" if one.pareto else ""),
        advantage,
        NOT_KNOWN if one.p50_ms is None else f"{one.p50_ms:.3g}",
        "1x" if one.faster is None else f"{one.faster:.2g}x" if one.faster < 10 else f"{one.faster:.0f}x",
        size(one.bytes),
        size(one.peak_rss_bytes),
        f"{one.load_s:.2f}",
    ]


def _percent(share: float) -> str:
    """Return a share that is only called all where it is."""
    return "100 %" if share == 1 else f"{min(share * 100, 99.9):.1f} %"


def _than(made: int, source: int | None) -> str:
    if not source or not made:
        return ""
    return f", {source / made:.2g}x smaller" if made < source else f", {made / source:.2g}x larger"
