"""The reference of all commands, as Markdown, made from the commands themselves.

``python -P -m tui.commands.reference > docs/commands.md`` writes it; a test fails where the file says
something else than the program.
"""

import sys
import typing
from collections.abc import Iterator
from importlib import import_module

import click
import msgspec

from tui.command_line import COMMANDS, modeltender

WIDTH = 100

INTRODUCTION = """# Commands

Every command takes `--workspace`, by default the current folder or the nearest parent that is a workspace, and
`--json`, which prints one JSON document on standard output and nothing else. Times are ISO 8601 in UTC;
durations end in `_s` or `_ms`, sizes in `_bytes`; what is not known is `null`. Remarks and errors go to standard
error; with `--json` an error is the document `{"error": {"code", "message", "hint"}}` instead.

| exit status | meaning |
|---|---|
| 0 | yes, or done |
| 1 | the answer is no: a gate refused, an objective is missed, something needs a person |
| 2 | usage or settings |
| 3 | the work failed |
| 4 | the engine could not be reached in time |
| 5 | inconclusive |

A command that only reads leaves a stopped engine stopped; one that asks for work starts it.
"""

ANSWERS = {
    "init": ("one document", "engine.init_command:InitDocument"),
    "status": ("one document", "tui.commands.documents:StatusDocument"),
    "models": ("a list of", "tui.commands.documents:ModelDocument"),
    "show": ("one document", "tui.commands.documents:ShownModelDocument"),
    "evaluate": ("one document, with `--all` a list of", "tui.commands.documents:EvaluationDocument"),
    "latency": ("one document", "tui.commands.documents:MeasuredDocument"),
    "compare": ("one document", "storage.comparisons:Compared"),
    "import": ("one document", "tui.commands.importing:ImportingDocument"),
    "export": ("one document", "tui.commands.export_documents:ExportDocument"),
    "recalibrate": ("one document", "tui.commands.recalibrating:RecalibrationDocument"),
    "optimise": ("one document", "storage.optimised:Optimised"),
    "promote": ("one document", "tui.commands.documents:PromotionDocument"),
    "rollback": ("one document", "tui.commands.documents:PromotionDocument"),
    "tell": ("one document", "tui.commands.documents:ToldDocument"),
    "check": ("one document", "tui.commands.maintenance_documents:CheckDocument"),
    "faults": ("a list of", "tui.commands.maintenance_documents:OpenFaultDocument"),
    "acknowledge": ("one document", "storage.job_answers:Acknowledged"),
    "repair": ("one document", "tui.commands.maintenance_documents:RepairDocument"),
    "rehearse": ("one document", "storage.rehearsed:Rehearsed"),
    "train": ("one document", "tui.commands.runs:RunDocument"),
    "build": ("one document", "tui.commands.runs:RunDocument"),
    "runs": ("a list of", "tui.commands.runs:RunDocument"),
    "trust": ("one document, with `--list` a list of", "tui.commands.documents:TrustDocument"),
    "quarantine list": ("a list of", "tui.commands.documents:QuarantineDocument"),
    "quarantine release": ("one document", "tui.commands.documents:QuarantineDocument"),
    "quarantine delete": ("one document", "tui.commands.documents:QuarantineDocument"),
    "history": ("a list of", "tui.commands.documents:HistoryDocument"),
    "metrics": ("a list of", "tui.commands.metrics:FamilyDocument"),
    "report": ("one document", "tui.commands.report:ReportDocument"),
    "data describe": ("one document", "engine.data_command:DescribeDocument"),
    "data import": ("one document", "engine.data_command:ImportDocument"),
    "data split": ("one document", "engine.data_command:SplitDocument"),
    "notify": ("one document", "tui.commands.notifying:NotifyDocument"),
    "db stats": ("one document", "tui.commands.db:StatsDocument"),
    "db compact": ("one document", "tui.commands.db:CompactDocument"),
    "db backup": ("one document", "tui.commands.db:BackupDocument"),
    "db verify": ("one document", "tui.commands.db:VerifyDocument"),
    "devices": ("a list of", "tui.commands.device_document:DeviceDocument"),
    "jobs": ("a list of", "tui.commands.documents:JobDocument"),
    "cancel": ("one document", "tui.commands.documents:JobDocument"),
    "events": ("a list of", "tui.commands.documents:EventDocument"),
    "serve": ("one document", "tui.commands.serve:ServeDocument"),
    "share": ("one document", "tui.commands.share:ShareDocument"),
    "engine start": ("one document", "engine.cli:EngineDocument"),
    "engine stop": ("one document", "engine.cli:EngineDocument"),
    "engine status": ("one document", "engine.cli:EngineDocument"),
    "engine logs": ("one document", "engine.cli:LogDocument"),
    "engine install": ("one document", "engine.install_command:UnitDocument"),
    "doctor": ("one document", "engine.doctor.report:Report"),
    "completion": ("one document", "tui.commands.completion:CompletionDocument"),
}
"""What each command prints with ``--json``, and where its fields are defined; loaded by name, as the commands are."""

