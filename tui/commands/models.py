"""``modeltender models`` and ``show``: every model on a line, or one with all that is known of its versions."""

import shutil
import sqlite3
import time
from collections.abc import Sequence
from typing import NamedTuple

import click
import msgspec

from storage import past
from storage.database import Reader
from storage.exported import Exported
from storage.imported import Imported
from storage.promotion_records import PromotionTarget
from storage.records import Arrival, LatencyMeasurement, Model, Quarantined, Version
from storage.tables import exports, imports, latencies, promotion_targets, quarantine, training
from storage.tables import faults as fault_table
from storage.tables import models as model_table
from storage.tables import promotions as promotion_table
from storage.train_settings import Train
from storage.training_records import TrainingRun
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace
from tui import allowance, health, moments
from tui.commands import figures, latency_figures
from tui.commands.checks import checks_text
from tui.commands.completing import complete_target
from tui.commands.documenting import model_document, shown_model_document, standing_for
from tui.commands.export_figures import parentage
from tui.commands.options import moment, standard_options
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

SPARE = ("TASK", "MEDIAN", "EVALUATED", "CANDIDATE", "STATUS")
SPARE_OF_VERSIONS = ("EVALUATED", "SIZE", "FORMAT")
"""What gives way on a narrow terminal, the first one first; the model's own page says it."""

HEALTHY = frozenset({Status.READY, Status.CHECKING, Status.SETTLING})


@click.command(epilog="Example: modeltender models --at 03:10")
@click.option(
    "--at",
    type=moment,
    metavar="TIME",
    help="How things stood then: an age (15m, 2d), a time of the day (03:10) or a date, in UTC.",
)
@click.option(
    "--watch", "again", is_flag=True, help="Keep printing until Ctrl-C, as plain text on any terminal."
)
@standard_options
def models(*, workspace: Workspace, as_json: bool, at: float | None, again: bool) -> int:
    """List the models with what is deployed and how good it is, now or at an earlier moment.

    The past is reconstructed from what is recorded: what was deployed, the latest figures at the time, and which faults
    were open. With --watch and --json, prints one document per line.
    """
    if at is not None and again:
        raise click.UsageError("The past does not change: leave out --watch or --at.")
    if at is not None:
        return _show_past(workspace, at, as_json=as_json)
    with to_look(workspace) as reader:
        if again:
            from tui.commands.watching import watch

            watch(workspace, reader, as_json=as_json)
        with reader.transaction() as connection:
            found = model_table.read(connection)
            arrivals = model_table.arrivals(connection)
        if as_json:
            show_document([model_document(model) for model in found])
            return ExitCode.DONE
        show_text(models_text(found, arrivals, time.time()))
        remark(staleness(workspace, engine_state(reader)))
    return ExitCode.DONE


def _show_past(workspace: Workspace, at: float, *, as_json: bool) -> int:
    if at > time.time():
        raise click.UsageError(f"--at {moments.written(at)} is not over yet.")
    with to_look(workspace) as reader:
        found = past.read(reader, at)
    if as_json:
        show_document([model_document(model) for model in found.snapshot.models])
        return ExitCode.DONE
    if found.snapshot.models:
        show_text(models_text(list(found.snapshot.models), (), at))
    else:
        show_text("There were no models.")
    missing = f" Not recorded: {', '.join(found.missing)}." if found.missing else ""
    remark(f"This is how things stood at {moments.written(at)}.{missing}")
    return ExitCode.DONE


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
            page = _page(connection, target)
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
        show_text(_shown_text(page, train))
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


def models_text(found: list[Model], arrivals: Sequence[Arrival], now: float) -> str:
    """Return the table of models, and under it a line for each version that is not well or on its way.

    Of a model without a version what its files are instead is all that there is to say of it.
    """
    empty = {model.name for model in found if model.newest is None}
    coming = [
        _arrival_line(arrival)
        for arrival in arrivals
        if arrival.status is Status.SETTLING or arrival.model in empty
    ]
    if not found:
        nothing = "No models yet. Save a trained model in a folder train/NAME/ and it appears here."
        return "\n".join([nothing, *coming])
    headings = ["MODEL", "TASK", "CURRENT", "CANDIDATE", "STATUS", "QUALITY", "MEDIAN", "EVALUATED"]
    rows = [_row(model, now) for model in found]
    return "\n".join(
        [
            table(headings, rows, right=("CURRENT", "CANDIDATE", "MEDIAN"), room=room(), spare=SPARE),
            *_watched(found, now),
            *_ailing(found),
            *coming,
        ]
    )


