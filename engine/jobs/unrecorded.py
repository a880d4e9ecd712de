"""Figures that are measured to be compared and never recorded: as the records that comparisons read.

Owns nothing but the shape: what may never be kept, or is of another environment, are not the model's figures.
"""

from engine.evaluation.comparison import Side, side
from engine.processes.model_process import ModelProcess
from engine.processes.protocol import Evaluated
from storage.records import Evaluation, ExampleValues, Version


def side_of(version: Version, evaluated: Evaluated) -> Side:
    """Return a version, its unrecorded evaluation in it, with what its examples came to."""
    values: dict[str, ExampleValues] = {one.name: one for one in evaluated.examples}
    return side(version, evaluated.correct, values)


def evaluation_of(
    version: Version, evaluated: Evaluated, process: ModelProcess, *, dataset: str, at: float
) -> Evaluation:
    """Return what a process came to as an evaluation that is never stored."""
    return Evaluation(
        id=0,
        version_id=version.id,
        job_id=None,
        at=at,
        requested_by="",
        dataset_name=dataset,
        dataset_rows=evaluated.rows,
        dataset_sha256=evaluated.dataset_sha256,
        artefact_sha256="",
        preprocessing_sha256="",
        runtime="",
        runtime_version="",
        device="cpu",
        batch_size=evaluated.batch_size,
        isolation=process.isolation,
        duration_s=evaluated.duration_s,
        confusion=None,
        metrics=tuple(metric for metric in evaluated.metrics if not metric.slice),
    )
