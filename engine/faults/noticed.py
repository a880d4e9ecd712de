"""Faults that are noticed where they happen, not by a check: what they mean and what ends them, for the documentation.

They are opened and closed by what watches the folders, keeps the copies and evaluates.
"""

from engine.faults.finding import FaultSpec
from storage.vocabulary import RepairKind, Severity

NOTICED = (
    FaultSpec(
        code="folder",
        severity=Severity.ERROR,
        means="A folder of the workspace is missing, empty or cannot be read: what lies there is unknown.",
        advice="Mount the disk, or give the engine's user the right to read it",
        urgent="Now. Nothing in it can be watched, checked or deployed.",
        otherwise="It is looked for again by itself; nothing is forgotten meanwhile. Where the disk is mounted and it is "
        "not seen: modeltender engine stop, then modeltender engine start.",
    ),
    FaultSpec(
        code="settings",
        severity=Severity.WARNING,
        means="`model.toml` cannot be used: the model is not evaluated or promoted until it can.",
        advice="Correct the file; it is read again at once",
        urgent="Today. What is deployed is served all the same.",
        otherwise="Its sentence names each key that is wrong; take the file away and the defaults hold.",
    ),
    FaultSpec(
        code="current",
        severity=Severity.ERROR,
        means="The link `current` leads to no version: whoever serves the model finds nothing.",
        advice="Deploy a version: modeltender promote {model}@VERSION",
        urgent="Now. What starts to serve it finds nothing.",
        otherwise="Where no version is ready: modeltender show {model} says why of each.",
    ),
    FaultSpec(
        code="not-kept",
        severity=Severity.WARNING,
        means="No copy of what is deployed can be kept, so that it could not be restored.",
        advice="Free some disk space (where disk-low is open too, its repair does it); it is tried again by itself",
        urgent="This week; today, where disk-low is open too.",
        otherwise="Is the workspace on a disk that is full, read-only, or of another user? modeltender doctor tells.",
    ),
    FaultSpec(
        code="evaluation-failed",
        severity=Severity.ERROR,
        means="The last evaluation of a version did not work: the data do not fit it, or it fails on them.",
        advice="Do what its sentence says, then: modeltender evaluate {model}",
        urgent="Today. What is deployed is served all the same, and nobody knows how well.",
        otherwise="The same sentence again means that nothing has changed: what the data hold tells modeltender data "
        "describe {model}, what the model takes modeltender show {model}.",
        repair=RepairKind.REEVALUATE,
    ),
    FaultSpec(
        code="no-data",
        severity=Severity.WARNING,
        means="There are no test data for a model, so that nothing is known about its quality.",
        advice="Put labelled data into test/{model}/; they are evaluated by themselves",
        urgent="This week. It is served without anybody knowing how good it is.",
        otherwise="Files that are there and not seen have another name: see docs/data.md, or bring them in (modeltender "
        "data import FILE {model}).",
    ),
)
