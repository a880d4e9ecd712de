"""What a person may want to paste elsewhere of what is selected: names, hashes, paths, figures, commands. Pure.

The first of each is the most likely one. A value is one line as it would be typed; nothing in it steers a terminal.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from storage.fault_records import Event, Fault
from storage.paired import Pair
from storage.records import Device, Job, Model, Version
from storage.settings_listing import Entry
from storage.tables.evaluations import headline
from storage.text import word
from tui import allowance
from tui.commands.figures import number
from tui.compare_rows import Line


class Value(NamedTuple):
    """Something to copy."""

    label: str
    text: str


def of_model(model: Model, version: Version | None, folder: str) -> list[Value]:
    """Return what can be copied of a model in the workspace ``folder`` and of one of its versions."""
    return _known([("model", model.name), *_of_version(version, folder), ("problem", model.problem)])


def _of_version(version: Version | None, folder: str) -> Iterator[tuple[str, str]]:
    if version is None:
        return
    yield "version", f"{version.model}@{version.number}"
    metric = headline(version.evaluation)
    if metric is not None:
        yield metric.name.replace("_", " "), number(metric.value)
    yield "file", f"{folder}/models/{version.model}/{version.number}/{version.artefact or ''}"
    yield "sha256", version.sha256 or ""
    if version.reason:
        yield "reason", version.reason
    yield "to allow it", allowance.command(version)
    if version.failure is not None:
        yield "failure", version.failure.message
        yield "what helps", version.failure.hint


def of_job(job: Job) -> list[Value]:
    """Return what can be copied of a job."""
    return _known(
        [
            ("job", f"J{job.id}"),
            ("error", job.error),
            ("what helps", job.hint),
            ("result", job.message),
            ("model", job.model),
            ("version", "" if job.version is None else f"{job.model}@{job.version}"),
            ("asked by", job.requested_by),
        ]
    )


def of_device(device: Device) -> list[Value]:
    """Return what can be copied of a device."""
    remedies = dict.fromkeys(obstacle.remedy for obstacle in device.obstacles)
    return _known(
        [("device", device.id), ("name", device.name), ("note", device.note)]
        + [("what helps", remedy) for remedy in remedies]
    )


def of_fault(fault: Fault) -> list[Value]:
    """Return what can be copied of a fault."""
    return _known(
        [("what helps", fault.repair), ("fault", fault.message), ("model", fault.model), ("code", fault.code)]
    )


def of_event(event: Event) -> list[Value]:
    """Return what can be copied of an event."""
    return _known([("event", event.message), ("model", event.model), ("code", event.code)])


def of_comparison(pair: Pair, line: Line | None) -> list[Value]:
    """Return what can be copied of two versions and of one of their figures."""
    names = [f"{version.model}@{version.number}" for version in (pair.after, pair.before)]
    command = f"modeltender compare {word(pair.after.model)} {pair.before.number} {pair.after.number}"
    chosen = [(line.name, f"{line.before} > {line.after} {line.change}")] if line else []
    return _known([("version", names[0]), ("against", names[1]), *chosen, ("command", command)])


def of_setting(entry: Entry, file: str) -> list[Value]:
    """Return what can be copied of a setting that is said in ``file``, or could be."""
    return _known(
        [("setting", entry.key), ("value", entry.value), ("file", file), ("problem", entry.problem)]
    )


def _known(pairs: Sequence[tuple[str, str]]) -> list[Value]:
    """Return what there is, each on one line."""
    found = ((label, "".join(c if c.isprintable() else " " for c in text).strip()) for label, text in pairs)
    return [Value(label, text) for label, text in found if text]
