"""Python files that a model's owner has written: running one, and saying where it failed.

Framework-free. It runs in model processes only, behind the same walls as the model; whether the workspace trusts such a
file is decided before anybody asks here.
"""

import inspect
from typing import Any

from storage.errors import JobError
from storage.text import clean

WORDS = 200
"""Characters of an exception's message that a sentence repeats."""


class OwnFileError(JobError):
    """The code of an owner's file has failed; what the sandbox denied it is the owner's to mend, and no attack."""


def execute(file: str, source: str, *, hint: str) -> dict[str, Any]:
    """Run a file and return the names that it defines.

    Raises:
        OwnFileError: it does not run; the message names the line, and ``hint`` says what such a file is to hold.
    """
    names: dict[str, Any] = {"__name__": file.removesuffix(".py")}
    try:
        exec(compile(source, file, "exec"), names)  # noqa: S102 - behind walls, and its owner trusts it
    except Exception as error:
        raise failed(file, "does not run", error, hint=hint) from error
    return names


def failed(file: str, what: str, error: Exception, *, hint: str) -> OwnFileError:
    """Return what to raise where a file's code has failed, with the last line of the file that took part."""
    # The frames around are ours or a library's; the last line of the file is what its author can mend.
    frames = inspect.getinnerframes(error.__traceback__) if error.__traceback__ else []
    line = next((frame.lineno for frame in reversed(frames) if frame.filename == file), None)
    line = error.lineno if isinstance(error, SyntaxError) else line
    where = f", line {line}" if line else ""
    words = clean(str(error) or type(error).__name__, WORDS).rstrip(".")
    return OwnFileError(f"{file} {what}{where}: {type(error).__name__}: {words}.", hint)
