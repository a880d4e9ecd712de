"""The tables of the screens as figures for a spreadsheet: every row that is listed, whole and unrounded. Pure.

Owns the columns and how a sheet is written as CSV. A cell that a spreadsheet would take for a formula is made text:
names and messages come from files that anybody may have written. Times are ISO 8601 in UTC, what is not known is empty.
"""

import csv
import io
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from storage.fault_records import Event, Fault
from storage.paired import Pair
from storage.records import Device, Job, Model, Version
from storage.settings_listing import Entry
from storage.tables.evaluations import headline
from tui import health
from tui.commands.output import printable
from tui.compare_rows import Line

Cell = str | int | float | None

FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a text begins that spreadsheets compute (OWASP, CSV injection); a quote before it makes it a text to all of them."""


class Sheet(NamedTuple):
    """A table's columns and rows."""

    headings: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def as_csv(self) -> str:
        """Return the sheet as CSV with a line of headings."""
        written = io.StringIO()
        out = csv.writer(written, lineterminator="\n")
        out.writerow(self.headings)
        out.writerows([[_safe(cell) for cell in row] for row in self.rows])
        return written.getvalue()


def _safe(cell: Cell) -> Cell:
    if not isinstance(cell, str):
        return cell
    text = printable(" ".join(cell.split()))
    return f"'{text}" if text.startswith(FORMULA) else text


FIGURES = (
    "metric",
    "value",
    "low",
    "high",
    "examples",
    "p50_ms",
    "p95_ms",
    "p99_ms",
    "examples_per_s",
    "device",
    "evaluated_at",
)


def of_models(models: Sequence[Model], jobs: Sequence[Job], now: float) -> Sheet:
    """Return the models with what is deployed of each, or with the version that stands for it."""
    rows = []
    for model in models:
        version = model.current or model.candidate or model.newest
        rows.append(
            (
                model.name,
                health.of_model(model, jobs).word,
                model.task,
                None if version is None else version.number,
                None if model.candidate is None else model.candidate.number,
                None if version is None else version.format,
                *_figures(version),
                model.faults,
                health.sentence(model, jobs, now),
            )
        )
    headings = ("model", "state", "task", "version", "candidate", "format", *FIGURES, "faults", "note")
    return Sheet(headings, tuple(rows))


def of_versions(versions: Sequence[Version]) -> Sheet:
    """Return the versions of a model."""
    rows = [
        (
            version.model,
            version.number,
            version.role,
            version.status,
            version.format,
            version.bytes,
            version.sha256,
            *_figures(version),
            version.reason,
        )
        for version in versions
    ]
    headings = ("model", "version", "role", "status", "format", "bytes", "sha256", *FIGURES, "reason")
    return Sheet(headings, tuple(rows))


def of_jobs(jobs: Sequence[Job]) -> Sheet:
    """Return jobs with how they went."""
    rows = [
        (
            job.id,
            job.kind,
            job.model,
            job.version,
            job.state,
            job.done,
            job.total,
            _time(job.requested_at),
            job.requested_by,
            _time(job.started_at),
            _time(job.finished_at),
            job.message,
            job.error,
        )
        for job in jobs
    ]
    headings = ("job", "kind", "model", "version", "state", "done", "total", "requested_at", "requested_by")
    return Sheet((*headings, "started_at", "finished_at", "message", "error"), tuple(rows))


def of_devices(devices: Sequence[Device]) -> Sheet:
    """Return devices with their latest reading."""
    rows = [
        (
            device.id,
            device.kind,
            device.name,
            device.utilisation,
            device.memory_used_bytes,
            device.memory_total_bytes,
            device.temperature_c,
            device.power_w,
            " ".join(device.usable_by),
            device.note,
            _time(device.at),
        )
        for device in devices
    ]
    headings = ("device", "kind", "name", "utilisation", "memory_used_bytes", "memory_total_bytes")
    return Sheet((*headings, "temperature_c", "power_w", "runs", "note", "read_at"), tuple(rows))


def of_faults(faults: Sequence[Fault]) -> Sheet:
    """Return open faults with what ends them."""
    rows = [
        (
            fault.id,
            fault.model,
            fault.version,
            fault.severity,
            fault.state,
            _time(fault.first_at),
            _time(fault.last_at),
            fault.count,
            fault.message,
            fault.repair,
        )
        for fault in faults
    ]
    headings = ("fault", "model", "version", "severity", "state", "first_at", "last_at", "count", "message")
    return Sheet((*headings, "repair"), tuple(rows))


def of_events(events: Sequence[Event]) -> Sheet:
    """Return events, the newest first."""
    rows = [
        (_time(event.at), event.severity, event.model, event.version, event.code, event.message)
        for event in events
    ]
    return Sheet(("at", "severity", "model", "version", "code", "message"), tuple(rows))


def of_comparison(pair: Pair, lines: Sequence[Line]) -> Sheet:
    """Return the listed figures of two versions, the paired ones as they were computed."""
    before, after = f"v{pair.before.number}", f"v{pair.after.number}"
    rows = []
    for line in lines:
        figure = line.compared
        own: tuple[Cell, ...] = (line.before, line.after, None, None, None, "")
        if figure is not None:
            own = (figure.before, figure.after, figure.advantage, figure.low, figure.high, figure.verdict)
        rows.append((line.name, *own))
    return Sheet(("figure", before, after, "advantage", "low", "high", "verdict"), tuple(rows))


def of_settings(entries: Sequence[Entry]) -> Sheet:
    """Return the listed settings and where each is said."""
    rows = [
        (entry.scope, entry.key, entry.value, entry.origin, entry.default, entry.problem) for entry in entries
    ]
    return Sheet(("model", "setting", "value", "from", "default", "problem"), tuple(rows))


def _figures(version: Version | None) -> tuple[Cell, ...]:
    evaluation = version.evaluation if version else None
    if evaluation is None:
        return (None,) * len(FIGURES)
    metric, latency = headline(evaluation), evaluation.latency
    quality: tuple[Cell, ...] = (None,) * 5
    if metric is not None:
        quality = (metric.name, metric.value, metric.low, metric.high, metric.n)
    speed: tuple[Cell, ...] = (None,) * 4
    if latency is not None:
        speed = (latency.p50_ms, latency.p95_ms, latency.p99_ms, latency.throughput)
    return (*quality, *speed, evaluation.device, _time(evaluation.at))


def _time(at: float | None) -> str | None:
    return None if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%dT%H:%M:%SZ}"
