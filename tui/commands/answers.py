"""What a request for an evaluation comes to: waits for its job, judges the figures, and tells them."""

from typing import NamedTuple

from msgspec import structs

from storage.errors import EngineError, Error, JobError
from storage.objectives import Judgement, judge, missed
from storage.records import Evaluation, Job, Version
from storage.settings import read_model_settings
from storage.tables import evaluations, models
from storage.vocabulary import ExitCode
from tui.commands.arrivals import Request, submit
from tui.commands.documenting import evaluation_document
from tui.commands.documents import ErrorDocument, EvaluationDocument, FailureDocument
from tui.commands.figures import evaluation_text
from tui.commands.output import remark, room, show_document, show_text
from tui.commands.parts import parts_text
from tui.commands.waiting import await_job, failure


class Answer(NamedTuple):
    """What a request came to."""

    version: Version
    evaluation: Evaluation
    judgements: tuple[Judgement, ...]

    @property
    def status(self) -> int:
        """The exit status that tells it."""
        return ExitCode.NO if missed(self.judgements) else ExitCode.DONE

    def text(self) -> str:
        """Return it as a person reads it."""
        name = f"{self.version.model}@{self.version.number}"
        objectives = [judgement.sentence() for judgement in self.judgements]
        told = [evaluation_text(name, self.evaluation, room()), parts_text(self.evaluation.slices)]
        notes = [f"note: {note}" for note in self.evaluation.notes]
        return "\n".join(text for text in [*told, *notes, *objectives] if text)


def answer_one(request: Request, job: Job, *, as_json: bool) -> int:
    """Wait for an evaluation, tell it, and return the exit status."""
    answer = _await_answer(request, job)
    if as_json:
        show_document(evaluation_document(answer.version, answer.evaluation))
        remark("\n".join(judgement.sentence() for judgement in answer.judgements if judgement.met is False))
    else:
        show_text(answer.text())
    return answer.status


def answer_all(asked: list[tuple[Request, Job | Error]], *, as_json: bool) -> int:
    """Tell each evaluation as it ends, a failure among them as one of them, and return the worst exit status."""
    documents: list[EvaluationDocument | FailureDocument] = []
    statuses: list[int] = [ExitCode.DONE]
    for request, job in asked:
        answer = job if isinstance(job, Error) else _attempt(request, job)
        if isinstance(answer, Error):
            error = ErrorDocument(code=answer.code, message=answer.message, hint=answer.hint)
            version = request.version
            documents.append(FailureDocument(model=version.model, version=version.number, error=error))
            statuses.append(answer.exit_code)
        else:
            documents.append(evaluation_document(answer.version, answer.evaluation))
            statuses.append(answer.status)
        if not as_json:
            show_text(f"{request.name}: {answer.message}" if isinstance(answer, Error) else answer.text())
    if as_json:
        show_document(documents)
    return max(statuses)


def _attempt(request: Request, job: Job) -> Answer | Error:
    try:
        return _await_answer(request, job)
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
        evaluation = _await_evaluation(request, submit(request))
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
        evaluation = evaluations.of_job(connection, ended.id)
        if evaluation is None:
            return None
        return structs.replace(evaluation, slices=evaluations.slices(connection, evaluation.id))
