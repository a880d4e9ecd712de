"""What a version was found to be: its format and its runtime, or the sentence that nobody has looked into it yet."""

from engine.protocols import RuntimeSpec
from engine.runtimes import runtime_for
from storage.errors import JobError
from storage.records import Version
from storage.vocabulary import Format


def format_of(version: Version) -> Format:
    """Return the format of a version.

    Raises:
        JobError: it has not been looked into yet.
    """
    if version.format is None or version.artefact is None or version.sha256 is None:
        raise JobError(
            f"{version.model}@{version.number} has not been checked yet.", "Try again in a moment."
        )
    return version.format


def runtime_of(version: Version) -> RuntimeSpec:
    """Return what executes a version.

    Raises:
        JobError: it has not been looked into yet.
    """
    return runtime_for(format_of(version))
