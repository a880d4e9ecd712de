"""What is kept of models and their versions, as frozen records; `storage.records` has the rest.

A model holds its versions packed, and what a list says of them beside that: lists of thousands are made without a
single version, and whoever looks at one model gets its versions as they are. All versions of one model are packed as
well: a quarter of the memory, and somebody looks at a screenful of them.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple, overload

import msgspec

from storage.measured import Evaluation, EvaluationFailure, Loading
from storage.promotion_records import GateReport, Probation
from storage.record import Record
from storage.vocabulary import Format, Role, Status, Task

OPENED = 4
"""Models whose versions stay as they were unpacked: whoever asks one for its current version asks for its candidate next."""


SCREENFUL = 16
"""Versions of a model that stay as they were unpacked: those that a screen shows are asked for again with each change."""


class Refusal(Record, frozen=True, kw_only=True):
    """What a version is refused for, while it is: what was found, and since when."""

    at: float
    evidence: tuple[str, ...]
    """Each thing that was found, by its name; of one that crashes, how it ended."""
    liftable: bool
    """Whether its owner's trust in this very content would have it loaded."""


class Version(Record, frozen=True, kw_only=True, array_like=True):
    """One immutable artefact of a model, with the figures of its latest evaluation.

    Like a model and an evaluation it is written down in one place, packed by the thousand (`storage.tables.overviews`),
    and there without the names of its fields.
    """

    id: int
    model: str
    number: int
    format: Format | None
    status: Status
    reason: str
    role: Role | None
    sha256: str | None
    bytes: int | None
    artefact: str | None
    """Path of the artefact below the version's folder."""
    companions: tuple[str, ...] = ()
    """Paths of the other files that belong to it, below the folder that it lies in."""
    source: str
    """Where it came from: a path below ``train/``, or empty for a folder that was put into ``models/``."""
    found_at: float
    parameters: int | None
    evaluation: Evaluation | None = None
    gate: GateReport | None = None
    """What the gate said when this version or the current one was last evaluated; ``None`` before that."""
    loading: Loading | None = None
    """``None`` before it was first loaded, and when its files have changed since."""
    failure: EvaluationFailure | None = None
    """``None`` once an evaluation has worked."""
    refusal: Refusal | None = None
    """``None`` where nothing was found that keeps it from being loaded."""


class PackedVersion(NamedTuple):
    """A version in little room, with what is asked of most of them."""

    id: int
    number: int
    data: bytes

    @classmethod
    def of(cls, version: Version) -> "PackedVersion":
        """Return a version packed."""
        return cls(version.id, version.number, msgspec.msgpack.encode(version))


class Versions(Sequence[Version]):
    """Versions of one model, the newest first; equal where each of them is as it was."""

    __slots__ = ("packed",)

    packed: tuple[PackedVersion, ...]

    def __init__(self, packed: Iterable[PackedVersion] = ()) -> None:
        """Hold versions; each is unpacked when somebody looks at it."""
        self.packed = tuple(packed)

    @classmethod
    def of(cls, versions: Iterable[Version]) -> "Versions":
        """Return versions in the form in which all of a model's are held."""
        return cls(map(PackedVersion.of, versions))

    @property
    def numbers(self) -> list[int]:
        """The numbers of them all, none unpacked for it."""
        return [one.number for one in self.packed]

    def numbered(self, number: int | None) -> Version | None:
        """Return the version with a number, or ``None`` where there is none."""
        found = next((one for one in self.packed if one.number == number), None)
        return None if found is None else _unpacked(found.data)

    def __len__(self) -> int:
        return len(self.packed)

    @overload
    def __getitem__(self, place: int) -> Version: ...

    @overload
    def __getitem__(self, place: slice) -> "Versions": ...

    def __getitem__(self, place: int | slice) -> "Version | Versions":
        if isinstance(place, slice):
            return Versions(self.packed[place])
        return _unpacked(self.packed[place].data)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Versions) and self.packed == other.packed

    def __hash__(self) -> int:
        return hash(self.packed)


