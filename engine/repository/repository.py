"""One pass over the folders: list, compare with the record, look into what is new, write down what changed.

Owns the order of a pass and what is remembered between passes. Listing, settling, examining, copying and
hashing happen outside transactions; what they found is written in batches, each in one transaction.
"""

import queue
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from engine.repository import arrivals, bookkeeping, outside, problems, versions
from engine.repository.examinations import Examinations, Examines
from engine.repository.facts import Facts, read_facts
from engine.repository.gates import refresh_gates
from engine.repository.growth import Growth
from engine.repository.inbox import Decision, InboxWatch, Outlook
from engine.repository.ingest import sweep
from engine.repository.model_settings import SettingsFiles
from engine.repository.new_data import DataWatch, react
from engine.repository.quarantine import Keeper
from engine.repository.scanner import Item, Listing, Oddity, list_workspace
from engine.repository.settle import Key, Still, settle
from engine.repository.versions import Looked
from storage.database import Writer
from storage.settings import WorkspaceSettings
from storage.tables import engine as engine_table
from storage.tables import faults, inbox, models, trust
from storage.vocabulary import Status
from storage.workspace import Workspace

BATCH = 200
SLICE_S = 1.0
"""What is found is written after so many things, and a pass ends after so long to begin anew: people see
progress, the disk sees few commits, and neither folder waits for the other."""

SCANNED_S = 1.0
"""The time of the last complete pass is written at most this often."""


Taken = TypeVar("Taken")


class Renamed(NamedTuple):
    """What got its name by a rename since the last pass."""

    versions: frozenset[Key]
    arrivals: frozenset[Key]


