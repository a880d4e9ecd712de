"""``modeltender evaluate``: asks the engine for an evaluation, waits for it, and says whether it is good enough."""

from collections.abc import Callable
from typing import NamedTuple, TypeVar

import click

from storage import jobs
from storage.database import Reader
from storage.errors import EngineError, Error, JobError
from storage.records import Evaluation, Job, JobParameters, Version
from storage.settings import read_model_settings
from storage.tables import evaluations, models
from storage.vocabulary import ExitCode, JobKind
from storage.workspace import Workspace
from tui.commands.arrivals import find_target, join_or_submit
from tui.commands.documenting import evaluation_document, job_document
from tui.commands.documents import ErrorDocument, EvaluationDocument, FailureDocument
from tui.commands.figures import evaluation_text
from tui.commands.objectives import Judgement, judge, missed
from tui.commands.options import requester, standard_options
from tui.commands.output import remark, show_document, show_text
from tui.commands.reading import to_ask
from tui.commands.targets import Target, default_version
from tui.commands.targets import target as as_target
from tui.commands.waiting import await_job, failure

Found = TypeVar("Found")


@click.command(epilog="Example: modeltender evaluate mnist@candidate --json")
@click.argument("target", metavar="[MODEL[@VERSION]]", type=as_target, required=False)
@click.option("--device", default="cpu", show_default=True, help="Where it runs: cpu, cuda:0, ...")
@click.option(
    "--data", default="", metavar="NAME", help="Which of the model's data files; by default its test data."
)
@click.option("--all", "everything", is_flag=True, help="Evaluate every model's deployed version.")
@click.option("--no-wait", is_flag=True, help="Return the job at once, and let the engine work.")
@standard_options
def evaluate(
    *,
    workspace: Workspace,
    as_json: bool,
    target: Target | None,
    device: str,
    data: str,
    everything: bool,
    no_wait: bool,
) -> int:
    """Evaluate a version on labelled data and wait for its figures.

    VERSION is a number, current, previous or candidate. Without one it is what is deployed, or the newest
    ready version where nothing is. Exits with 1 when an objective of the model's settings is missed.
    """
    if (target is None) is not everything:
        raise click.UsageError("Name one model, or ask for --all.")
    parameters = JobParameters(device=device, data=data)
    with to_ask(workspace) as reader:
        versions = _deployed(reader) if target is None else [find_target(workspace, reader, target)]
        requests = [Request(workspace, reader, version, parameters) for version in versions]
        if no_wait:
            return _ask_only(requests, as_json=as_json, several=everything)
        return (
            _answer_all(requests, as_json=as_json)
            if everything
            else _answer_one(requests[0], as_json=as_json)
        )


class Request(NamedTuple):
    """One version that is to be evaluated."""

    workspace: Workspace
    reader: Reader
    version: Version
    parameters: JobParameters

    @property
    def name(self) -> str:
        """The version as people write it."""
        return f"{self.version.model}@{self.version.number}"


class Answer(NamedTuple):
    """What a request came to."""

    version: Version
    evaluation: Evaluation
    judgements: tuple[Judgement, ...]

    def text(self) -> str:
        """Return it as a person reads it."""
        name = f"{self.version.model}@{self.version.number}"
        objectives = [judgement.sentence() for judgement in self.judgements]
        return "\n".join([evaluation_text(name, self.evaluation), *objectives])


def _deployed(reader: Reader) -> list[Version]:
    with reader.transaction() as connection:
        return [
            default_version(connection, model)
            for model in models.read(connection)
            if model.newest is not None
        ]


def _ask(request: Request) -> Job:
    return join_or_submit(
        request.workspace, request.reader, request.version, request.parameters, requested_by=requester()
    )


def _ask_only(requests: list[Request], *, as_json: bool, several: bool) -> int:
    asked = [_ask(request) for request in requests]
    if as_json:
        documents = [job_document(job) for job in asked]
        show_document(documents if several else documents[0])
    else:
        show_text(
            "\n".join(f"job {job.id} evaluates {job.model}@{job.version}: {job.state}" for job in asked)
        )
    return ExitCode.DONE


def _answer_one(request: Request, *, as_json: bool) -> int:
    answer = _await_answer(request, _ask(request))
    if as_json:
        show_document(evaluation_document(answer.version, answer.evaluation))
        remark("\n".join(judgement.sentence() for judgement in answer.judgements if judgement.met is False))
    else:
        show_text(answer.text())
    return _status(answer)


def _answer_all(requests: list[Request], *, as_json: bool) -> int:
    """Ask for everything at once, so that the engine is never idle, then tell each answer; a failure is one of them."""
    asked = [(request, _attempt(_ask, request)) for request in requests]
    documents: list[EvaluationDocument | FailureDocument] = []
    statuses: list[int] = [ExitCode.DONE]
    for request, job in asked:
        answer = job if isinstance(job, Error) else _attempt(_await_answer, request, job)
        if isinstance(answer, Error):
            error = ErrorDocument(code=answer.code, message=answer.message, hint=answer.hint)
            documents.append(
                FailureDocument(model=request.version.model, version=request.version.number, error=error)
            )
            statuses.append(answer.exit_code)
        else:
            documents.append(evaluation_document(answer.version, answer.evaluation))
            statuses.append(_status(answer))
        if not as_json:
            show_text(f"{request.name}: {answer.message}" if isinstance(answer, Error) else answer.text())
    if as_json:
        show_document(documents)
    return max(statuses)


def _attempt(step: Callable[..., Found], *arguments: object) -> Found | Error:
    """Return what a step returns, or the error that it ends with: one model's failure is not another's."""
    try:
        return step(*arguments)
    except EngineError:
        # Without an engine nothing more can be answered.
        raise
    except Error as error:
        return error


def _await_answer(request: Request, job: Job) -> Answer:
    settings = read_model_settings(request.workspace.model_settings(request.version.model))
    evaluation = _await_evaluation(request, job)
    if evaluation is None:
        # The check of an arrival ends well without test data; asked again as a person, the engine says what is missing.
        again = jobs.submit(
            request.workspace,
            JobKind.EVALUATE,
            request.version.model,
            request.version.number,
            requested_by=requester(),
            parameters=request.parameters,
        )
        evaluation = _await_evaluation(request, again)
    if evaluation is None:
        raise JobError(f"{request.name} was evaluated, and no figures were recorded.", "Try again.")
    with request.reader.transaction() as connection:
        version = models.version(connection, request.version.id) or request.version
    return Answer(version, evaluation, judge(settings.objectives, evaluation))


def _await_evaluation(request: Request, job: Job) -> Evaluation | None:
    ended = await_job(request.workspace, request.reader, job)
    error = failure(ended)
    if error is not None:
        raise error
    with request.reader.transaction() as connection:
        return evaluations.of_job(connection, ended.id)


def _status(answer: Answer) -> int:
    return ExitCode.NO if missed(answer.judgements) else ExitCode.DONE
