"""Rehearse an upgrade: run what is deployed in another environment, beside this one, on the same examples.

Owns which versions are tried and what each environment is asked. Nothing of it is recorded but the job's own result: the
figures of another environment are not those of what is deployed. What they mean is `engine.evaluation.rehearsal`'s.
"""

import os
import platform
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import NamedTuple

import msgspec

from engine.data.location import locate
from engine.data.prepared import Wanted
from engine.evaluation import rehearsal
from engine.evaluation.rehearsal import Outcome as Seen
from engine.jobs import loading
from engine.jobs.companions import class_names, own_loader, own_metrics
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.loading_record import CPU
from engine.jobs.reading import mappable
from engine.jobs.unrecorded import evaluation_of, side_of
from engine.processes import interpreter as interpreters
from engine.processes.client import Hosts
from engine.processes.endings import CANCELLED
from engine.processes.interpreter import Inventory
from engine.processes.model_process import ModelProcess
from engine.processes.probes import PlainArray, Probe
from engine.processes.protocol import Evaluate
from engine.protocols import LOADER, RuntimeSpec
from engine.runtimes import chosen_options
from storage.errors import Error, JobError, UnknownError
from storage.records import Job, Metric, Version
from storage.rehearsed import Rehearsed, RehearsedModel, RehearsedSide
from storage.settings import ModelSettings, read_model_settings
from storage.tables import models
from storage.text import clean
from storage.vocabulary import Format, Rehearsal, Task


class Told(NamedTuple):
    """A report that says which model is being tried, and counts models."""

    report: Report
    name: str
    place: int
    """From 0."""
    total: int

    def progress(self, done: int, total: int, message: str = "") -> None:
        """Pass on what is being done; how far that is says nothing about the whole."""
        del done, total
        self.report.progress(self.place, self.total, f"{self.name}: {message or 'evaluating'}")

    def figure(self, figure: Metric) -> None:
        """Keep to the models: a figure so far would not say in which environment."""

    def cancelled(self) -> bool:
        """Whether the job's end was asked for."""
        return self.report.cancelled()


