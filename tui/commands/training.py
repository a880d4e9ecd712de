"""``modeltender train`` and ``build``: ask the engine for a training, wait for it, and say what came of it."""

import time

import click
import msgspec

from storage import jobs
from storage.database import Reader
from storage.errors import UnknownError
from storage.records import Job, JobParameters
from storage.tables import inbox
from storage.tables import training as training_table
from storage.text import NAME, clean
from storage.training_records import TrainingRun
from storage.vocabulary import ExitCode, JobKind, Role, Status
from storage.workspace import Workspace, valid_model_name
from tui.commands.arrivals import await_inbox
from tui.commands.completing import complete_model
from tui.commands.options import requester, standard_options
from tui.commands.output import show_document, show_text
from tui.commands.overview_documents import job_document
from tui.commands.reading import to_ask
from tui.commands.runs import run_document, run_text
from tui.commands.targets import Target, default_version, find_model
from tui.commands.waiting import await_change, await_job, failure

ARRIVAL_S = 30.0
"""How long the version's number is waited for: what takes longer is told without it."""

EPOCHS = click.option(
    "--epochs",
    type=click.IntRange(1),
    metavar="N",
    help="The most epochs; by default those of model.toml, or 10.",
)
NO_WAIT = click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")


@click.command(epilog="Example: modeltender train mnist --epochs 5")
@click.argument("model", metavar="MODEL", shell_complete=complete_model)
@EPOCHS
@click.option(
    "--from-scratch", is_flag=True, help="Start with fresh weights instead of the deployed version's."
)
@NO_WAIT
@standard_options
def train(
    *, workspace: Workspace, as_json: bool, model: str, epochs: int | None, from_scratch: bool, no_wait: bool
) -> int:
    """Train a model on its data in train/MODEL, and make the result a candidate.

    It starts from the deployed version, or from the newest ready one if nothing is deployed. An interrupted training
    continues from its last epoch. Ctrl-C leaves the engine at work; modeltender cancel ends the training. The result is
    treated like any other new version: it is evaluated, and promoted by nobody but you.
    """
    parameters = JobParameters(epochs=epochs, from_scratch=from_scratch)
    with to_ask(workspace) as reader:
        await_inbox(workspace, reader, Target(model, None))
        _await_base(workspace, reader, model)
        return _ask(workspace, reader, model, parameters, as_json=as_json, no_wait=no_wait)


@click.command(epilog="Example: modeltender build flowers")
@click.argument("model", metavar="MODEL", shell_complete=complete_model)
@EPOCHS
@click.option("--untrained", is_flag=True, help="Keep its initial weights.")
@NO_WAIT
@standard_options
def build(
    *, workspace: Workspace, as_json: bool, model: str, epochs: int | None, untrained: bool, no_wait: bool
) -> int:
    """Make a first model for the data in train/MODEL, and train it.

    Its layers are those of [build] layers in models/MODEL/model.toml, or what suits the shape of the data.
    """
    if not valid_model_name(model):
        raise UnknownError(
            f"'{clean(model, NAME)}' cannot be a model's name.",
            "Use letters, digits, - and _, without @ and /.",
        )
    parameters = JobParameters(epochs=epochs, build=True, untrained=untrained)
    with to_ask(workspace) as reader:
        return _ask(workspace, reader, model, parameters, as_json=as_json, no_wait=no_wait)


def _await_base(workspace: Workspace, reader: Reader, model: str) -> None:
    """Wait until what the training would begin from has been looked at.

    Raises:
        UnknownError: there is no such model, and nothing to train one on.
    """

    def look() -> bool | None:
        with reader.transaction() as connection:
            try:
                base = default_version(connection, find_model(connection, model))
            except UnknownError:
                if valid_model_name(model) and (workspace.train / model).is_dir():
                    # Without a version: the engine knows whether a program of the owner's makes one.
                    return True
                raise
        checking = base.status is Status.CHECKING and base.role is not Role.CURRENT
        return None if checking or base.status is Status.SETTLING else True

    await_change(workspace, reader, look, f"the check of {model}")


def _ask(
    workspace: Workspace,
    reader: Reader,
    model: str,
    parameters: JobParameters,
    *,
    as_json: bool,
    no_wait: bool,
) -> int:
    job = jobs.submit(workspace, JobKind.TRAIN, model, requested_by=requester(), parameters=parameters)
    if no_wait:
        if as_json:
            show_document(job_document(job))
        else:
            show_text(f"job {job.id} trains {model}: {job.state}")
        return ExitCode.DONE
    job = await_job(workspace, reader, job)
    error = failure(job)
    if error is not None:
        raise error
    run = _await_version(workspace, reader, job)
    if as_json:
        show_document(run_document(run))
    else:
        show_text(run_text(run))
    return ExitCode.DONE


def _await_version(workspace: Workspace, reader: Reader, job: Job) -> TrainingRun:
    """Return the training as it is once its result is a version, is turned down, or takes its time."""
    number = msgspec.json.decode(job.result, type=dict[str, int])["run"]
    patience_at = time.monotonic() + ARRIVAL_S

    def look() -> TrainingRun | None:
        with reader.transaction() as connection:
            run = training_table.read_one(connection, number)
            arrivals = {arrival.name: arrival for arrival in inbox.read(connection, job.model)}
        there = arrivals.get(run.artefact)
        decided = there is not None and there.status is not Status.SETTLING
        return run if run.version or decided or time.monotonic() >= patience_at else None

    return await_change(workspace, reader, look, f"the version of training {number}")
