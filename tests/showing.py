"""A model as it would be with other versions."""

from storage.records import Model, Shown, Version
from storage.tables import assembly


def showing(model: Model, **places: Version | None) -> Model:
    """Return a model with other versions in some of its places, as it would be put together of them."""
    shown = Shown(model.current, model.previous, model.candidate, model.newest)._replace(**places)
    return assembly.model(
        shown,
        id=model.id,
        name=model.name,
        task=model.task,
        problem=model.problem,
        versions=model.versions,
        faults=model.faults,
        trend=model.trend,
        quarantined=model.quarantined,
        probation=model.probation,
    )