class Trial(NamedTuple):
    """One version that is tried."""

    context: Context
    version: Version
    settings: ModelSettings
    report: Report


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Try the deployed version of the model that the job names, or of all."""
    deployed = _deployed(context, job.model)
    report.progress(0, len(deployed), "looking at the other environment")
    tried = []
    with interpreters.other(Path(job.parameters.interpreter), os.environ) as interpreter:
        there = interpreters.inventory(interpreter, os.environ)
        hosts = Hosts(
            scratch=context.workspace.rehearsal,
            limits=context.settings.limits,
            interpreter=interpreter,
            share=context.hosts.share,
        )
        try:
            for place, version in enumerate(deployed):
                told = Told(report, f"{version.model}@{version.number}", place, len(deployed))
                tried.append(_tried(context, version, told, hosts, there))
        finally:
            hosts.close()
    answer = Rehearsed(
        interpreter=clean(job.parameters.interpreter),
        python_here=platform.python_version(),
        python_there=clean(there.python, 40),
        breaks=any(one.verdict is Rehearsal.BREAKS for one in tried),
        models=tuple(tried),
    )
    broken = sum(one.verdict is Rehearsal.BREAKS for one in tried)
    return Outcome(
        message=f"{broken} of {len(tried)} deployed versions would break",
        result=msgspec.json.encode(answer).decode(),
    )


def _deployed(context: Context, model: str) -> list[Version]:
    """Return what is deployed and can be told apart from what was."""
    with context.writer.passing() as connection:
        names = [model] if model else models.names(connection)
        found = [models.read_one(connection, name) for name in names]
    current = [one.current for one in found if one is not None and one.current is not None]
    deployed = [version for version in current if version.format is not None]
    if not deployed:
        what = f"Nothing of {model} is deployed" if model else "Nothing is deployed"
        raise UnknownError(
            f"{what}, so there is nothing to rehearse.", "Deploy a version: modeltender promote MODEL"
        )
    return deployed


def _tried(
    context: Context, version: Version, report: Report, hosts: Hosts, inventory: Inventory
) -> RehearsedModel:
    """Try one version in both environments; what goes wrong is its answer, and keeps no other one from being tried."""
    try:
        settings = read_model_settings(context.workspace.model_settings(version.model))
    except Error as error:
        nothing = RehearsedSide(loads=False, problem=clean(error.message))
        return rehearsal.judged(version, Seen(nothing), Seen(nothing), None)
    trial = Trial(context, version, settings, report)
    report.progress(0, 1, "here")
    here = _seen(trial, _here, ())
    report.progress(0, 1, "there")
    there = _seen(trial, lambda one: _there(one, hosts, inventory), here.inputs)
    return rehearsal.judged(version, here, there, settings)


@contextmanager
def _here(trial: Trial) -> Iterator[ModelProcess]:
    context, version, _, report = trial
    with loading.borrow(context, version, CPU, report.cancelled) as process:
        yield process


def _there(trial: Trial, hosts: Hosts, inventory: Inventory) -> AbstractContextManager[ModelProcess]:
    """Load a version in the other environment."""
    context, version, settings, report = trial
    runtime = _runtime_there(inventory, version)
    options = chosen_options(runtime, settings.runtime)
    if LOADER in runtime.options:
        options = (*options, *own_loader(context, version, settings))
    return loading.elsewhere(context, version, hosts, runtime, options=options, cancelled=report.cancelled)


def _runtime_there(inventory: Inventory, version: Version) -> RuntimeSpec:
    wanted: Format | None = version.format
    found = next((spec for spec in inventory.runtimes if wanted in spec.formats), None)
    if found is None:
        # It runs our own code, which has a runtime for each format; but it is another environment that says so.
        raise JobError(f"The other environment knows nothing of {wanted}.")
    return found


def _seen(
    trial: Trial,
    opened: Callable[[Trial], AbstractContextManager[ModelProcess]],
    inputs: tuple[PlainArray, ...],
) -> Seen:
    """Return what became of a version in one environment."""
    side = RehearsedSide(loads=False)
    try:
        with opened(trial) as process:
            side = RehearsedSide(
                loads=True,
                versions=dict(process.loaded.versions),
                load_s=process.loaded.load_s,
                isolation=process.isolation,
            )
            return _asked(trial, process, side, inputs)
    except JobError as error:
        if error.code == CANCELLED:
            raise
        return Seen(msgspec.structs.replace(side, problem=clean(error.message.rstrip("."))))


def _asked(trial: Trial, process: ModelProcess, side: RehearsedSide, inputs: tuple[PlainArray, ...]) -> Seen:
    """Return how good a loaded version is and what it answers to a few examples: the same ones in both environments."""
    context, version, settings, report = trial
    limits = context.settings.limits
    source = locate(context.workspace, version.model, settings)
    wanted = Wanted(version.model, source, process.loaded.inputs, settings)
    data = str(mappable(context, wanted, report))
    own, _notes = own_metrics(context, version.model, settings)
    request = Evaluate(
        data=data,
        task=settings.task or Task.CLASSIFICATION,
        labels=class_names(context.workspace, version.model, settings),
        preprocess=settings.preprocess,
        output=settings.output,
        top_k=settings.metrics.top_k,
        own=own,
    )
    evaluated = process.evaluate(
        request,
        on_progress=report.progress,
        deadline_s=limits.evaluation_s,
        cancelled=report.cancelled,
    )
    probe = Probe(inputs=inputs) if inputs else Probe(data=data, preprocess=settings.preprocess)
    try:
        probed = process.probe(probe, deadline_s=limits.evaluation_s, cancelled=report.cancelled)
    except JobError as error:
        if error.code == CANCELLED:
            raise
        # Examples that are too large to be told; the figures say what there is to say.
        probed = None
    evaluation = evaluation_of(version, evaluated, process, dataset=clean(source.name), at=context.now())
    judged = side_of(msgspec.structs.replace(version, evaluation=evaluation), evaluated)
    return Seen(
        side,
        judged,
        probed.inputs if probed else (),
        probed.outputs if probed else (),
    )
