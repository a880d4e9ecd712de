"""The short questions: evaluate everything? train a version? release this file? cancel this job?"""

from collections.abc import Sequence
from functools import partial

from rich.text import Text

from storage.durations import rough
from storage.fault_records import Fault, Remedy
from storage.records import Job, Model, Quarantined, Version
from storage.text import word
from storage.vocabulary import Format
from tui.about import wrapped
from tui.commands.figures import clock, size
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
        Text(),
    ]
    return Reasoned(
        f"Trust {version.model} v{version.number}?", partial(wrapped, lines, indent=0), "⏎  trust it"
    )


def release(entry: Quarantined) -> Reasoned:
    """Return the question whether to trust what is kept in quarantine, and to put it back; it says why."""
    lines = [
        *_kept(entry),
        Text(
            f"If you trust it, it goes back to train/{entry.model} and becomes the next version like any other; "
            "nothing is deployed. Exactly this content is loaded from now on, behind the same walls."
        ),
        Text(f"Taken back with: modeltender trust {word(entry.model)}@VERSION --revoke", "dim"),
        Text(),
    ]
    return Reasoned(f"Release {entry.name}?", partial(wrapped, lines, indent=0), "⏎  release it")


def delete(entry: Quarantined) -> Reasoned:
    """Return the question whether to remove what is kept in quarantine; it says why."""
    lines = [
        *_kept(entry),
        Text("This removes it for good: there is no other copy of it here, and nothing brings it back."),
        Text("That it was there, what was found in it and your reason stay on record.", "dim"),
        Text(),
    ]
    return Reasoned(f"Delete {entry.name}?", partial(wrapped, lines, indent=0), "⏎  delete it")


def _kept(entry: Quarantined) -> list[Text]:
    """Return what is in quarantine, and everything that was found in it."""
    return [
        Text.assemble((f"{entry.name}  ", "bold"), f"{size(entry.bytes)}, found {clock(entry.found_at)}"),
        Text(entry.reason),
        *([Text.assemble(("found: ", "dim"), "; ".join(entry.evidence))] if len(entry.evidence) > 1 else []),
        Text(),
    ]


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
