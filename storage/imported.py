"""What is kept of an import, and what one came to: a job's result, which the command that waits reads."""

import msgspec

from storage.record import Record
from storage.vocabulary import Fate, Format, ImportKind


class Imported(Record, frozen=True, kw_only=True):
    """Where content came from that an import has brought in."""

    model: str
    sha256: str
    kind: ImportKind
    path: str
    """Of the version's folder there."""
    number: int
    """Which version it was there."""
    served: bool
    """Whether the server served it, by the version policy of then."""
    labels: tuple[str, ...]
    """What the server called it besides its number."""
    at: float
    requested_by: str

    @property
    def words(self) -> str:
        """Where it came from, as the end of the sentence "version 2: …"."""
        return f"imported from {self.path} ({self.kind}{', served there' if self.served else ''}{labelled(self.labels)})"


class DeclaredTensor(msgspec.Struct, frozen=True):
    """An input or output as a server's configuration declares it."""

    name: str
    data_type: str
    dims: tuple[int, ...]
    """Of one example; -1 where any length will do."""
    label_file: str = ""
    """The file that names its classes, if any."""


class Declared(msgspec.Struct, frozen=True):
    """What a server's configuration says of a model."""

    max_batch_size: int
    """0 where the server does not batch."""
    inputs: tuple[DeclaredTensor, ...]
    outputs: tuple[DeclaredTensor, ...]


class AdoptedVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one version of the source."""

    number: int
    """There."""
    path: str
    served: bool
    labels: tuple[str, ...]
    fate: Fate
    version: int | None = None
    """Here; ``null`` where it is none, or none yet."""
    format: Format | None = None
    bytes: int = 0
    sha256: str = ""
    reason: str = ""
    """Why it was left out."""


class AdoptedModel(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one model of the source."""

    model: str
    kind: ImportKind
    path: str
    declared: Declared | None
    versions: tuple[AdoptedVersion, ...]
    reason: str = ""
    """Why none of it can come in."""

    @property
    def deployed(self) -> AdoptedVersion | None:
        """The version that the server answers with where a client names none: the highest that it serves."""
        served = [version for version in self.versions if version.served]
        return max(served, key=lambda version: version.number, default=None)


class Adopted(msgspec.Struct, frozen=True, kw_only=True):
    """What an import came to, or would come to."""

    source: str
    dry_run: bool
    models: tuple[AdoptedModel, ...]


def labelled(labels: tuple[str, ...]) -> str:
    """Return labels as a part of a sentence: ``, labelled stable``."""
    return f", labelled {', '.join(labels)}" if labels else ""