class Line(Record, frozen=True, kw_only=True, array_like=True):
    """What a list says of a version; of its latest evaluation the headline metric and the latency."""

    number: int
    format: Format | None
    status: Status
    device: str | None
    evaluated_at: float | None
    metric: str | None
    """The name of the headline metric, whose value is the score."""
    score: float | None
    low: float | None
    high: float | None
    p50_ms: float | None
    p95_ms: float | None
    p99_ms: float | None
    throughput: float | None


class Newest(Record, frozen=True, kw_only=True, array_like=True):
    """What a list says of the version with the highest number."""

    number: int
    status: Status


class Candidacy(Record, frozen=True, kw_only=True, array_like=True):
    """What a list says of a candidate."""

    number: int
    promotable: bool | None
    """``None`` before the gate was asked."""


class Glance(Record, frozen=True, kw_only=True, array_like=True):
    """What a list says of a model's versions."""

    current: Line | None
    undeployed: Line | None
    """The version that stands for a model while nothing is deployed: the candidate, or else the newest one."""
    newest: Newest | None
    candidate: Candidacy | None

    @property
    def line(self) -> Line | None:
        """The version that stands for the model."""
        return self.current or self.undeployed


class Model(Record, frozen=True, kw_only=True, array_like=True):
    """A named thing that is deployed, with the versions that matter at a glance (`storage.tables.assembly.model`)."""

    id: int
    name: str
    task: Task | None
    problem: str
    """Why the model's settings or folder cannot be used, or empty."""
    versions: int
    faults: int
    trend: tuple[float, ...] = ()
    """The latest values of the headline metric of the current version, oldest first."""
    quarantined: int = 0
    """How many things were taken out of its inbox and are kept."""
    probation: Probation | None = None
    """Of the current version, while it is watched because it was promoted by itself."""
    glance: Glance
    held: bytes
    """The versions, packed."""

    @property
    def current(self) -> Version | None:
        """The deployed version."""
        return opened(self.held).current

    @property
    def previous(self) -> Version | None:
        """The version that a rollback would bring back."""
        return opened(self.held).previous

    @property
    def candidate(self) -> Version | None:
        """The version that could be deployed next."""
        return opened(self.held).candidate

    @property
    def newest(self) -> Version | None:
        """The version with the highest number, whatever its status."""
        return opened(self.held).newest


class Held(Record, frozen=True, kw_only=True, array_like=True):
    """The versions of a model that matter at a glance, each of them once; the places say which of them is what."""

    versions: tuple[Version, ...]
    current: int | None
    previous: int | None
    candidate: int | None
    newest: int | None


class Shown(NamedTuple):
    """The versions of a model that matter at a glance."""

    current: Version | None
    previous: Version | None
    candidate: Version | None
    newest: Version | None


DECODER = msgspec.msgpack.Decoder(Held)


VERSION_DECODER = msgspec.msgpack.Decoder(Version)


def packed(shown: Shown) -> bytes:
    """Return versions in the form in which a model holds them."""
    kept: dict[int, Version] = {}
    # A candidate comes last: where it is something else as well, it is kept as that.
    for version in (shown.current, shown.previous, shown.newest, shown.candidate):
        if version is not None:
            kept.setdefault(version.id, version)
    places = {version_id: place for place, version_id in enumerate(kept)}
    current, previous, candidate, newest = (None if one is None else places[one.id] for one in shown)
    return msgspec.msgpack.encode(
        Held(
            versions=tuple(kept.values()),
            current=current,
            previous=previous,
            candidate=candidate,
            newest=newest,
        )
    )


@lru_cache(maxsize=OPENED)
def opened(data: bytes) -> Shown:
    """Return the versions that `packed` was given."""
    held = DECODER.decode(data)

    def at(place: int | None) -> Version | None:
        return None if place is None else held.versions[place]

    candidate = at(held.candidate)
    return Shown(
        current=at(held.current),
        previous=at(held.previous),
        candidate=None if candidate is None else as_candidate(candidate),
        newest=at(held.newest),
    )


@lru_cache(maxsize=SCREENFUL)
def _unpacked(data: bytes) -> Version:
    return VERSION_DECODER.decode(data)


def as_candidate(version: Version) -> Version:
    """Return a version in the role of what could be deployed next."""
    # A version that was rolled back from is both the previous one's successor and a candidate again: candidate wins,
    # because that is what can be done with it.
    return msgspec.structs.replace(version, role=Role.CANDIDATE)
