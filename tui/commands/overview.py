"""``modeltender status``: the overview in plain text, and what needs a person."""

import time

import click

from storage import snapshot
from storage.errors import SettingsError
from storage.fault_records import Fault
from storage.objectives import MISSED_FAULT, judge
from storage.records import Arrival, Model, Version
from storage.settings import read_model_settings
from storage.snapshot import Snapshot
from storage.text import word
from storage.vocabulary import ExitCode, Status
from storage.workspace import Workspace, engine_pid
from tui import allowance
from tui.commands.custody_documents import quarantined_document
from tui.commands.device_document import device_document
from tui.commands.device_text import devices_table
from tui.commands.documenting import model_document
from tui.commands.documents import in_utc
from tui.commands.faults import needs_person
from tui.commands.models import models_text
from tui.commands.options import standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import (
    EngineDocument,
    StatusDocument,
    WaitingDocument,
    arrival_document,
    fault_document,
)
from tui.commands.reading import staleness, to_look

UNWELL = frozenset({Status.FAILED, Status.QUARANTINED, Status.UNSUPPORTED, Status.MISSING})


@click.command(epilog="Example: modeltender status || mail -s 'models' me@example.org")
@standard_options
def status(*, workspace: Workspace, as_json: bool) -> int:
    """Print the overview and what needs attention.

    Exits with 1 if something does: an open fault, a missed objective, a candidate that may be promoted, an engine that
    is not running.
    """
    with to_look(workspace) as reader:
        seen = snapshot.read(reader)
    wanted = attention(workspace, seen)
    if as_json:
        show_document(_document(workspace, seen, wanted))
    else:
        show_text(_text(workspace, seen, wanted, time.time()))
    return ExitCode.NO if wanted else ExitCode.DONE


def attention(workspace: Workspace, seen: Snapshot) -> tuple[str, ...]:
    """Return a sentence for each thing that needs a person, the worst first, none twice."""
    told = {(fault.model, fault.version) for fault in seen.faults}
    codes = {(fault.model, fault.code) for fault in seen.faults}
    sentences = [staleness(workspace, seen.engine)]
    sentences.extend(_fault_sentence(fault) for fault in seen.faults if needs_person(fault))
    for model in seen.models:
        if model.problem and not any(model.problem in sentence for sentence in sentences):
            sentences.append(f"{model.name}: {model.problem}")
        for version in (model.current, model.newest):
            if version is not None and version.status in UNWELL and (model.name, version.number) not in told:
                told.add((model.name, version.number))
                sentences.append(f"{_name(version)} {version.status.fate}: {allowance.reason(version)}")
        if (model.name, MISSED_FAULT) not in codes:
            sentences.extend(_missed_objectives(workspace, model))
        sentences.extend(_ready(model))
    sentences.extend(
        f"train/{arrival.model}/{arrival.name} {arrival.status.fate}: {arrival.reason}"
        for arrival in seen.arrivals
        if arrival.status in UNWELL
    )
    sentences.extend(
        f"train/{entry.model}/{entry.name} is in quarantine: {entry.reason}; {allowance.way_out(entry)}"
        for entry in seen.quarantined
    )
    return tuple(sentence for sentence in sentences if sentence)


def _missed_objectives(workspace: Workspace, model: Model) -> list[str]:
    version = model.current
    if version is None or version.evaluation is None:
        return []
    try:
        objectives = read_model_settings(workspace.model_settings(model.name)).objectives
    except SettingsError:
        # The engine has made a problem of the model out of it, which is told above.
        return []
    judgements = judge(objectives, version.evaluation)
    return [
        f"{_name(version)}: {judgement.sentence()}"
        for judgement in judgements
        if judgement.met is False or judgement.near
    ]


def _document(workspace: Workspace, seen: Snapshot, wanted: tuple[str, ...]) -> StatusDocument:
    heartbeat = seen.engine.heartbeat_at if seen.engine else None
    return StatusDocument(
        attention=wanted,
        engine=EngineDocument(running=engine_pid(workspace) is not None, heartbeat_at=in_utc(heartbeat)),
        models=tuple(model_document(model) for model in seen.models),
        arrivals=tuple(arrival_document(arrival) for arrival in seen.arrivals),
        devices=tuple(device_document(device) for device in seen.devices),
        jobs=WaitingDocument(queued=seen.queued, running=seen.running),
        faults=tuple(fault_document(fault) for fault in seen.faults),
        quarantined=tuple(map(quarantined_document, seen.quarantined)),
    )


def _text(workspace: Workspace, seen: Snapshot, wanted: tuple[str, ...], now: float) -> str:
    engine = "running" if engine_pid(workspace) is not None else "not running"
    first = f"engine {engine}; {len(seen.models)} model{'' if len(seen.models) == 1 else 's'}; jobs: {seen.running} running, {seen.queued} waiting"
    needs = [f"! {sentence}" for sentence in wanted] or ["Nothing needs you."]
    return "\n".join(
        [
            first,
            "",
            # What is not well is told below, with all else that needs a person.
            models_text(list(seen.models), _arriving(seen), now),
            "",
            devices_table(seen.devices),
            "",
            *needs,
        ]
    )


def _arriving(seen: Snapshot) -> tuple[Arrival, ...]:
    return tuple(arrival for arrival in seen.arrivals if arrival.status is Status.SETTLING)


def _fault_sentence(fault: Fault) -> str:
    subject = fault.model + (f"@{fault.version}" if fault.version is not None else "")
    return f"{subject}: {fault.message}" if subject else fault.message


def _ready(model: Model) -> list[str]:
    """Return that a model's candidate may be promoted, if it may."""
    candidate = model.candidate
    if candidate is None or candidate.gate is None or not candidate.gate.promotable:
        return []
    found = candidate.gate.verdict
    told = (
        "passes but for its latency; measure and deploy it"
        if candidate.gate.lacks_ratio
        else f"is {found}; deploy it"
    )
    return [f"{_name(candidate)} {told}: modeltender promote {word(model.name)}"]


def _name(version: Version) -> str:
    return f"{version.model}@{version.number}"
