"""The questions about marked models: each names every model that is meant, and those among them that have nothing to act on."""

from collections.abc import Collection, Sequence
from functools import partial

from rich.text import Text

from storage.records import Job, Version
from tui.about import wrapped
from tui.dialogs.confirm import Confirm


def evaluate(versions: Sequence[Version], without: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to evaluate these versions, and nothing of the models ``without`` one."""
    count = f"{len(versions)} evaluations" if len(versions) > 1 else "one evaluation"
    return _question(
        "Evaluate", f"This queues {count}:", _of_versions(versions, hidden), _lacking("evaluate", without)
    )


def measure(versions: Sequence[Version], without: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to measure how fast the marked models answer."""
    said = "This measures, one after another, how fast they answer:"
    return _question("Measure", said, _of_versions(versions, hidden), _lacking("measure", without))


def restore(versions: Sequence[Version], without: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to restore the files of what is deployed of the marked models."""
    said = (
        "This restores what changed or is gone of what is deployed, byte for byte from the copies that were kept. "
        "No other version is deployed, and intact files are left alone:"
    )
    return _question("Restore", said, _of_versions(versions, hidden), _lacking("restore", without))


def check(names: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to have the marked models checked."""
    return _question("Check", "This checks what is deployed for faults:", _of_models(names, hidden))


def train(names: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to train a new version of each of the marked models."""
    said = "This trains a new version of each, one after another, as its settings say. Nothing is deployed:"
    return _question("Train", said, _of_models(names, hidden))


def cancel(jobs: Sequence[Job], without: Sequence[str], hidden: Collection[str], behind: int) -> Confirm:
    """Return the question whether to cancel jobs of the marked models, of which those ``without`` one have none.

    ``behind`` is how many jobs wait behind all that are known here: some of them may be of these models, too.
    """
    count = "1 job" if len(jobs) == 1 else f"{len(jobs)} jobs"
    rows = [
        _row(f"J{job.id}  {job.kind} {_versioned(job)}  {job.state}", job.model in hidden) for job in jobs
    ]
    lacking = [f"Nothing waits or runs for: {', '.join(without)}"] if without and not behind else []
    if behind:
        lacking = [f"{behind} more wait behind these, whosever they are: c asks again then."]
    lines = _lines("This cancels what waits or runs for the marked models:", rows, lacking)
    body = partial(wrapped, lines, indent=0)
    return Confirm(f"Cancel {count} of marked models?", body, f"y  cancel {count}")


def _versioned(job: Job) -> str:
    return job.model if job.version is None else f"{job.model} v{job.version}"


def _question(verb: str, said: str, rows: Sequence[Text], lacking: Sequence[str] = ()) -> Confirm:
    title = f"{verb} {len(rows)} marked models?" if len(rows) > 1 else f"{verb} the marked model?"
    body = partial(wrapped, _lines(said, rows, lacking), indent=0)
    return Confirm(title, body, f"y  {verb.lower()}")


def _lines(said: str, rows: Sequence[Text], lacking: Sequence[str]) -> list[Text]:
    first = [Text(said), Text(), *rows]
    return [*first, Text(), *(Text(line, "yellow") for line in lacking)] if lacking else first


def _of_versions(versions: Sequence[Version], hidden: Collection[str]) -> list[Text]:
    return [_row(f"{version.model} v{version.number}", version.model in hidden) for version in versions]


def _of_models(names: Sequence[str], hidden: Collection[str]) -> list[Text]:
    return [_row(name, name in hidden) for name in names]


def _lacking(verb: str, without: Sequence[str]) -> list[str]:
    return [f"No version to {verb}: {', '.join(without)}"] if without else []


def _row(name: str, out_of_sight: bool) -> Text:  # noqa: FBT001 - a fact of the name beside it
    return Text.assemble(f"  {name}", ("  hidden by the filter" if out_of_sight else "", "dim"))
