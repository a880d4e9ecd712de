"""What each command prints with ``--json``: by which option, as one document or a list, and which struct has its fields.

Owns that table, from which the reference of commands and `modeltender schema` are made. Structs are named and loaded
when they are looked at, as commands are, because some are the engine's.
"""

from importlib import import_module
from typing import Any, NamedTuple

import msgspec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
"""The name of the standard that a schema follows: it is compared, never fetched."""

ERROR = "tui.commands.documents:UnansweredDocument"
"""What any command prints where it fails."""


class Printed(NamedTuple):
    """One of the answers of a command."""

    target: str
    """Where its struct is: module and name."""
    when: str = ""
    """The option by which it is printed instead; empty without any."""
    many: bool = False
    """Whether it is a list of such documents."""

    @property
    def document(self) -> Any:
        """The struct, loaded."""
        module, _, name = self.target.partition(":")
        return getattr(import_module(module), name)


JOB = Printed("tui.commands.overview_documents:JobDocument", when="--no-wait")
"""What is asked for and not waited for."""

JOBS = JOB._replace(many=True)


ANSWERS: dict[str, tuple[Printed, ...]] = {
    "init": (Printed("engine.init_command:InitDocument"),),
    "status": (Printed("tui.commands.overview_documents:StatusDocument"),),
    "models": (Printed("tui.commands.model_documents:ModelDocument", many=True),),
    "show": (
        Printed("tui.commands.model_documents:ShownModelDocument"),
        Printed("tui.commands.model_documents:PromotionsDocument", when="--promotions"),
    ),
    "evaluate": (
        Printed("tui.commands.documents:EvaluationDocument"),
        Printed("tui.commands.documents:EvaluationDocument", when="--all", many=True),
        Printed("tui.commands.documents:FailureDocument", when="--all", many=True),
        JOB,
        JOBS,
    ),
    "latency": (Printed("tui.commands.documents:MeasuredDocument"), JOB),
    "compare": (Printed("storage.comparisons:Compared"),),
    "import": (Printed("tui.commands.importing:ImportingDocument"), JOB),
    "export": (Printed("tui.commands.export_documents:ExportDocument"), JOB),
    "optimise": (Printed("storage.optimised:Optimised"), JOB),
    "recalibrate": (Printed("tui.commands.recalibrating:RecalibrationDocument"), JOB),
    "promote": (Printed("tui.commands.model_documents:PromotionDocument"), JOB),
    "rollback": (Printed("tui.commands.model_documents:PromotionDocument"), JOB),
    "tell": (Printed("tui.commands.model_documents:ToldDocument"), JOB),
    "check": (Printed("tui.commands.maintenance_documents:CheckDocument"), JOBS),
    "faults": (Printed("tui.commands.maintenance_documents:OpenFaultDocument", many=True),),
    "acknowledge": (Printed("storage.job_answers:Acknowledged"),),
    "repair": (Printed("tui.commands.maintenance_documents:RepairDocument"), JOB),
    "rehearse": (Printed("storage.rehearsed:Rehearsed"), JOB),
    "train": (Printed("tui.commands.runs:RunDocument"), JOB),
    "build": (Printed("tui.commands.runs:RunDocument"), JOB),
    "runs": (
        Printed("tui.commands.runs:RunDocument", many=True),
        Printed("tui.commands.tensorboard:TensorBoardDocument", when="--tensorboard"),
    ),
    "trust": (
        Printed("tui.commands.custody_documents:TrustDocument"),
        Printed("tui.commands.custody_documents:TrustedDocument", when="--list", many=True),
        JOB,
    ),
    "quarantine list": (Printed("tui.commands.custody_documents:QuarantineDocument", many=True),),
    "quarantine release": (Printed("tui.commands.custody_documents:QuarantineDocument"),),
    "quarantine delete": (Printed("tui.commands.custody_documents:QuarantineDocument"),),
    "history": (
        Printed("tui.commands.documents:HistoryDocument", many=True),
        Printed("tui.commands.device_document:DeviceHistoryDocument", when="--device", many=True),
        Printed("tui.commands.tensorboard:TensorBoardDocument", when="--tensorboard"),
    ),
    "metrics": (Printed("tui.commands.metrics:FamilyDocument", many=True),),
    "report": (Printed("tui.commands.report:ReportDocument"),),
    "data describe": (Printed("engine.data_documents:DescribeDocument"),),
    "data import": (Printed("engine.data_documents:ImportDocument"),),
    "data split": (Printed("engine.data_documents:SplitDocument"),),
    "notify": (Printed("tui.commands.notifying:NotifyDocument"),),
    "db stats": (Printed("tui.commands.db:StatsDocument"),),
    "db compact": (Printed("tui.commands.db:CompactDocument"),),
    "db backup": (Printed("tui.commands.db:BackupDocument"),),
    "db verify": (Printed("tui.commands.db:VerifyDocument"),),
    "devices": (Printed("tui.commands.device_document:DeviceDocument", many=True),),
    "jobs": (Printed("tui.commands.overview_documents:JobDocument", many=True),),
    "cancel": (Printed("tui.commands.overview_documents:JobDocument"),),
    "events": (Printed("tui.commands.overview_documents:EventDocument", many=True),),
    "serve": (Printed("tui.commands.serve:ServeDocument"),),
    "share": (Printed("tui.commands.share:ShareDocument"),),
    "engine start": (Printed("engine.cli:EngineDocument"),),
    "engine stop": (Printed("engine.cli:EngineDocument"),),
    "engine status": (Printed("engine.cli:EngineDocument"),),
    "engine logs": (Printed("engine.cli:LogDocument"),),
    "engine install": (Printed("engine.install_command:UnitDocument"),),
    "doctor": (Printed("engine.doctor.report:Report"),),
    "schema": (Printed("tui.commands.schema:SchemaDocument", many=True),),
    "completion": (Printed("tui.commands.completion:CompletionDocument"),),
}
"""Every command, in the order in which help lists them."""


def schema(command: str) -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of everything that a command prints with ``--json``, errors too.

    Documents stay open: a field that a later version adds is no break.
    """
    answers = ANSWERS[command]
    kinds = [answer.document for answer in answers]
    refused = Printed(ERROR).document
    shapes, parts = msgspec.json.schema_components([*kinds, refused], ref_template="#/$defs/{name}")
    *printed, error = shapes
    choices: list[dict[str, Any]] = [
        one for answer, one in zip(answers, printed, strict=True) if not answer.many
    ]
    for when in dict.fromkeys(answer.when for answer in answers if answer.many):
        within = [
            one for answer, one in zip(answers, printed, strict=True) if answer.many and answer.when == when
        ]
        choices.append({"type": "array", "items": within[0] if len(within) == 1 else {"anyOf": within}})
    return {
        "$schema": DIALECT,
        "title": f"modeltender {command} --json",
        "anyOf": [*choices, error],
        "$defs": parts,
    }
