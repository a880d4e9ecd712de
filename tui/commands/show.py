"""``modeltender show``: one model, or one of its versions, with all that is known of it."""

import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import click
import msgspec

from storage.database import Reader
from storage.exported import Exported
from storage.imported import Imported
from storage.promotion_records import PromotionTarget
from storage.records import Arrival, LatencyMeasurement, Model, Quarantined, Version
from storage.tables import exports, imports, inbox, latencies, promotion_targets, quarantine, training
from storage.tables import faults as fault_table
from storage.tables import models as model_table
from storage.tables import promotions as promotion_table
from storage.train_settings import Train
from storage.training_records import TrainingRun
from storage.vocabulary import ExitCode
from storage.workspace import Workspace
from tui import allowance
from tui.commands import figures, latency_figures
from tui.commands.checks import checks_text
from tui.commands.completing import complete_target
from tui.commands.documenting import shown_model_document
from tui.commands.export_figures import parentage
from tui.commands.models import arrival_line, watched
from tui.commands.options import standard_options
from tui.commands.output import remark, room, show_document, show_text
from tui.commands.promotion_history import promotions_document, promotions_text
from tui.commands.reading import engine_state, staleness, to_look
from tui.commands.retraining import retraining_document, retraining_text, train_settings
from tui.commands.runs import origin_text
from tui.commands.signatures import needs_page, needs_table, proposed_text
from tui.commands.tables import table
from tui.commands.targets import Target, find_model, find_version
from tui.commands.targets import target as as_target
from tui.commands.telling import told_text

LOOKED_AT = 100
"""Trainings among which the last one that nobody asked for is looked for."""

SPARE_OF_VERSIONS = ("EVALUATED", "SIZE", "FORMAT")
"""What gives way on a narrow terminal, the first one first."""


@click.command(epilog="Example: modeltender show mnist@candidate")
@click.argument("target", metavar="MODEL[@VERSION]", type=as_target, shell_complete=complete_target)
@click.option(
    "--promotions",
    "history",
    is_flag=True,
    help="Show every promotion and rollback instead: when, who, what the gate found, which targets were told.",
)
@standard_options
def show(*, workspace: Workspace, as_json: bool, target: Target, history: bool) -> int:
    """Show one model's versions, or one of them: figures, problems, inputs and outputs, and what loading took.

    If the last evaluation failed because the data do not fit, prints the lines to add to model.toml.
    """
    with to_look(workspace) as reader:
        if history:
            _show_promotions(reader, target, as_json=as_json)
            return ExitCode.DONE
        with reader.transaction() as connection:
            page = _read(connection, target)
        train = train_settings(workspace, page.model.name)
        if as_json:
            document = shown_model_document(
                page.model,
                page.versions,
                page.measured,
                page.targets,
                exports=page.exports,
                imports=page.imports,
            )
            retrained = retraining_document(train, page.runs)
            show_document(msgspec.structs.replace(document, retraining=retrained))
            return ExitCode.DONE
        show_text(page_text(page, train))
        remark(staleness(workspace, engine_state(reader)))
    return ExitCode.DONE


def _show_promotions(reader: Reader, target: Target, *, as_json: bool) -> None:
    """Show what was done to what is deployed, or of that what one version had a part in."""
    with reader.transaction() as connection:
        model = find_model(connection, target.model)
        entries = promotion_table.entries(connection, model.name)
        number = None if target.version is None else find_version(connection, model, target.version).number
    if number is not None:
        entries = [entry for entry in entries if number in {entry.from_version, entry.to_version}]
    current = model.current.number if model.current else None
    if as_json:
        show_document(promotions_document(model.name, current, entries))
    else:
        show_text(promotions_text(model.name, current, entries, shutil.get_terminal_size().columns))


class Page(NamedTuple):
    """What is shown of a model, or of one of its versions."""

    model: Model
    versions: tuple[Version, ...]
    arrivals: tuple[Arrival, ...]
    quarantined: tuple[Quarantined, ...]
    problems: tuple[str, ...]
    measured: tuple[LatencyMeasurement, ...]
    targets: tuple[PromotionTarget, ...]
    exports: dict[str, Exported]
    imports: dict[str, Imported]
    origins: tuple[TrainingRun, ...]
    """The trainings that the shown versions came from."""
    runs: tuple[TrainingRun, ...]
    """The latest trainings, the latest first."""
    single: bool


