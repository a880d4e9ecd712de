"""Promotion targets of a staged model, as the engine would have recorded them."""

import sqlite3

from storage.tables import models, promotion_targets
from storage.target_settings import Command, MLflow, TensorFlowServing
from storage.vocabulary import TargetKind, TargetState


def add_targets(connection: sqlite3.Connection, name: str, *, told_at: float, now: float) -> None:
    """Record three promotion targets of a model: one that follows, one that failed, one that was never told."""
    model_id = models.ensure(connection, name, now=now)
    wanted = (
        TensorFlowServing(kind=TargetKind.TENSORFLOW_SERVING, name="serving", config="/etc/tf/models.config"),
        MLflow(kind=TargetKind.MLFLOW, name="mlflow", url="http://registry:5000", registered_model=name),
        Command(kind=TargetKind.COMMAND, name="balancer", command=("./tell.sh",)),
    )
    promotion_targets.declare(connection, model_id, wanted)
    promotion_targets.end(
        connection, model_id, "serving", TargetState.CONFIRMED, version=2, message="label stable", at=told_at
    )
    refusal = "http://registry:5000 does not answer: connection refused"
    promotion_targets.end(
        connection, model_id, "mlflow", TargetState.FAILED, version=1, message=refusal, at=told_at
    )
