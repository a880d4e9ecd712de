"""Export a version: make another format or smaller numbers of it, check the outputs, and hand it in as a new version.

The result lands in ``train/``, so it takes the same road as every other version: examined, ingested, evaluated, candidate,
gate. Its parentage is known by its content.
"""

import time

import msgspec

from engine.exports import way_to, why_not
from engine.jobs.checked import format_of
from engine.jobs.context import Context, Outcome, Report
from engine.jobs.delivering import deliver
from engine.jobs.exporting import made, origin_of
from engine.jobs.loading import wanted_version
from storage.errors import UnknownError
from storage.job_answers import HandedIn
from storage.records import Job
from storage.settings import read_model_settings


def run(context: Context, job: Job, report: Report) -> Outcome:
    """Export the version that the job names, or the current one."""
    began = time.monotonic()
    version, wanted = wanted_version(context, job), job.parameters
    source = format_of(version)
    if wanted.to is None:
        raise UnknownError(
            f"It is not said what {job.model}@{version.number} is to become.", "Say it with --to."
        )
    way = way_to(source, wanted.to, wanted.quantize)
    if way is None:
        raise UnknownError(
            why_not(source, wanted.to, wanted.quantize),
            "docs/export.md lists what can be made of what.",
        )
    settings = read_model_settings(context.workspace.model_settings(job.model))
    origin = origin_of(context, version, settings)
    with made(origin, way, report) as variant:
        report.progress(1, 1, f"handing in {way.name}")
        name = deliver(origin, variant, job)
    answer = HandedIn(
        job.model,
        version.number,
        source,
        way.target,
        way.quantize,
        f"train/{job.model}/{name}",
        variant.artefact.content.sha256,
        variant.artefact.content.bytes,
        version.bytes,
        variant.parity,
        time.monotonic() - began,
    )
    return Outcome(
        message=f"{way.name} of version {version.number}: outputs differ by at most {variant.parity.max_difference:.3g}",
        result=msgspec.json.encode(answer).decode(),
    )