def _read(connection: sqlite3.Connection, target: Target) -> Page:
    model = find_model(connection, target.model)
    found = model_table.versions(connection, target.model)
    measured = latencies.latest(connection, target.model)
    faults = fault_table.all_open(connection, target.model)
    told = promotion_targets.read(connection, target.model)
    made = exports.read(connection, target.model)
    brought = imports.read(connection, target.model)
    origins = training.origins(connection, target.model)
    runs = tuple(training.read(connection, target.model, limit=LOOKED_AT))
    if target.version is None:
        return Page(
            model,
            tuple(found),
            tuple(inbox.read(connection, target.model)),
            tuple(quarantine.kept(connection, target.model)),
            tuple(fault.message for fault in faults),
            tuple(measured),
            told,
            made,
            brought,
            tuple(origins.values()),
            runs,
            single=False,
        )
    number = find_version(connection, model, target.version).number
    return Page(
        model,
        tuple(version for version in found if version.number == number),
        (),
        (),
        tuple(fault.message for fault in faults if fault.version in {number, None}),
        tuple(measurement for measurement in measured if measurement.version == number),
        told,
        made,
        brought,
        tuple(origin for made, origin in origins.items() if made == number),
        runs,
        single=True,
    )


def page_text(page: Page, train: Train | None) -> str:
    """Return the page in words: what there is, how fast and how good it is, where it came from, and what is wrong."""
    model, versions = page.model, page.versions
    lines = [f"{model.name}  {model.task or ''}".rstrip()]
    lines.extend(watched([model], time.time()))
    if not page.single:
        lines.extend(retraining_text(train, page.runs, time.time()))
    lines.append(_versions_table(versions) if versions else "No versions yet.")
    lines += parentage(versions, page.exports, single=page.single)
    lines += [
        f"version {version.number}: {origin.words}"
        for version in versions
        if (origin := page.imports.get(version.sha256 or "")) is not None
    ]
    lines.extend(_measured(page))
    lines.extend(_judged(page))
    lines.extend(origin_text(origin) for origin in page.origins)
    lines.extend(arrival_line(arrival) for arrival in page.arrivals)
    lines.extend(
        f"{entry.name} is in quarantine ({entry.id}): {entry.reason}; {allowance.way_out(entry)}"
        for entry in page.quarantined
    )
    lines.extend(_problems(page))
    proposed = proposed_text(model.name, versions)
    return "\n".join([*lines, proposed] if proposed else lines)


def _measured(page: Page) -> Iterator[str]:
    """Yield what loading took, and how fast versions answered."""
    needs = needs_page(page.versions[0]) if page.single else needs_table(page.versions, room())
    if needs:
        yield from ("as last loaded:", needs)
    if page.measured:
        yield from ("latency, the latest of each kind:", latency_figures.shown_table(page.measured, room()))


def _judged(page: Page) -> Iterator[str]:
    """Yield what the gate said of each version, and what the targets were told."""
    for version in page.versions:
        if version.gate is not None:
            yield f"gate of version {version.number}: {version.gate.verdict}"
            yield checks_text(version.gate.checks, shutil.get_terminal_size().columns)
    if page.targets and not page.single:
        current = page.model.current.number if page.model.current else None
        yield from (
            "promotion targets:",
            told_text(page.model.name, page.targets, current, now=time.time()),
        )


def _problems(page: Page) -> Iterator[str]:
    """Yield what is wrong, each once, with what helps; where lines for model.toml would, those are printed and say it all."""
    ways = {
        failure.message: failure.hint
        for version in page.versions
        if (failure := version.failure) is not None and not failure.proposal
    }
    for problem in dict.fromkeys([page.model.problem, *page.problems]):
        if problem:
            yield f"! {problem}"
            if ways.get(problem):
                yield f"  > {ways[problem]}"


def _versions_table(versions: Sequence[Version]) -> str:
    headings = ["VERSION", "ROLE", "FORMAT", "STATUS", "QUALITY", "MEDIAN", "SIZE", "EVALUATED", "REASON"]
    rows = [
        [
            str(version.number),
            str(version.role or ""),
            str(version.format or figures.NOT_KNOWN),
            str(version.status),
            figures.quality(version.evaluation),
            figures.median_latency(version.evaluation),
            figures.size(version.bytes),
            figures.clock(version.evaluation.at if version.evaluation else None),
            allowance.reason(version),
        ]
        for version in versions
    ]
    if not any(row[-1] for row in rows):
        # Most models have nothing to explain: an empty column would only push the others over the edge.
        headings, rows = headings[:-1], [row[:-1] for row in rows]
    return table(
        headings,
        rows,
        right=("VERSION", "MEDIAN", "SIZE"),
        room=room(),
        spare=SPARE_OF_VERSIONS,
        prose="REASON",
    )
