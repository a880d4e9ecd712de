"""What a device read over time: which level is read for a stretch of time, and how it is told."""

import sqlite3
import time
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from typing import NamedTuple

import click

from storage import device_readings
from storage.errors import UnknownError
from storage.sketch import Sketch
from storage.tables import rollups
from storage.tables.rollups import POINTS, Bucket
from storage.text import NAME, clean
from tui import device_curves
from tui.commands.device_document import DeviceHistoryDocument
from tui.commands.figures import clock, size
from tui.commands.plot import plot
from tui.commands.tables import table
from tui.device_curves import WHOLE

SINCE_S = 3600.0
"""How far back it is looked where nobody says: an hour by the minute fits a page."""


class Range(NamedTuple):
    """Which stretch of time is asked for, and in which steps."""

    since: float
    until: float
    step_s: float | None


class Series(NamedTuple):
    """A reading of a device over time."""

    device: str
    reading: str
    step_s: float | None
    """How long a bucket is; ``None`` where each is a single reading."""
    buckets: list[Bucket]


def wanted(since: float | None, until: float | None, step_s: float | None) -> Range:
    """Return the stretch of time that is meant.

    Raises:
        click.UsageError: it is empty, or has more points than anybody reads.
    """
    end = time.time() + 1 if until is None else until
    begin = end - SINCE_S if since is None else since
    if begin >= end:
        raise click.UsageError("--until is not after --since.")
    if step_s and (end - begin) / step_s > POINTS + 1:
        raise click.UsageError(
            f"That makes {(end - begin) / step_s:,.0f} points, and {POINTS} are the most: take a longer --step or a shorter time."
        )
    return Range(begin, end, step_s)


def read(connection: sqlite3.Connection, device: str, reading: str | None, within: Range) -> list[Series]:
    """Return a reading of a device, or all that it has.

    Raises:
        UnknownError: there is no such device or reading.
    """
    known = rollups.known(connection)
    if device not in known:
        raise UnknownError(
            _no(f"There is no device '{clean(device, NAME)}' with readings.", device, list(known)),
            f"There are: {', '.join(known) or 'none yet'}.",
        )
    readings = known[device]
    if reading is not None and reading not in readings:
        raise UnknownError(
            _no(f"{clean(device, NAME)} has no reading '{clean(reading, NAME)}'.", reading, readings),
            f"It has: {', '.join(readings)}.",
        )
    return [_series(connection, device, name, within) for name in readings if reading in {None, name}]


def documents(found: list[Series]) -> list[DeviceHistoryDocument]:
    """Return what scripts get."""
    return [
        DeviceHistoryDocument(
            at=datetime.fromtimestamp(bucket.at, UTC),
            device=series.device,
            reading=series.reading,
            step_s=series.step_s,
            n=bucket.n,
            min=bucket.least,
            mean=bucket.mean,
            max=bucket.greatest,
            p50=_quantile(bucket, 0.5),
            p90=_quantile(bucket, 0.9),
            p99=_quantile(bucket, 0.99),
        )
        for series in found
        for bucket in series.buckets
    ]


def text(found: list[Series]) -> str:
    """Return a table for each reading that there is."""
    headings = ["AT (UTC)", "MIN", "MEAN", "MAX", "P99", "N"]
    parts = [
        f"{series.device} {series.reading}{_steps(series)}\n"
        + table(headings, [_row(series.reading, bucket) for bucket in series.buckets], right=headings[1:])
        for series in found
        if series.buckets
    ]
    return "\n\n".join(parts) if parts else "No readings in that time."


def drawing(found: list[Series], width: int) -> str:
    """Return a chart for each reading that there is: the mean as a line, from least to greatest as a band."""
    parts = [
        plot(
            device_curves.curve(series.buckets, series.step_s),
            title=f"{series.device} {series.reading}{_steps(series)}",
            width=width,
            words=partial(_figure, series.reading),
            bounds=WHOLE.get(series.reading),
        )
        for series in found
        if series.buckets
    ]
    return "\n\n".join(parts) if parts else "No readings in that time."


def _series(connection: sqlite3.Connection, device: str, reading: str, within: Range) -> Series:
    found = device_readings.over(
        connection,
        device,
        reading,
        since=within.since,
        until=within.until,
        step_s=within.step_s,
        distributed=True,
    )
    return Series(device, reading, found.step_s, found.buckets)


def _no(sentence: str, word: str, known: list[str]) -> str:
    near = get_close_matches(word, known, n=1)
    return sentence + (f" Did you mean '{near[0]}'?" if near else "")


def _quantile(bucket: Bucket, share: float) -> float:
    found = (bucket.sketch or Sketch()).quantile(share)
    # The sketch's error must not lead out of what was read.
    return min(max(found, bucket.least), bucket.greatest)


def _row(reading: str, bucket: Bucket) -> list[str]:
    figures = (bucket.least, bucket.mean, bucket.greatest, _quantile(bucket, 0.99))
    return [clock(bucket.at), *(_figure(reading, value) for value in figures), str(bucket.n)]


def _figure(reading: str, value: float) -> str:
    """Return a value as a person reads it; scripts get it as it was read."""
    if reading in WHOLE:
        return f"{value:.1%}"
    if reading.endswith("_bytes"):
        return size(round(value))
    return f"{value:.4f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 1e6 else f"{value:.0f}"


def _steps(series: Series) -> str:
    return ", every reading" if series.step_s is None else f", {device_curves.steps(series.step_s)}"
