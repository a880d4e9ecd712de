"""Making another model of a version: step by step in model processes, and held against the original's outputs.

Owns one variant from its first step to a finished artefact in a folder of the engine's own, with its identity and its
parity. It must not decide what becomes of the artefact.
"""

import contextlib
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.evaluation.parity import broken, parity
from engine.exports import Way
from engine.jobs.context import Context, Report
from engine.jobs.loading import fresh
from engine.jobs.loading_record import CPU, mark_ready
from engine.jobs.reading import mappable, readable_data
from engine.processes import scratch
from engine.processes.examiner_process import Suspect
from engine.processes.export_messages import Export, Predict, Predicted
from engine.processes.model_process import ModelProcess
from engine.protocols import ExportRoute, Temperature
from engine.repository.integrity import ChangedError, Content, digest
from engine.repository.scanner import read_item
from engine.runtimes import chosen_options, runtime_for
from storage.errors import JobError
from storage.exported import Parity
from storage.records import Version
from storage.settings import ModelSettings
from storage.text import clean
from storage.vocabulary import Format, Task

VALIDATION: Final = "validation"
TEST: Final = "test"

EXAMPLES: Final = 256
"""Examples that outputs are compared on: a conversion that is wrong is wrong on nearly all of them."""

RECALIBRATED: Final = "recalibrated"

EXAMINE_S: Final = 60.0
"""Looking into a file of our own making takes milliseconds; a machine that needs this long is in trouble."""


class Origin(NamedTuple):
    """What is exported, and on which data."""

    context: Context
    version: Version
    settings: ModelSettings
    source: Path
    """The data, as they lie there."""
    without: JobError | None
    """Why they are not validation data, so that they may decide nothing; ``None`` where they are."""

    @property
    def calibrating(self) -> bool:
        """Whether the data may decide anything: they are validation data."""
        return self.without is None

    @property
    def split(self) -> str:
        """Which part of the model's data they are."""
        return VALIDATION if self.calibrating else TEST

    @property
    def dataset(self) -> str:
        """What the data are called."""
        return clean(self.source.name)


class Artefact(NamedTuple):
    """An artefact that was made and examined; it lies in a folder of the engine's own."""

    folder: Path
    """What holds the artefact and nothing else."""
    name: str
    """Of the file or folder in it."""
    root: Path
    """Where the paths of its files start."""
    files: tuple[str, ...]
    """All its files, the one that a runtime opens first."""
    format: Format
    content: Content

    @property
    def file(self) -> Path:
        """The file that a runtime opens."""
        return self.root / self.files[0]


class Made(NamedTuple):
    """A variant of a version: its artefact, and how well its outputs agree with the original's."""

    way: Way
    artefact: Artefact
    parity: Parity
    temperature: float | None = None
    """What was built into its outputs, where that is what makes it another version."""

    @property
    def name(self) -> str:
        """What it is called among the versions that are made of one."""
        return self.way.name if self.temperature is None else RECALIBRATED


def origin_of(context: Context, version: Version, settings: ModelSettings) -> Origin:
    """Return a version with the data that its exports are checked on: validation data, else test data, which decide nothing.

    Raises:
        JobError: there are none of both.
    """
    model = version.model
    without: JobError | None = None
    try:
        source = locate(context.workspace, model, settings, VALIDATION)
    except JobError as error:
        without = error
        try:
            source = locate(context.workspace, model, settings, TEST)
        except JobError:
            raise JobError(
                f"What is made of {model}@{version.number} cannot be checked: {error.message}",
                error.template,
                code=error.code,
            ) from None
    return Origin(context, version, settings, source, without)


def check_way(origin: Origin, way: Way) -> None:
    """Raise a `JobError` where a way is not open here."""
    if way.lacking:
        raise JobError(
            f"{way.name} needs {', '.join(way.lacking)}, which is not installed.",
            f"Install it with: pip install {' '.join(way.lacking)}",
        )
    if way.calibrated and origin.without is not None:
        raise JobError(
            f"{way.name} takes its ranges from validation data, since test data must not decide anything. "
            f"{origin.without.message}",
            "Divide your data with: modeltender data split, or put some there that are not test data.",
            code=origin.without.code,
        )


