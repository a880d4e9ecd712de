"""The whole examination, on this machine, with frameworks that are quick to import."""

import pytest

from engine import doctor
from engine.doctor.report import Check
from engine.protocols import RuntimeSpec
from engine.runtimes import RUNTIMES
from storage.vocabulary import Condition, Layer
from storage.workspace import Workspace

ONNX = tuple(spec for spec in RUNTIMES if spec.framework == "onnxruntime")
ABSENT = RuntimeSpec(
    name="absent",
    framework="no-such-framework",
    formats=ONNX[0].formats,
    distributions=("no-such-framework",),
    extra="absent",
    loader="nowhere:load",
    needs_sandbox=False,
)


def test_report_is_complete(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The report names what was looked at, each check was told as it was done, and no name comes twice."""
    monkeypatch.setattr(doctor, "RUNTIMES", ONNX)
    told: list[Check] = []
    report = doctor.examine(workspace, told.append)
    names = [check.name for check in report.checks]
    assert tuple(told) == report.checks
    assert len(names) == len(set(names))
    expected = {"python", "packages", "sqlite", "disk", "memory", "file watches", "terminal", "workspace"}
    expected |= {"settings", "database", "engine", "sandbox", "cpu", "onnxruntime", "data"}
    assert expected <= set(names)
    assert set(report.frameworks) == {"onnxruntime"}
    assert set(report.sandbox) == set(Layer)
    assert report.devices[0].id == "cpu"
    assert report.ok is all(check.status is not Condition.PROBLEM for check in report.checks)


def test_one_framework_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing framework is no problem as long as one works."""
    monkeypatch.setattr(doctor, "RUNTIMES", (*ONNX, ABSENT))
    report = doctor.examine(None)
    statuses = {check.name: check.status for check in report.checks}
    assert statuses["absent"] is Condition.WARNING
    assert "frameworks" not in statuses


def test_no_framework_at_all_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any framework no model can be evaluated: a problem, with the one command that mends it."""
    monkeypatch.setattr(doctor, "RUNTIMES", (ABSENT,))
    report = doctor.examine(None)
    last = report.checks[-1]
    assert (last.name, last.status) == ("frameworks", Condition.PROBLEM)
    assert last.fix == "pip install 'modeltender[all]'"
    assert report.ok is False
    assert report.frameworks == {}
