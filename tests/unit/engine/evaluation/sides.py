"""Two versions with outcomes of single examples, for tests that hold them against each other, and what the gate says of them."""

from collections.abc import Mapping
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from engine.evaluation.comparison import Side
from engine.evaluation.facts import Facts
from engine.evaluation.gate import judge
from storage.promotion_records import GateCheck, GateReport
from storage.records import Evaluation, Metric, Version
from storage.settings import ModelSettings
from storage.vocabulary import Format, Role, Status

Values = Mapping[str, NDArray[Any]]


def evaluation(*metrics: Metric, rows: int = 2000, **fingerprint: Any) -> Evaluation:
    """Return an evaluation with these figures."""
    given: dict[str, Any] = {
        "id": 1,
        "version_id": 1,
        "job_id": None,
        "at": 0.0,
        "requested_by": "arrival",
        "dataset_name": "test",
        "dataset_rows": rows,
        "dataset_sha256": "d" * 64,
        "artefact_sha256": "a" * 64,
        "preprocessing_sha256": "p" * 64,
        "runtime": "keras",
        "runtime_version": "3",
        "device": "cpu",
        "batch_size": 32,
        "isolation": "full",
        "duration_s": 1.0,
        "confusion": None,
    }
    return Evaluation(**{**given, **fingerprint}, metrics=metrics)


def version(number: int, found: Evaluation | None, *, size: int = 1) -> Version:
    """Return a ready version with this evaluation; number 1 is the one that is deployed."""
    return Version(
        id=number,
        model="mnist",
        number=number,
        format=Format.KERAS,
        status=Status.READY,
        reason="",
        role=Role.CURRENT if number == 1 else Role.CANDIDATE,
        sha256="a" * 64,
        bytes=size,
        artefact="model.keras",
        source="",
        found_at=0.0,
        parameters=None,
        evaluation=found,
    )


def answering(number: int, right: NDArray[np.bool_], values: Values | None = None) -> Side:
    """Return a version that answered these examples rightly."""
    metric = Metric("accuracy", float(right.mean()), None, None, len(right))
    return Side(version(number, evaluation(metric, rows=len(right))), right, values or {})


def apart(gained: int, lost: int, n: int, both: float = 0.9) -> tuple[Side, Side]:
    """Return two versions that differ on so many of ``n`` examples; on a share of the others both are right."""
    old, new = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
    new[:gained] = True
    old[gained : gained + lost] = True
    right = gained + lost + round(both * (n - gained - lost))
    old[gained + lost : right] = new[gained + lost : right] = True
    return answering(1, old), answering(2, new)


def facts(sides: tuple[Side | None, Side], **given: Any) -> Facts:
    """Return what a gate would be judged from; ``gate`` are its settings, everything else facts."""
    gate = given.pop("gate", {})
    labels, objectives = given.pop("labels", ()), given.pop("objectives", {})
    settings = msgspec.convert({"gate": gate, "labels": labels, "objectives": objectives}, ModelSettings)
    return Facts(sides[1], settings, current=sides[0], **given)


def judged(sides: tuple[Side | None, Side], **given: Any) -> GateReport:
    """Return what the gate says."""
    return judge(facts(sides, **given))


def check(report: GateReport, name: str) -> GateCheck:
    """Return the check of a name, of which there must be one."""
    [found] = [one for one in report.checks if one.name == name]
    return found
