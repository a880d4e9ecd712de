"""The small print of a model's screen: what a version is, what arrived and is no version, what is wrong. Pure."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.console import Console
from rich.text import Text

from storage.records import Arrival, Loading, Version
from storage.snapshot import Detail
from tui import allowance, health
from tui.commands.figures import milliseconds, size
from tui.commands.signatures import in_short

if TYPE_CHECKING:
    from storage.settings import ModelSettings


def labels(settings: "ModelSettings | None") -> tuple[str, ...]:
    """Return the names of the classes, where the settings list them."""
    named = settings.labels if settings else ()
    return () if isinstance(named, str) else named


def lines(facts: Detail, version: Version | None, width: int) -> list[Text]:
    """Return what is wrong, what was refused, and what the version is."""
    said = [Text.assemble(("! ", "bold yellow"), facts.model.problem)] if facts.model.problem else []
    said += [Text.assemble(("! ", "bold yellow"), fault.message) for fault in facts.faults]
    said += [arrived(arrival) for arrival in facts.arrivals]
    said += [
        Text.assemble(
            ("✗ ", "bold red"), (entry.name, "bold"), f"  {entry.reason}; {allowance.way_out(entry)}"
        )
        for entry in facts.quarantined
    ]
    return [*wrapped(said, width), *(_version(version, width) if version else [])]


def arrived(arrival: Arrival) -> Text:
    """Return what a file in the inbox is, and why it is no version (yet)."""
    glyph, colour = health.of_arrival(arrival)
    return Text.assemble((f"{glyph} ", colour), (arrival.name, "bold"), f"  {arrival.reason}")


def refusal_lines(version: Version, width: int) -> list[Text]:
    """Return why a version is not loaded, what was found, and how to allow it where that is possible."""
    said = [Text(version.reason)]
    evidence = version.refusal.evidence if version.refusal else ()
    if len(evidence) > 1:
        said.append(Text.assemble(("found: ", "dim"), "; ".join(evidence)))
    allow = allowance.command(version)
    return wrapped([*said, Text("if you trust it:", "dim"), Text(allow)] if allow else said, width, indent=0)


def wrapped(said: Sequence[Text], width: int, indent: int = 2) -> list[Text]:
    """Return sentences as lines that fit, those after a sentence's first line a little to the right."""
    console = Console(width=max(width, 1), color_system=None)
    found = []
    for sentence in said:
        first, *rest = sentence.wrap(console, width)
        found.append(first)
        for line in rest:
            # A break leaves the space before it, which would stand there twice.
            line.rstrip()
        for line in Text(" ").join(rest).wrap(console, width - indent) if rest else []:
            found.append(Text(" " * indent).append_text(line))
    return found


def _version(version: Version, width: int) -> list[Text]:
    known = {
        "reason": version.reason or None,
        "to allow": allowance.command(version) or None,
        "format": version.format,
        "size": size(version.bytes),
        "parameters": None if version.parameters is None else f"{version.parameters:,}",
        **_needs(version.loading),
        "artefact": version.artefact,
        "sha256": version.sha256[:16] if version.sha256 else None,
        "came from": version.source or None,
    }
    found = [Text.assemble((f"{name:<11}", "dim"), str(value)) for name, value in known.items() if value]
    return wrapped(found, width, indent=11)


def _needs(loading: Loading | None) -> dict[str, str]:
    """Return what a version takes and gives, in a line each, and what loading it took."""
    if loading is None:
        return {}
    took = f"loaded in {milliseconds(loading.load_s * 1000)} on {loading.device}, up to {size(loading.peak_rss_bytes)}"
    return {
        "takes": in_short(loading.inputs),
        "gives": in_short(loading.outputs),
        "runtime": f"{loading.runtime} {loading.runtime_version}".rstrip(),
        "needs": took,
    }
