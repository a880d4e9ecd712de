"""The one family of errors that people get to read.

Every error says what is wrong, where, and what to do. The command line prints ``message`` and ``hint`` and
exits with ``exit_code``; the engine stores ``message`` as a job's error. Nothing else is shown to a person.

    Error
    ├── WorkspaceError      a folder or file of the workspace is missing, unreadable or not what it should be
    ├── SettingsError       modeltender.toml or model.toml has problems (all of them in one error)
    ├── DatabaseError       the database is damaged, newer than this program, or cannot be opened
    ├── UnknownError        a model, version or job that does not exist was named
    ├── RefusedError        the answer is no: a gate refused, the target changed since the user looked
    ├── JobError            the work was tried and failed
    └── EngineError         the engine could not be started or reached
"""

from typing import Final

from storage.vocabulary import ExitCode

OWN_SETTINGS: Final = "{model.toml}"
"""Stands in a hint for the settings of the model that the error is about: who raises it knows the data or the model process,
and not whose they are."""


class Error(Exception):
    """Something that a person can read and act on.

    Attributes:
        code: a stable word for scripts.
        message: what is wrong and where, one sentence.
        template: what to do, one sentence, in which `OWN_SETTINGS` may stand, or an empty string where the message says it.
        exit_code: the exit status of a command that ends with this error.
    """

    code = "error"
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, hint: str = "", *, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.template = hint
        if code is not None:
            self.code = code

    @property
    def hint(self) -> str:
        """What to do, for a person who knows which model is meant."""
        return self.template.replace(OWN_SETTINGS, "model.toml")

    def hint_for(self, model: str) -> str:
        """Return what to do, with the path of the model's settings in the workspace: a newcomer has none yet, and learns where to make it."""
        return self.template.replace(OWN_SETTINGS, f"models/{model}/model.toml") if model else self.hint


class WorkspaceError(Error):
    """A folder or file of the workspace is missing, unreadable or not what it should be."""

    code = "workspace"
    exit_code = ExitCode.USAGE


class SettingsError(Error):
    """A settings file has problems; ``problems`` lists every one of them."""

    code = "settings"
    exit_code = ExitCode.USAGE

    def __init__(self, file: str, problems: list[str]) -> None:
        super().__init__(f"{file}: " + "; ".join(problems), "Correct the file; it is read again at once.")
        self.problems = problems


class DatabaseError(Error):
    """The database cannot be used."""

    code = "database"


class UnknownError(Error):
    """A model, version or job that does not exist was named."""

    code = "unknown"
    exit_code = ExitCode.USAGE


class RefusedError(Error):
    """The answer to what was asked is no."""

    code = "refused"
    exit_code = ExitCode.NO


class JobError(Error):
    """The work was tried and failed."""

    code = "failed"


class EngineError(Error):
    """The engine could not be started or reached."""

    code = "engine"
    exit_code = ExitCode.UNREACHABLE
