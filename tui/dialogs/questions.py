"""The short questions: evaluate everything? cancel this job?"""

from collections.abc import Sequence

from rich.text import Text

from storage.records import Job, Version
from tui.dialogs.confirm import Confirm

NAMED = 6
"""Models that a question lists by name; of the others it says how many they are."""


def evaluate_all(versions: Sequence[Version]) -> Confirm:
    """Return the question whether to evaluate these versions."""
    names = [f"{version.model} v{version.number}" for version in versions]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    count = f"{len(names)} evaluations" if len(names) > 1 else "one evaluation"
    lines = [Text(f"This queues {count}:"), Text(), *(Text(f"  {name}") for name in [*names[:NAMED], *more])]
    return Confirm("Evaluate all models?", lines, "y  evaluate")


def cancel(job: Job) -> Confirm:
    """Return the question whether to cancel a job."""
    version = "" if job.version is None else f" v{job.version}"
    lines = [
        Text.assemble((f"J{job.id}  {job.kind} {job.model}{version}", "bold"), f"  {job.state}"),
        Text(f"asked for by {job.requested_by}", "dim"),
    ]
    return Confirm(f"Cancel J{job.id}?", lines, "y  cancel the job")


def repair(model: str, version: int | None) -> Confirm:
    """Return the question whether to restore the files of what is deployed."""
    what = "the deployed versions" if version is None else f"v{version}"
    lines = [
        Text.assemble(f"This restores {what} of ", (model, "bold"), " from the copies that were kept,"),
        Text("byte for byte, where files changed or are gone."),
        Text("What is replaced is set aside, never deleted; intact files are left alone.", "dim"),
    ]
    return Confirm(f"Restore {model}?", lines, "y  restore")
