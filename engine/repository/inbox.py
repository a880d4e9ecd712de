"""The inbox: which finished files of ``train/`` become versions, and what is recorded about the others.

Owns the way of each file from its first sight to a decision: still, examined, grouped with what belongs to
it, ingested or turned down. It decides nothing twice: a decision holds until a stamp changes.
"""

import hashlib
from collections.abc import Callable, Mapping
from typing import NamedTuple

import msgspec

from engine.processes.examiner_process import Suspect
from engine.repository.examinations import Examinations
from engine.repository.examine import Examined
from engine.repository.growth import SHOWN_AFTER_S, Growth
from engine.repository.ingest import Duplicate, Ingested, ingest
from engine.repository.integrity import ChangedError, Content, digest
from engine.repository.scanner import Inbox, Item, read_item
from engine.repository.settle import Key, Still, settle
from engine.repository.versions import PATIENCE_S, without_model
from storage.text import NAME, clean
from storage.vocabulary import Status
from storage.workspace import Workspace

EXAMINING = "is being examined"

FIRST_RETRY_S = 1.0
LAST_RETRY_S = 60.0
"""A full disk is tried again after 1, 2, 4 ... 60 seconds."""

LIST_CHANGED = "+"
"""Marks a look that another file in the folder may overtake: the weights beside a model, for instance."""


class Group(NamedTuple):
    """A model's file or folder with everything that belongs to it."""

    key: Key
    item: Item
    names: tuple[str, ...]
    """Its own name and those of what belongs to it."""
    examined: Examined
    stamp: str
    bytes: int
    since: float
    """Since when (monotonic) it has been still."""


class Decision(msgspec.Struct, frozen=True):
    """What became of one thing in the inbox."""

    model: str
    name: str
    """As it is stored and shown."""
    stamp: str
    """At which this was decided; empty where it is to be looked at again."""
    status: Status
    reason: str
    bytes: int
    sha256: str | None = None
    ingested: Ingested | None = None
    examined: Examined | None = None
    entry: int | None = None
    """The entry of the quarantine that it became."""

    @property
    def holds(self) -> bool:
        """Whether it is all that there is to say for now: what failed is tried again, but nobody need wait for that."""
        return self.status is not Status.SETTLING


class Waiting(NamedTuple):
    """A thing that nothing can be decided about yet."""

    key: Key
    item: Item
    reason: str


class Outlook(NamedTuple):
    """What one look at the inboxes tells."""

    groups: tuple[Group, ...]
    """Finished things, each with what belongs to it."""
    waiting: tuple[Waiting, ...]
    """What is not there or not known yet, for long enough to be shown."""
    claimed: frozenset[Key]
    """What belongs to another file."""
    open: frozenset[str]
    """Models in whose inbox something is not still yet, or not examined."""
    wake_in: float | None


