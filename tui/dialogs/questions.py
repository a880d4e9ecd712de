"""The short questions: evaluate everything, or what is marked? train a version? cancel this job?"""

from collections.abc import Collection, Sequence
from functools import partial

from rich.text import Text

from storage.durations import rough
from storage.fault_records import Fault, Remedy
from storage.records import Job, Model, Version
from storage.text import word
from storage.vocabulary import Format
from tui.about import wrapped
from tui.dialogs.confirm import Confirm
from tui.dialogs.reasoned import Reasoned
from tui.remedies import verb

NAMED = 6
"""Models that a question lists by name; of the others it says how many they are."""


def evaluate_all(versions: Sequence[Version]) -> Confirm:
    """Return the question whether to evaluate these versions."""
    names = [f"{version.model} v{version.number}" for version in versions]
    more = [f"and {len(names) - NAMED} more"] if len(names) > NAMED else []
    count = f"{len(names)} evaluations" if len(names) > 1 else "one evaluation"
    lines = [Text(f"This queues {count}:"), Text(), *(Text(f"  {name}") for name in [*names[:NAMED], *more])]
    return Confirm("Evaluate all models?", partial(wrapped, lines), "y  evaluate")


def evaluate_marked(versions: Sequence[Version], without: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to evaluate the marked models: these versions, and nothing of those ``without`` one."""
    count = f"{len(versions)} evaluations" if len(versions) > 1 else "one evaluation"
    lines = [Text(f"This queues {count}:"), Text(), *_versions(versions, without, hidden, "evaluate")]
    return Confirm(_of_marked("Evaluate", len(versions)), partial(wrapped, lines), "y  evaluate")


def measure_marked(versions: Sequence[Version], without: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to measure how fast the marked models answer."""
    lines = [Text("This measures, one after another, how fast they answer:"), Text()]
    lines += _versions(versions, without, hidden, "measure")
    return Confirm(_of_marked("Measure", len(versions)), partial(wrapped, lines), "y  measure")


def check_marked(names: Sequence[str], hidden: Collection[str]) -> Confirm:
    """Return the question whether to have the marked models checked."""
    lines = [Text("This checks what is deployed for faults:"), Text()]
    lines += [_marked(name, name in hidden) for name in names]
    return Confirm(_of_marked("Check", len(names)), partial(wrapped, lines), "y  check")


def _versions(
    versions: Sequence[Version], without: Sequence[str], hidden: Collection[str], verb: str
) -> list[Text]:
    lines = [_marked(f"{version.model} v{version.number}", version.model in hidden) for version in versions]
    lacking = [Text(), Text(f"No version to {verb}: {', '.join(without)}", "yellow")]
    return lines + lacking if without else lines


def _of_marked(verb: str, count: int) -> str:
    return f"{verb} {count} marked models?" if count > 1 else f"{verb} the marked model?"


def _marked(name: str, out_of_sight: bool) -> Text:  # noqa: FBT001 - a fact of the name beside it
    return Text.assemble(f"  {name}", ("  hidden by the filter" if out_of_sight else "", "dim"))


def train(model: Model, last_s: float | None) -> Confirm:
    """Return the question whether to train a new version; ``last_s`` is how long it took last time."""
    base = model.current or model.candidate
    start = f"from v{base.number}" if base else f"as models/{model.name}/model.toml says"
    lines = [
        Text.assemble(
            "This trains a new version of ", (model.name, "bold"), f" on the data in train/{model.name}."
        ),
        Text(
            f"It starts {start}; how long and how fast it learns is said below [train] in its settings (7 shows them)."
        ),
        Text("The result is evaluated like any new version; nothing is deployed.", "dim"),
    ]
    if last_s is not None:
        lines.append(Text(f"The last training took {rough(last_s)}.", "dim"))
    return Confirm(f"Train {model.name}?", partial(wrapped, lines, indent=0), "y  train")


def export(version: Version, to: Format, numbers: str) -> Confirm:
    """Return the question whether to make another format of a version; ``numbers`` is what becomes of them."""
    named = f"{version.model} v{version.number}"
    lines = [
        Text.assemble("This makes ", (to, "bold"), " of ", (named, "bold"), f" ({numbers})."),
        Text("The result is evaluated like any new version; nothing is deployed.", "dim"),
    ]
    return Confirm(f"Export {named} to {to}?", partial(wrapped, lines, indent=0), "y  export")


def trust(version: Version) -> Reasoned:
    """Return the question whether to allow a version what it was refused for; it says why."""
    evidence = version.refusal.evidence if version.refusal else ()
    lines = [
        Text.assemble((f"{version.model} v{version.number}  ", "bold"), version.reason),
        *([Text.assemble(("found: ", "dim"), "; ".join(evidence))] if len(evidence) > 1 else []),
        Text(),
        Text(
            "If you trust it, exactly this content is loaded from now on, behind the same walls; other bytes are not."
        ),
        Text(f"Taken back with: modeltender trust {word(version.model)}@{version.number} --revoke", "dim"),
    ]
    return Reasoned(
        f"Trust {version.model} v{version.number}?", partial(wrapped, lines, indent=0), "⏎  trust it"
    )


def cancel(job: Job) -> Confirm:
    """Return the question whether to cancel a job."""
    version = "" if job.version is None else f" v{job.version}"
    lines = [
        Text.assemble((f"J{job.id}  {job.kind} {job.model}{version}", "bold"), f"  {job.state}"),
        Text(f"asked for by {job.requested_by}", "dim"),
    ]
    return Confirm(f"Cancel J{job.id}?", partial(wrapped, lines), "y  cancel the job")


def repair(model: str, version: int | None) -> Confirm:
    """Return the question whether to restore the files of what is deployed."""
    what = "the deployed versions" if version is None else f"v{version}"
    copies = "from the copies that were kept, byte for byte, where files changed or are gone."
    lines = [
        Text.assemble(f"This restores {what} of ", (model, "bold"), f" {copies}"),
        Text("What is replaced is set aside, never deleted; intact files are left alone.", "dim"),
    ]
    return Confirm(f"Restore {model}?", partial(wrapped, lines, indent=0), "y  restore")


def mend(fault: Fault, remedy: Remedy) -> Confirm:
    """Return the question whether to repair a fault in one of its ways."""
    lines = [Text(fault.message), Text(), Text(f"This {remedy.sentence}.")]
    does = verb(remedy.kind)
    # A fault of the workspace has no model, and its repair's name says what is mended.
    return Confirm(f"{does.capitalize()} {fault.model}".rstrip() + "?", partial(wrapped, lines), f"y  {does}")


def write_settings(model: str, text: str) -> Confirm:
    """Return the question whether to write a model's first settings, which it shows."""
    lines = [Text("This file would be written; everything in it can be changed there:", "dim"), Text()]
    lines += [Text(line, "dim" if line.startswith("#") else "") for line in text.splitlines()]
    return Confirm(f"Write models/{model}/model.toml?", partial(wrapped, lines), "y  write it")
