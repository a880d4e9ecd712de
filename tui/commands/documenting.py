"""Models, versions and their figures as the documents that scripts get: pure, one function a document."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from storage.exported import Exported
from storage.imported import Imported
from storage.promotion_records import Probation, PromotionTarget
from storage.records import (
    Evaluation,
    EvaluationFailure,
    HistoryPoint,
    LatencyMeasurement,
    Metric,
    Model,
    Refusal,
    TensorSpec,
    Version,
)
from tui.commands.documents import (
    DatasetDocument,
    EvaluationDocument,
    FigureDocument,
    HistoryDocument,
    LatencyDocument,
    RuntimeDocument,
    SliceDocument,
    in_utc,
)
from tui.commands.model_documents import (
    EvaluationFailureDocument,
    ExportedDocument,
    ImportedDocument,
    ModelDocument,
    ProbationDocument,
    RefusalDocument,
    ShownModelDocument,
    TargetDocument,
    TensorDocument,
    VersionDocument,
)
from tui.commands.parts import parts


def standing_for(model: Model) -> Version | None:
    """Return the version whose status and figures stand for a model: what is deployed, else the newest one."""
    return model.current or model.newest


def evaluation_document(version: Version, evaluation: Evaluation) -> EvaluationDocument:
    """Return what ``evaluate`` says of an evaluation of a version."""
    return EvaluationDocument(
        model=version.model,
        version=version.number,
        status=version.status,
        dataset=DatasetDocument(
            name=evaluation.dataset_name, rows=evaluation.dataset_rows, sha256=evaluation.dataset_sha256
        ),
        runtime=RuntimeDocument(name=evaluation.runtime, version=evaluation.runtime_version),
        device=evaluation.device,
        duration_s=evaluation.duration_s,
        metrics=figure_documents(evaluation),
        latency=evaluation.latency,
        confusion=evaluation.confusion,
        scale=evaluation.scale,
        slices=tuple(
            SliceDocument(column=column, value=value, metrics=_documents(figures.values()))
            for column, found in parts(evaluation.slices).items()
            for value, figures in found.items()
        ),
        notes=evaluation.notes,
    )


def model_document(model: Model) -> ModelDocument:
    """Return what ``models`` says of a model."""
    version, glance = standing_for(model), model.glance
    evaluation = version.evaluation if version else None
    return ModelDocument(
        model=model.name,
        task=model.task,
        current=glance.current.number if glance.current else None,
        candidate=glance.candidate.number if glance.candidate else None,
        status=version.status if version else None,
        versions=model.versions,
        metrics=figure_documents(evaluation),
        latency=evaluation.latency if evaluation else None,
        faults=model.faults,
        evaluated_at=in_utc(evaluation.at if evaluation else None),
        probation=_probation(model.probation) if model.probation else None,
    )


def shown_model_document(
    model: Model,
    versions: tuple[Version, ...],
    latencies: Sequence[LatencyMeasurement],
    targets: Sequence[PromotionTarget],
    *,
    exports: Mapping[str, Exported],
    imports: Mapping[str, Imported],
) -> ShownModelDocument:
    """Return what ``show`` says of a model and its versions."""
    row = model_document(model)
    return ShownModelDocument(
        model=row.model,
        task=row.task,
        current=row.current,
        candidate=row.candidate,
        status=row.status,
        versions=tuple(
            version_document(
                version,
                [found for found in latencies if found.version_id == version.id],
                exports.get(version.sha256 or ""),
                imports.get(version.sha256 or ""),
            )
            for version in versions
        ),
        metrics=row.metrics,
        latency=row.latency,
        faults=row.faults,
        evaluated_at=row.evaluated_at,
        probation=row.probation,
        targets=tuple(target_document(target) for target in targets),
    )


def _probation(probation: Probation) -> ProbationDocument:
    return ProbationDocument(
        version=probation.number,
        since=datetime.fromtimestamp(probation.begun_at, UTC),
        until=datetime.fromtimestamp(probation.ends_at, UTC),
        looks=probation.looks,
    )


def target_document(target: PromotionTarget) -> TargetDocument:
    """Return what is said of a promotion target."""
    return TargetDocument(
        name=target.name,
        kind=target.kind,
        place=target.place,
        state=target.state,
        version=target.version,
        message=target.message,
        at=in_utc(target.at),
    )


def version_document(
    version: Version,
    latencies: Sequence[LatencyMeasurement],
    made: Exported | None,
    origin: Imported | None,
) -> VersionDocument:
    """Return what ``show`` says of one version."""
    evaluation, loading = version.evaluation, version.loading
    return VersionDocument(
        version=version.number,
        format=version.format,
        status=version.status,
        reason=version.reason,
        role=version.role,
        sha256=version.sha256,
        bytes=version.bytes,
        metrics=figure_documents(evaluation),
        latency=evaluation.latency if evaluation else None,
        evaluated_at=in_utc(evaluation.at if evaluation else None),
        latencies=tuple(latency_document(found) for found in latencies),
        runtime=RuntimeDocument(name=loading.runtime, version=loading.runtime_version) if loading else None,
        device=loading.device if loading else None,
        inputs=_tensors(loading.inputs) if loading else None,
        outputs=_tensors(loading.outputs) if loading else None,
        parameters=version.parameters,
        load_s=loading.load_s if loading else None,
        peak_rss_bytes=loading.peak_rss_bytes if loading else None,
        failure=_failure(version.failure) if version.failure else None,
        refusal=_refusal(version.refusal) if version.refusal else None,
        exported=exported_document(made) if made and made.parent != version.number else None,
        imported=imported_document(origin) if origin else None,
    )


def exported_document(made: Exported) -> ExportedDocument:
    """Return what ``show`` says of where a version came from."""
    return ExportedDocument(
        from_version=made.parent,
        source=made.source,
        target=made.target,
        quantize=made.quantize,
        temperature=made.temperature,
        parity=made.parity,
        tools=made.tools,
        at=datetime.fromtimestamp(made.at, UTC),
        by=made.requested_by,
    )


def imported_document(origin: Imported) -> ImportedDocument:
    """Return what ``show`` says of where an imported version came from."""
    return ImportedDocument(
        kind=origin.kind,
        path=origin.path,
        number=origin.number,
        served=origin.served,
        labels=origin.labels,
        at=datetime.fromtimestamp(origin.at, UTC),
        by=origin.requested_by,
    )


def _refusal(refusal: Refusal) -> RefusalDocument:
    return RefusalDocument(
        at=datetime.fromtimestamp(refusal.at, UTC), evidence=refusal.evidence, liftable=refusal.liftable
    )


def _tensors(specs: Sequence[TensorSpec]) -> tuple[TensorDocument, ...]:
    return tuple(TensorDocument(name=spec.name, dtype=spec.dtype or None, shape=spec.shape) for spec in specs)


def _failure(failure: EvaluationFailure) -> EvaluationFailureDocument:
    return EvaluationFailureDocument(
        at=datetime.fromtimestamp(failure.at, UTC),
        message=failure.message,
        hint=failure.hint,
        proposal=failure.proposal or None,
    )


def latency_document(measured: LatencyMeasurement) -> LatencyDocument:
    """Return what ``latency`` and ``show`` say of a measurement."""
    made = {"at", "dataset", "runtime"}
    return LatencyDocument(
        **{name: getattr(measured, name) for name in LatencyDocument.__struct_fields__ if name not in made},
        at=datetime.fromtimestamp(measured.at, UTC),
        dataset=measured.dataset_name,
        runtime=RuntimeDocument(name=measured.runtime, version=measured.runtime_version),
    )


def history_document(point: HistoryPoint) -> HistoryDocument:
    """Return what ``history`` says of one value."""
    return HistoryDocument(
        at=datetime.fromtimestamp(point.at, UTC),
        version=point.version,
        metric=point.metric,
        value=point.value,
        low=point.low,
        high=point.high,
        n=point.n,
    )


def figure_documents(evaluation: Evaluation | None) -> dict[str, FigureDocument]:
    """Return the figures of all examples, by their names; none before there is an evaluation."""
    return {} if evaluation is None else _documents(evaluation.metrics)


def _documents(metrics: Iterable[Metric]) -> dict[str, FigureDocument]:
    return {
        metric.name: FigureDocument(value=metric.value, low=metric.low, high=metric.high, n=metric.n)
        for metric in metrics
    }