class InboxWatch:
    """Remembers, between two looks, what is still and what was examined."""

    def __init__(self, workspace: Workspace, settle_s: float, examinations: Examinations) -> None:
        self._workspace = workspace
        self._examinations = examinations
        self._settle_s = settle_s
        self._still: dict[Key, Still] = {}
        self._growth = Growth()
        self._first: dict[Key, float] = {}
        """Since when (monotonic) something waits to be examined."""
        self._examined: dict[Key, tuple[str, Examined]] = {}
        self._retries: dict[Key, tuple[float, float]] = {}

    def look(self, inboxes: Mapping[str, Inbox], renamed: frozenset[Key], *, now: float) -> Outlook:
        """Return what is finished and what is awaited at ``now`` (monotonic)."""
        items = {(inbox.model, item.name): item for inbox in inboxes.values() for item in inbox.items}
        seen = settle(
            self._still,
            {key: item.stamp for key, item in items.items()},
            now=now,
            settle_s=self._settle_s,
            renamed=renamed,
        )
        self._still = seen.still
        awaited = {key: item.bytes for key, item in items.items() if key not in seen.ready}
        progress = self._growth.look(awaited, now=now)
        self._examined = self._examine(sorted(seen.ready), items, inboxes)
        self._first = {key: self._first.get(key, now) for key in seen.ready if key not in self._examined}
        late = {key: EXAMINING for key, since in self._first.items() if now - since >= SHOWN_AFTER_S}
        waiting = tuple(Waiting(key, items[key], said) for key, said in {**progress, **late}.items())
        parts = {key: _parts(key, items, found) for key, (_, found) in self._examined.items()}
        claimed = frozenset(part for belonging in parts.values() for part in belonging)
        # What is no model may belong to one that is not known yet.
        open_ones = {key[0] for key in seen.ready if key not in self._examined}
        groups = tuple(
            self._group(key, items, parts[key])
            for key, (_, found) in self._examined.items()
            if key not in claimed and (found.format is not None or key[0] not in open_ones)
        )
        found = tuple(group for group in groups if group is not None)
        unknown = frozenset(key[0] for key in items if key not in self._examined)
        return Outlook(found, waiting, claimed, unknown, seen.wake_in)

    def decide(
        self,
        group: Group,
        *,
        known: Callable[[str, str], int | None],
        trusted: Callable[[str], bool],
        above: int,
        now: float,
    ) -> tuple[Decision | None, float | None]:
        """Ingest one finished thing or turn it down; return what became of it, or in how many seconds to try (again).

        ``trusted`` says of a content's hash whether an owner vouches for it.
        """
        (model, name), examined = group.key, group.examined
        due = self._retries.get(group.key, (0.0, 0.0))[1] - now
        if due > 0:
            return None, due
        stored = stored_name(name)
        folder = self._workspace.train / model / (name if group.item.is_folder else "")
        try:
            content = digest(*examined.beside(folder)) if examined.format is None and examined.files else None
            if content is not None and examined.on_trust is not None and trusted(content.sha256):
                examined = msgspec.structs.replace(examined, format=examined.on_trust)
            if examined.format is None:
                return self._turn_down(group, stored, content, now=now)
            made = ingest(
                self._workspace,
                model,
                folder,
                examined,
                known=lambda sha256: known(model, sha256),
                above=above,
                unchanged=lambda: self._stamp(model, group.names) == group.stamp,
            )
        except ChangedError:
            self._still.pop(group.key, None)
            return None, self._settle_s
        except OSError as error:
            return self._failed(group, stored, error, now=now)
        self._retries.pop(group.key, None)
        return _taken(group, stored, examined, made), None

    def _turn_down(
        self, group: Group, stored: str, content: Content | None, *, now: float
    ) -> tuple[Decision, float | None]:
        examined, left = group.examined, group.since + PATIENCE_S - now
        waits = not examined.complete and left > 0
        status = Status.SETTLING if waits else without_model(examined)
        stamp = "" if waits else group.stamp
        sha256 = None if content is None else content.sha256
        decision = Decision(group.key[0], stored, stamp, status, examined.reason, group.bytes, sha256)
        return decision, left if waits else None

    def _failed(
        self, group: Group, stored: str, error: OSError, *, now: float
    ) -> tuple[Decision, float | None]:
        pause = min(max(2 * self._retries.get(group.key, (0.0, 0.0))[0], FIRST_RETRY_S), LAST_RETRY_S)
        self._retries[group.key] = (pause, now + pause)
        reason = f"could not be copied to models/{group.key[0]}: {error.strerror or error}; it is tried again"
        return Decision(group.key[0], stored, "", Status.FAILED, reason, group.bytes), pause

    def _stamp(self, model: str, names: tuple[str, ...]) -> str:
        """Return the stamp that these things of an inbox have together now."""
        return _joined([read_item(self._workspace.train / model, name).stamp for name in names])

    def _examine(
        self, keys: list[Key], items: Mapping[Key, Item], inboxes: Mapping[str, Inbox]
    ) -> dict[Key, tuple[str, Examined]]:
        """Return what items hold, as far as it is known.

        It is remembered while neither an item nor, if that is incomplete, its folder changes.
        """
        known = {
            key: self._examined[key] for key in keys if self._remembers(key, items[key], inboxes[key[0]])
        }
        asked = [key for key in keys if key not in known]
        listed = {model: _listed(inboxes[model]) for model in {key[0] for key in asked}}
        self._examinations.ask(
            {
                key: Suspect(
                    self._workspace.train / key[0],
                    items[key],
                    _known(items[key], listed[key[0]]),
                    inboxes[key[0]].stamp,
                )
                for key in asked
            }
        )
        for key in asked:
            told = self._examinations.answer(key)
            if told is not None:
                suspect, found = told
                stamp = suspect.item.stamp
                known[key] = (stamp if found.complete else f"{stamp}{LIST_CHANGED}{suspect.listed}"), found
        return known

    def _remembers(self, key: Key, item: Item, inbox: Inbox) -> bool:
        before = self._examined.get(key)
        return before is not None and before[0] in {item.stamp, f"{item.stamp}{LIST_CHANGED}{inbox.stamp}"}

    def _group(self, key: Key, items: Mapping[Key, Item], parts: list[Key]) -> Group | None:
        """Return a thing with what belongs to it, or ``None`` where that is not finished yet."""
        if any(part not in self._examined for part in parts):
            return None
        together = [items[key], *(items[part] for part in parts)]
        names = tuple(item.name for item in together)
        stamp = _joined([item.stamp for item in together])
        size = sum(item.bytes for item in together)
        return Group(key, items[key], names, self._examined[key][1], stamp, size, self._still[key].since)


def _taken(group: Group, stored: str, examined: Examined, made: Ingested | Duplicate) -> Decision:
    """Return that a thing has become a version, or is one already."""
    return Decision(
        model=group.key[0],
        name=stored,
        stamp=group.stamp,
        status=Status.READY,
        reason=f"same as version {made.number}" if isinstance(made, Duplicate) else "",
        bytes=group.bytes,
        sha256=made.content.sha256,
        ingested=made if isinstance(made, Ingested) else None,
        examined=examined,
    )


def stored_name(name: str) -> str:
    """Return a file's name as it is stored: cleaned, and still different for names that look alike afterwards."""
    shown = clean(name, NAME)
    if shown == name:
        return name
    return f"{shown}~{hashlib.blake2b(name.encode(errors='surrogateescape'), digest_size=3).hexdigest()}"


def _parts(key: Key, items: Mapping[Key, Item], examined: Examined) -> list[Key]:
    """Return what lies beside a file and belongs to it; a folder has everything inside."""
    if items[key].is_folder:
        return []
    named = {(key[0], name.split("/", 1)[0]) for name in examined.files[1:]}
    return sorted(named & items.keys())


def _listed(inbox: Inbox) -> frozenset[str]:
    """Return the paths of everything in an inbox."""
    return frozenset(
        f"{item.name}/{file}" if item.is_folder else file for item in inbox.items for file in item.files
    )


def _known(item: Item, listed: frozenset[str]) -> frozenset[str]:
    """Return the paths of what may belong to an item; a folder has everything inside, a file what lies beside it."""
    return frozenset(item.files) if item.is_folder else listed


def _joined(stamps: list[str]) -> str:
    return (
        stamps[0]
        if len(stamps) == 1
        else hashlib.blake2b("".join(stamps).encode(), digest_size=12).hexdigest()
    )