def _row(model: Model, now: float) -> list[str]:
    version = standing_for(model)
    evaluation = version.evaluation if version else None
    return [
        model.name,
        str(model.task or figures.NOT_KNOWN),
        str(model.current.number) if model.current else "-",
        str(model.candidate.number) if model.candidate else "-",
        str(version.status) if version else "no versions",
        figures.quality(evaluation),
        figures.median_latency(evaluation),
        figures.age(evaluation.at if evaluation else None, now),
    ]


def _watched(found: list[Model], now: float) -> list[str]:
    return [f"{model.name}: {told}" for model in found if (told := health.on_probation(model, now))]


def _ailing(found: list[Model]) -> list[str]:
    lines = [f"{model.name}: {model.problem}" for model in found if model.problem]
    for model in found:
        if model.newest is not None and model.newest.status not in HEALTHY:
            lines.append(
                f"{model.name}@{model.newest.number} {model.newest.status.fate}: {allowance.reason(model.newest)}"
            )
        elif model.newest is not None and model.newest.status is Status.SETTLING and model.newest.reason:
            lines.append(f"{model.name}@{model.newest.number} {model.newest.reason}")
    return lines


def _arrival_line(arrival: Arrival) -> str:
    where = f"train/{arrival.model}/{arrival.name}"
    # What is on its way says so itself.
    fate = "" if arrival.status is Status.SETTLING else f"{arrival.status.fate}: "
    return f"{where} {fate}{arrival.reason}"


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


def _page(connection: sqlite3.Connection, target: Target) -> Page:
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
            tuple(model_table.arrivals(connection, target.model)),
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


def _shown_text(page: Page, train: Train | None) -> str:
    model, versions = page.model, page.versions
    lines = [f"{model.name}  {model.task or ''}".rstrip()]
    lines.extend(_watched([model], time.time()))
    if not page.single:
        lines.extend(retraining_text(train, page.runs, time.time()))
    lines.append(_versions_table(versions) if versions else "No versions yet.")
    lines += parentage(versions, page.exports, single=page.single)
    lines += [
        f"version {version.number}: {origin.words}"
        for version in versions
        if (origin := page.imports.get(version.sha256 or "")) is not None
    ]
    needs = needs_page(versions[0]) if page.single else needs_table(versions, room())
    if needs:
        lines += ["as last loaded:", needs]
    if page.measured:
        lines += ["latency, the latest of each kind:", latency_figures.shown_table(page.measured, room())]
    for version in versions:
        if version.gate is not None:
            lines.append(f"gate of version {version.number}: {version.gate.verdict}")
            lines.append(checks_text(version.gate.checks, shutil.get_terminal_size().columns))
    if page.targets and not page.single:
        current = model.current.number if model.current else None
        lines += ["promotion targets:", told_text(model.name, page.targets, current, now=time.time())]
    lines.extend(origin_text(origin) for origin in page.origins)
    lines.extend(_arrival_line(arrival) for arrival in page.arrivals)
    lines.extend(
        f"{entry.name} is in quarantine ({entry.id}): {entry.reason}; {allowance.way_out(entry)}"
        for entry in page.quarantined
    )
    # Where lines for model.toml would mend it, those are printed below and say it all.
    ways = {
        failure.message: failure.hint
        for version in versions
        if (failure := version.failure) is not None and not failure.proposal
    }
    for problem in dict.fromkeys([model.problem, *page.problems]):
        if problem:
            lines.append(f"! {problem}")
            lines.extend([f"  > {ways[problem]}"] if ways.get(problem) else [])
    proposed = proposed_text(model.name, versions)
    return "\n".join([*lines, proposed] if proposed else lines)


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