BESIDES = {
    "show": [("with `--promotions` one document", "tui.commands.documents:PromotionsDocument")],
    "history": [
        ("with `--device` a list of", "tui.commands.device_document:DeviceHistoryDocument"),
        ("with `--tensorboard` one document", "tui.commands.tensorboard:TensorBoardDocument"),
    ],
    "runs": [("with `--tensorboard` one document", "tui.commands.tensorboard:TensorBoardDocument")],
}
"""What a command prints instead where it is asked for something else."""


def reference() -> str:
    """Return the whole reference."""
    root = click.Context(modeltender, info_name="modeltender")
    parts = [INTRODUCTION, *_section(modeltender, root)]
    for name in COMMANDS:
        command = modeltender.get_command(root, name)
        if command is None:
            raise LookupError(f"the table of commands names {name}, which is not there")
        context = click.Context(command, info_name=name, parent=root)
        parts.extend(_section(command, context))
        if isinstance(command, click.Group):
            for below, child in command.commands.items():
                parts.extend(_section(child, click.Context(child, info_name=below, parent=context)))
    return "\n".join(parts)


def fields(kind: type[msgspec.Struct]) -> str:
    """Return a document's fields as they are written in JSON, with those of the documents within it."""
    return f"{{{', '.join(_field(field) for field in msgspec.structs.fields(kind))}}}"


def _field(field: msgspec.structs.FieldInfo) -> str:
    shape = _shape(field.type)
    return field.encode_name + (f": {shape}" if shape else "")


def _shape(annotation: object) -> str:
    """Return how a value is nested, or nothing where it is a plain one."""
    arguments = [part for part in typing.get_args(annotation) if part not in {type(None), Ellipsis}]
    if isinstance(annotation, type) and issubclass(annotation, msgspec.Struct):
        return fields(annotation)
    origin = typing.get_origin(annotation)
    if origin is dict:
        return f"{{NAME: {_shape(arguments[1]) or 'value'}}}"
    if origin is tuple or origin is list:
        return f"[{_shape(arguments[0]) or '...'}]"
    return next((shape for part in arguments if (shape := _shape(part))), "")


def _section(command: click.Command, context: click.Context) -> Iterator[str]:
    context.terminal_width = WIDTH
    path = context.command_path
    yield f"## {path}\n"
    yield f"```text\n{command.get_help(context)}\n```\n"
    name = path.removeprefix("modeltender").strip()
    for shape, target in [*([ANSWERS[name]] if name in ANSWERS else []), *BESIDES.get(name, [])]:
        module, _, document = target.partition(":")
        yield f"JSON: {shape} `{fields(getattr(import_module(module), document))}`\n"


if __name__ == "__main__":
    sys.stdout.write(reference())