@contextlib.contextmanager
def made(origin: Origin, way: Way, report: Report) -> Iterator[Made]:
    """Make one variant of a version; it lies there until the context is left.

    Raises:
        JobError: it cannot be made, or its outputs are not those of the original where they should be.
    """
    check_way(origin, way)
    context = origin.context
    with contextlib.ExitStack() as stack:
        with keeping(way.name):
            folder = scratch.make(context.workspace.scratch)
            stack.callback(scratch.sweep, folder)
        before, now = _first_step(origin, way.routes[0], folder, report)
        for route in way.routes[1:]:
            now = _further_step(origin, now, route, folder, report)
        with opened(origin, now, report) as process:
            report.progress(0, 1, f"comparing outputs of {way.name}")
            after = predicted(origin, process, report)
        found = parity(
            before,
            after,
            dataset=origin.dataset,
            task=origin.settings.task or Task.CLASSIFICATION,
            lossless=way.quantize is None,
        )
        if broken(found):
            raise JobError(
                f"{way.name} gives other outputs than {origin.version.model}@{origin.version.number}: they differ by up to "
                f"{found.max_difference:.3g} on {found.n} examples of {found.dataset}, and may by {found.tolerance:.3g}.",
                "Nothing was kept. Report it to the makers of the converter, or choose another format.",
                code="parity",
            )
        yield Made(way, now, found)


@contextlib.contextmanager
def opened(
    origin: Origin, artefact: Artefact, report: Report, cores: Collection[int] = ()
) -> Iterator[ModelProcess]:
    """Load what was made into a process of its own, on some cores or on all."""
    context, runtime = origin.context, runtime_for(artefact.format)
    process = context.hosts.open(
        artefact.file,
        runtime,
        CPU,
        (artefact.root, *readable_data(context.workspace, context.settings, origin.version.model)),
        wanted=artefact.format,
        options=chosen_options(runtime, origin.settings.runtime),
        every_wall=context.settings.trust.require_sandbox,
        cores=cores,
        cancelled=report.cancelled,
    )
    try:
        yield process
    finally:
        process.close()


def _first_step(
    origin: Origin, route: ExportRoute, folder: Path, report: Report
) -> tuple[Predicted, Artefact]:
    """Return the original's outputs, and what the first route makes of it: of one and the same process."""
    with fresh(origin.context, origin.version, CPU, (), report.cancelled) as process:
        mark_ready(origin.context, origin.version, process, CPU)
        before = predicted(origin, process, report)
        return before, converted(origin, process, route, folder, report)


def _further_step(
    origin: Origin, now: Artefact, route: ExportRoute, folder: Path, report: Report
) -> Artefact:
    with opened(origin, now, report) as process:
        return converted(origin, process, route, folder, report)


def predicted(origin: Origin, process: ModelProcess, report: Report) -> Predicted:
    """Have the examples answered that outputs are compared on."""
    return process.predict(
        Predict(
            str(data_of(origin, process, report)),
            origin.settings.preprocess,
            origin.settings.output,
            EXAMPLES,
        ),
        deadline_s=origin.context.settings.limits.evaluation_s,
        cancelled=report.cancelled,
    )


def converted(
    origin: Origin,
    process: ModelProcess,
    route: ExportRoute,
    folder: Path,
    report: Report,
    *,
    temperature: Temperature | None = None,
) -> Artefact:
    """Have a process convert what it has loaded, and look into the result as into any stranger's file."""
    report.progress(0, 1, f"converting to {route.name}")
    step = folder / route.name
    request = Export(
        route.converter,
        route.artefact,
        route.quantize,
        str(data_of(origin, process, report)),
        origin.settings.preprocess,
        temperature,
    )
    with keeping(route.name):
        step.mkdir()
        process.export(
            request,
            step / route.artefact,
            deadline_s=origin.context.settings.limits.evaluation_s,
            cancelled=report.cancelled,
        )
        return _examined(origin.context, step, route)


def _examined(context: Context, folder: Path, route: ExportRoute) -> Artefact:
    """Return what lies there now, after an examiner has said that it is what was asked for."""
    item = read_item(folder, route.artefact)
    process = context.hosts.open_examiner([folder])
    try:
        (found,) = process.examine([Suspect(folder, item, frozenset(item.files))], deadline_s=EXAMINE_S)
    finally:
        process.close()
    if found.format is not route.target:
        raise JobError(
            f"{route.name} came out as something else than {route.target}: {found.reason or found.format}."
        )
    root, files = found.beside(folder / item.name if item.is_folder else folder)
    return Artefact(folder, item.name, root, files, route.target, digest(root, files))


def data_of(origin: Origin, process: ModelProcess, report: Report) -> Path:
    """Return the data as the process can map them, which is told what the model takes."""
    wanted = Wanted(origin.version.model, origin.source, process.loaded.inputs, origin.settings)
    return mappable(origin.context, wanted, report)


@contextlib.contextmanager
def keeping(name: str) -> Iterator[None]:
    """Say what it means that the engine's own folder cannot be used.

    Raises:
        JobError: a file there changed meanwhile, or could not be written.
    """
    try:
        yield
    except ChangedError:
        raise JobError(
            f"{name} changed while it was read: somebody else writes into the engine's folders.",
            "Find out who does.",
        ) from None
    except OSError as error:
        raise JobError(
            f"{name} cannot be kept ({error.strerror or error}).", "Free some disk space, then try again."
        ) from None
