"""Faults that are noticed where they happen, not by a check: what they mean and what ends them, for the documentation.

They are opened and closed by what watches the folders, keeps the copies, evaluates, and looks after the database.
"""

from engine.faults.finding import FaultSpec
from storage.database_errors import DAMAGED
from storage.vocabulary import RepairKind, Severity

NOTICED = (
    FaultSpec(
        code=DAMAGED,
        severity=Severity.ERROR,
        means="A part of the database cannot be read: its file is not what was written into it. The engine reads all of one of "
        "up to 64 MiB a minute after its start and once a day, and every page of a larger one once a week; a job may meet the "
        "damage before.",
        advice="Stop the engine, then: modeltender db verify --salvage",
        urgent="Now. What is deployed is still served, but figures, jobs and decisions may be missing or fail.",
        ends="when what can be read has been saved, with `modeltender db verify --salvage`",
        otherwise="The damaged file is kept, and `db verify --salvage` says which tables lost rows. Damage that comes back points "
        "at the disk or at a program that writes into the file: put a copy back (modeltender db backup makes them) onto "
        "another disk.",
    ),
    FaultSpec(
        code="folder",
        severity=Severity.ERROR,
        means="A folder of the workspace is missing, empty or unreadable: what it holds is unknown.",
        advice="Mount the disk, or give the engine's user the right to read it",
        urgent="Now. Nothing in it can be watched, checked or deployed.",
        otherwise="The engine keeps looking for it, and forgets nothing meanwhile. If the disk is mounted and still not seen: "
        "modeltender engine stop, then modeltender engine start.",
    ),
    FaultSpec(
        code="settings",
        severity=Severity.WARNING,
        means="`model.toml` cannot be used: the model is not evaluated or promoted until it can.",
        advice="Correct the file; it is read again at once",
        urgent="Today. What is deployed is still served.",
        otherwise="The fault names each key that is wrong; without the file, the defaults apply.",
    ),
    FaultSpec(
        code="current",
        severity=Severity.ERROR,
        means="The link `current` leads to no version: a server that starts with the model finds nothing.",
        advice="Deploy a version: modeltender promote {model}@VERSION",
        urgent="Now. A server that starts finds nothing.",
        otherwise="If no version is ready: modeltender show {model} says why, for each.",
    ),
    FaultSpec(
        code="not-kept",
        severity=Severity.WARNING,
        means="No copy of the deployed version can be kept, so it could not be restored.",
        advice="Free some disk space (where disk-low is open too, its repair does it); it is tried again by itself",
        urgent="This week; today if disk-low is open too.",
        otherwise="Is the workspace on a disk that is full, read-only, or another user's? modeltender doctor says so.",
    ),
    FaultSpec(
        code="targets-behind",
        severity=Severity.ERROR,
        means="A promotion target has not confirmed what is deployed: it was down at a rollback, which goes ahead without it, or "
        "after a crash or a change by hand. Whoever asks it gets another version's answers, or none.",
        advice="Do what its sentence says; it is told again within ten minutes at most, and at once with: modeltender tell {model}",
        urgent="Now. It may serve the version that was rolled back.",
        ends="when every target has confirmed",
        otherwise="If the target is gone for good, remove its [[targets]] from model.toml, then: modeltender tell {model}.",
    ),
    FaultSpec(
        code="evaluation-failed",
        severity=Severity.ERROR,
        means="The last evaluation of a version failed: the data do not fit it, or it fails on them.",
        advice="Do what its sentence says, then: modeltender evaluate {model}",
        urgent="Today. What is deployed is still served, and nobody knows how well.",
        otherwise="The same sentence again means that nothing has changed: modeltender data describe {model} says what the data "
        "hold, modeltender show {model} what the model takes.",
        repair=RepairKind.REEVALUATE,
    ),
    FaultSpec(
        code="no-data",
        severity=Severity.WARNING,
        means="There are no test data for a model, so nothing is known about its quality.",
        advice="Put labelled data into test/{model}/; they are evaluated by themselves",
        urgent="This week. It is served without anybody knowing how good it is.",
        otherwise="Files that are there but not seen have another name: see docs/data.md, or bring them in (modeltender data "
        "import FILE {model}).",
    ),
)