class Repository:
    """Keeps the record in step with ``train/`` and ``models/``. One thread calls `scan`."""

    def __init__(
        self,
        workspace: Workspace,
        writer: Writer,
        settings: WorkspaceSettings,
        examiner: Examines,
        *,
        now: Callable[[], float],
        monotonic: Callable[[], float],
    ) -> None:
        self._workspace = workspace
        self._writer = writer
        self._settle_s = settings.repository.settle_s
        self._rescan_s = settings.repository.rescan_s
        self._now = now
        self._monotonic = monotonic
        self._keeper = Keeper(workspace, writer, now)
        self._examiner = examiner
        self._trouble = ""
        self._wake: Callable[[], None] = _nobody
        self._offer: Callable[[sqlite3.Connection], None] = _nothing
        self._examinations = Examinations(examiner, self._late)
        self._inbox = InboxWatch(workspace, self._settle_s, Examinations(examiner, self._late))
        self._files = SettingsFiles(workspace)
        self._data = DataWatch(workspace, self._files, self._settle_s)
        self._still: dict[Key, Still] = {}
        self._growth = Growth()
        self._looked: set[Key] = set()
        self._decided: set[Key] = set()
        self._odd: frozenset[Oddity] | None = None
        self._scanned = monotonic() - SCANNED_S
        self._undecided: frozenset[str] = frozenset()
        self._told_undecided: frozenset[str] = frozenset()
        self._renamed: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._notices: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def renamed(self, path: Path) -> None:
        """Take note that something got its name by a rename, and so is complete; any thread may call this."""
        self._renamed.put(path)

    def notice(self, code: str, message: str) -> None:
        """Take note of something about the watching that people should read; any thread may call this."""
        self._notices.put((code, message))

    def when_known(self, wake: Callable[[], None]) -> None:
        """Have ``wake`` called when something is known that a pass did not wait for."""
        self._wake = wake

    def when_faulty(self, offer: Callable[[sqlite3.Connection], None]) -> None:
        """Have ``offer`` called within each transaction that may open a fault: what ends it is known to others."""
        self._offer = offer

    def scan(self) -> float | None:
        """Make one pass; return in how many seconds the next one is wanted."""
        if self._odd is None:
            sweep(self._workspace)
            self._keeper.settle()
        # Before the listing: what is renamed after it will be in the next one.
        renamed, began = self._take_renamed(), self._now()
        listing = list_workspace(self._workspace)
        with self._writer.transaction() as connection:
            facts, wanted = self._record_listing(connection, listing)
        self._tell_trouble()
        versions_due = self._look_into_versions(wanted, facts, renamed.versions)
        arrivals_due = self._look_into_inboxes(listing, facts, renamed.arrivals)
        data_due = self._look_at_data(listing)
        told_due = self._record_scanned(listing, began)
        retry_due = facts.retry_in(self._now())
        return min(
            self._rescan_s,
            versions_due,
            arrivals_due,
            data_due,
            told_due,
            self._rescan_s if retry_due is None else retry_due,
        )

    def _record_listing(
        self, connection: sqlite3.Connection, listing: Listing
    ) -> tuple[Facts, dict[Key, Item]]:
        """Record what the listing alone tells; return what is on record, and the versions to look into."""
        now = self._now()
        if self._odd is None:
            self._odd = bookkeeping.told_before(connection)
            bookkeeping.check_unconfined(connection, now=now)
            bookkeeping.ask_again(connection, now=now)
        bookkeeping.tell(connection, listing.oddities - self._odd, _drained(self._notices), now=now)
        self._odd = listing.oddities
        bookkeeping.record_models(connection, listing, self._files, now=now)
        facts, changes = read_facts(connection), connection.total_changes
        wanted = bookkeeping.record_versions(connection, listing, facts, self._looked, now=now)
        self._reconcile_links(connection, listing, now=now)
        if connection.total_changes != changes:
            facts = read_facts(connection)
        self._keep_faults(connection, listing, facts, now=now)
        return facts, wanted

    def _reconcile_links(self, connection: sqlite3.Connection, listing: Listing, *, now: float) -> None:
        busy = outside.under_way(connection, self._workspace, now=now)
        rows = [
            row
            for row in models.model_rows(connection)
            if row["name"] not in busy
            and row["name"] in listing.models
            and not listing.models[row["name"]].problem
        ]
        for name in outside.reconcile(connection, self._workspace, rows, now=now):
            refresh_gates(connection, name, self._files.last(name))

    def _keep_faults(
        self, connection: sqlite3.Connection, listing: Listing, facts: Facts, *, now: float
    ) -> None:
        known, statuses, changes = faults.all_open(connection), facts.statuses(), connection.total_changes
        found = problems.find(self._workspace, listing, facts.models.values(), statuses)
        problems.keep(connection, found, known, now=now)
        roles = ("current", "previous")
        deployed = {(name, row[role]) for name, row in facts.models.items() for role in roles}
        problems.forgive_changes(connection, known, deployed, statuses, now=now)
        if connection.total_changes != changes:
            self._offer(connection)

    def _look_into_versions(self, wanted: dict[Key, Item], facts: Facts, renamed: frozenset[Key]) -> float:
        """Look into the version folders that are still; return in how many seconds the next one is due."""
        begun = self._monotonic()
        stamps = {key: item.stamp for key, item in wanted.items()}
        seen = settle(self._still, stamps, now=begun, settle_s=self._settle_s, renamed=renamed)
        self._still = seen.still
        self._show_arriving({key: item.bytes for key, item in wanted.items() if key not in seen.ready}, facts)
        due = self._rescan_s if seen.wake_in is None else seen.wake_in
        self._expect(seen.wake_in)
        ready = sorted(seen.ready, key=lambda key: (key[0], int(key[1])))
        self._examinations.ask({key: versions.suspect(self._workspace, key[0], wanted[key]) for key in ready})
        batch: list[Looked] = []
        for model, name in ready:
            if self._monotonic() - begun > SLICE_S:
                due = 0.0
                break
            told = self._examinations.answer((model, name))
            if told is None:
                continue
            looked = versions.look(self._workspace, model, wanted[model, name], told[1])
            if looked is None:
                del self._still[model, name]
                due = min(due, self._settle_s)
            else:
                batch.append(looked)
            if len(batch) >= BATCH:
                due = min(due, self._record_looked(batch))
                batch = []
        return min(due, self._record_looked(batch)) if batch else due

    def _show_arriving(self, sizes: dict[Key, int], facts: Facts) -> None:
        progress = self._growth.look(sizes, now=self._monotonic())
        if progress:
            with self._writer.transaction() as connection:
                bookkeeping.show_arriving(connection, progress, facts)

    def _record_looked(self, batch: list[Looked]) -> float:
        due, present = self._rescan_s, self._monotonic()
        with self._writer.transaction() as connection:
            facts = read_facts(connection)
            for looked in batch:
                model, name = looked.key
                left = self._still[looked.key].since + versions.PATIENCE_S - present
                row = facts.versions[model, int(name)]
                versions.record(connection, row, looked, now=self._now(), patient=left > 0)
                self._looked.add(looked.key)
                if left > 0 and not looked.examined.complete:
                    due = min(due, left)
            self._offer(connection)
        return due

    def _look_into_inboxes(self, listing: Listing, facts: Facts, renamed: frozenset[Key]) -> float:
        """Decide about what is finished in the inboxes; return in how many seconds the next thing is due."""
        begun = self._monotonic()
        outlook = self._inbox.look(listing.inboxes, renamed, now=begun)
        due = self._rescan_s if outlook.wake_in is None else outlook.wake_in
        self._expect(outlook.wake_in)
        made: dict[tuple[str, str], int] = {}
        decisions: list[Decision] = []
        undecided = [
            group for group in outlook.groups if arrivals.undecided(facts.arrivals, group, self._decided)
        ]
        for group in undecided:
            if len(decisions) >= BATCH or self._monotonic() - begun > SLICE_S:
                due = 0.0
                break
            decision, again = self._inbox.decide(
                group,
                known=lambda model, sha256: made.get((model, sha256)) or self._version_with(model, sha256),
                trusted=self._trusted,
                above=facts.highest.get(group.key[0], 0),
                now=self._monotonic(),
            )
            due = due if again is None else min(due, again)
            if decision is not None and decision.status is Status.QUARANTINED and decision.sha256:
                decision = self._keeper.take(group, decision)
                # What changed while it was moved is looked at again once it is still.
                due = due if decision is not None else min(due, self._settle_s)
            if decision is not None:
                decisions.append(decision)
                self._decided.add(group.key)
                if decision.ingested is not None:
                    made[decision.model, decision.sha256 or ""] = decision.ingested.number
        self._undecided = outlook.open | arrivals.awaited(facts.arrivals, undecided, decisions)
        self._record_inboxes(listing, facts, outlook, decisions)
        return due

    def _look_at_data(self, listing: Listing) -> float:
        """Ask for the evaluations that new test data call for; return in how many seconds others may be still."""
        stamps, due = self._data.look(listing.models, now=self._monotonic())
        if stamps:
            with self._writer.transaction() as connection:
                react(connection, stamps, self._data.rest, now=self._now())
        return self._rescan_s if due is None else due

    def _record_inboxes(
        self, listing: Listing, facts: Facts, outlook: Outlook, decisions: list[Decision]
    ) -> None:
        gone = arrivals.gone(facts.arrivals, listing, outlook.claimed)
        if not (decisions or gone or outlook.waiting):
            return
        now = self._now()
        with self._writer.transaction() as connection:
            arrivals.record(connection, decisions, facts.arrivals, now=now)
            arrivals.show_waiting(connection, outlook.waiting, facts.arrivals, now=now)
            for model, name in gone:
                inbox.forget(connection, model, name)

    def _late(self) -> None:
        self._wake()

    def _expect(self, settles_in: float | None) -> None:
        """Have the examiner at hand when what is not still yet will be."""
        if settles_in is not None:
            self._examiner.expect()

    def _tell_trouble(self) -> None:
        trouble = self._examiner.trouble
        if trouble and trouble != self._trouble:
            self.notice("examiner", f"New files cannot be examined, which is tried again: {trouble}")
        self._trouble = trouble

    def _version_with(self, model: str, sha256: str) -> int | None:
        with self._writer.transaction() as connection:
            model_id = models.model_id(connection, model)
            return None if model_id is None else models.version_with_sha256(connection, model_id, sha256)

    def _trusted(self, sha256: str) -> bool:
        with self._writer.transaction() as connection:
            return trust.holds(connection, sha256)

    def _record_scanned(self, listing: Listing, began: float) -> float:
        """Record a complete pass and what it left undecided; return in how many seconds that is wanted again."""
        if listing.problems:
            return self._rescan_s
        left = self._scanned + SCANNED_S - self._monotonic()
        if left > 0 and self._undecided == self._told_undecided:
            # What changed since the last record is not on record as listed: somebody may wait for that.
            return left
        self._scanned, self._told_undecided = self._monotonic(), self._undecided
        with self._writer.passing() as connection:
            engine_table.scanned(connection, began=began, undecided=self._undecided)
        return self._rescan_s

    def _take_renamed(self) -> Renamed:
        found: dict[Path, set[Key]] = {self._workspace.models: set(), self._workspace.train: set()}
        for path in _drained(self._renamed):
            keys = found.get(path.parent.parent)
            if keys is not None:
                keys.add((path.parent.name, path.name))
        return Renamed(frozenset(found[self._workspace.models]), frozenset(found[self._workspace.train]))


def _nobody() -> None:
    """Wake nobody: whoever scans by hand scans again."""


def _nothing(connection: sqlite3.Connection) -> None:
    """Offer nothing: where nobody repairs, faults stand alone."""
    del connection


def _drained(waiting: "queue.SimpleQueue[Taken]") -> list[Taken]:
    taken = []
    while not waiting.empty():
        taken.append(waiting.get())
    return taken
