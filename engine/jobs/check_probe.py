"""Asking what is deployed the same examples again: loaded in a fresh process, as a server that starts would load it.

Owns which examples are kept, and when the first answers are put on record. What their comparison means is a check's.
"""

import hashlib
import logging
from typing import NamedTuple

import msgspec

from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.evaluation import golden
from engine.faults.state import Endurance, Fit, Probing
from engine.jobs import check_endurance, check_fit, loading
from engine.jobs.checked import runtime_of
from engine.jobs.context import Context, Report
from engine.jobs.loading_record import mark_ready
from engine.jobs.reading import mappable
from engine.processes.client import ModelProcess
from engine.processes.endings import CANCELLED
from engine.processes.probes import Probe, Probed
from engine.protocols import Options
from storage.errors import JobError
from storage.fault_records import GoldenAnswers
from storage.records import Version
from storage.settings import ModelSettings
from storage.tables import golden as golden_table
from storage.vocabulary import Status

log = logging.getLogger(__name__)


class Asking(NamedTuple):
    """What is to be asked, and how."""

    context: Context
    version: Version
    settings: ModelSettings
    device: str
    report: Report
    anew: bool = False
    """Whether nothing is taken from the record that could be asked for again."""


class Asked(msgspec.Struct, frozen=True):
    """What a model answered, or why it was not asked."""

    probing: Probing | None
    problem: str = ""
    endurance: Endurance | None = None
    fit: Fit | None = None


def ask(asking: Asking) -> Asked:
    """Load a version and have it answer its kept examples; those that are not kept yet are taken of the test data.

    A load that fails is recorded as such, and raised.

    Raises:
        JobError: the version does not load.
    """
    context, version, settings, device, report, _ = asking
    report.progress(0, 1, f"loading version {version.number}")
    with loading.fresh(context, version, device, (), report.cancelled, hashed=True) as process:
        if version.status is not Status.READY:
            # Otherwise what its last evaluation took stays on record: a load alone takes less.
            mark_ready(context, version, process, device)
        kept = _kept(asking, process)
        try:
            probed = process.probe(
                _request(asking, process, kept),
                deadline_s=context.settings.limits.evaluation_s,
                cancelled=report.cancelled,
            )
        except JobError as error:
            if report.cancelled():
                raise
            # It has loaded; that it cannot be asked says something about the examples first.
            unfit = check_fit.fit(context, version, settings, process, report) if process.alive else None
            return Asked(None, error.message.rstrip("."), fit=unfit)
        probing = _compared(asking, process, probed, kept)
        return Asked(
            probing,
            endurance=_endurance(asking, process, probed),
            # What answers without a number is told as that, and not as data that do not fit.
            fit=None
            if probing.examined.without_number or not process.alive
            else check_fit.fit(context, version, settings, process, report),
        )


def _endurance(asking: Asking, process: ModelProcess, probed: Probed) -> Endurance | None:
    """Return what is known of the memory that answers take, read anew where that is due."""
    context, version, _, _, report, anew = asking
    before = check_endurance.recorded(context, version, process)
    if not anew and not check_endurance.due(context, before):
        return before
    try:
        return check_endurance.endure(context, version, process, probed.inputs, report)
    except JobError as error:
        if error.code == CANCELLED:
            raise
        # It answered these examples a moment ago: what ends a model that is asked often is for its evaluation to say.
        log.warning(
            "%s@%s could not be asked again and again: %s", version.model, version.number, error.message
        )
        return None


def _request(asking: Asking, process: ModelProcess, kept: GoldenAnswers | None) -> Probe:
    context, version, settings, _, report, _ = asking
    if kept is not None:
        return Probe(inputs=golden.unpack(kept.inputs))
    source = locate(context.workspace, version.model, settings)
    data = mappable(context, Wanted(version.model, source, process.loaded.inputs, settings), report)
    return Probe(data=str(data), preprocess=settings.preprocess)


def _kept(asking: Asking, process: ModelProcess) -> GoldenAnswers | None:
    version = asking.version
    with asking.context.writer.passing() as connection:
        return golden_table.read(
            connection, version.model, version.sha256 or "", options_digest(process.options), asking.device
        )


def options_digest(options: Options) -> str:
    """Return a digest of what the runtime was told besides the artefact: with another loader it is another model."""
    return hashlib.sha256(msgspec.json.encode(options)).hexdigest()


def _compared(asking: Asking, process: ModelProcess, probed: Probed, kept: GoldenAnswers | None) -> Probing:
    context, version = asking.context, asking.version
    runtime = runtime_of(version).name
    installed = process.loaded.version_of(runtime)
    compared = None
    if kept is None:
        first = GoldenAnswers(
            model=version.model,
            artefact_sha256=version.sha256 or "",
            options=options_digest(process.options),
            device=asking.device,
            runtime=runtime,
            runtime_version=installed,
            inputs=golden.pack(probed.inputs),
            outputs=golden.pack(probed.outputs),
            at=context.now(),
        )
        with context.writer.transaction() as connection:
            golden_table.add(connection, first)
    else:
        compared = golden.compare(golden.unpack(kept.outputs), probed.outputs)
    return Probing(
        examined=golden.examine(probed),
        repeatable=probed.repeatable,
        weights=probed.weights,
        broken_weights=probed.broken_weights,
        runtime=runtime,
        runtime_version=installed,
        compared=compared,
        recorded_at=kept.at if kept else context.now(),
        recorded_with=kept.runtime_version if kept else installed,
    )
